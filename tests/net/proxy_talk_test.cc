#include "net/proxy_talk.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "core/reactor.h"

namespace mote::net {
namespace {

/// Whatever is read, the proxy has said more by then.
class Endless final : public proto::ProxyDialogue {
 public:
  explicit Endless(int proxy) : proxy_(proxy) { say_more(); }
  Progress feed(std::string_view input) override {
    if (++pieces < 100'000) say_more();
    return {input.size(), State::more};
  }

  int pieces = 0;

 private:
  void say_more() const { EXPECT_EQ(::send(proxy_, "1", 1, MSG_NOSIGNAL), 1); }

  int proxy_;
};

struct Owner final : ProxyTalkOwner {
  void talk_ended(std::string failure) override { told = std::move(failure); }

  std::string told;
};

class Patience final : public core::Source {
 public:
  explicit Patience(core::Reactor& reactor) : reactor_(reactor) {}

 private:
  void on_events(std::uint32_t) override {}
  void on_timer() override { reactor_.stop(); }

  core::Reactor& reactor_;
};

TEST(ProxyTalk, AProxyThatAlwaysHasMoreToSayLeavesOthersTheirTurn) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
  const Descriptor proxy(ends[1]);
  core::Reactor reactor;
  Endless dialogue(proxy.number());
  Owner owner;
  auto talk = std::make_unique<ProxyTalk>(reactor, owner, Descriptor(ends[0]), dialogue);
  ASSERT_EQ(reactor.add(std::move(talk), ends[0], core::Reactor::kReadWrite), 0);
  auto patience = std::make_unique<Patience>(reactor);
  Patience& timer = *patience;
  reactor.add(std::move(patience));
  reactor.arm(timer, std::chrono::milliseconds(5));
  reactor.run();
  EXPECT_GT(dialogue.pieces, 16);
  EXPECT_LT(dialogue.pieces, 100'000);
  EXPECT_EQ(owner.told, "");
}

}  // namespace
}  // namespace mote::net

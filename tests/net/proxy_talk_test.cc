#include "net/proxy_talk.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <string>
#include <utility>

#include "core/reactor.h"

namespace mote::net {
namespace {

constexpr int kPieces = 1000;

/// Whatever is read, the proxy has said more by then; the last piece ends it.
class Talkative final : public proto::ProxyDialogue {
 public:
  Talkative(core::Reactor& reactor, int proxy) : reactor_(reactor), proxy_(proxy) { say_more(); }
  Progress feed(std::string_view input) override {
    ++pieces < kPieces ? say_more() : reactor_.stop();
    return {input.size(), State::more};
  }

  int pieces = 0;

 private:
  void say_more() const { EXPECT_EQ(::send(proxy_, "1", 1, MSG_NOSIGNAL), 1); }

  core::Reactor& reactor_;
  int proxy_;
};

struct Owner final : ProxyTalkOwner {
  void talk_ended(std::string failure) override { told = std::move(failure); }

  std::string told;
};

TEST(ProxyTalk, AProxyThatAlwaysHasMoreToSayLeavesOthersTheirTurn) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
  const Descriptor proxy(ends[1]);
  core::Reactor reactor;
  Talkative dialogue(reactor, proxy.number());
  Owner owner;
  auto talk = std::make_unique<ProxyTalk>(reactor, owner, Descriptor(ends[0]), dialogue);
  ASSERT_EQ(reactor.add(std::move(talk), ends[0], core::Reactor::kReadWrite), 0);
  reactor.run();
  EXPECT_EQ(dialogue.pieces, kPieces);
  EXPECT_GT(reactor.turn_number(), 20U);
  EXPECT_EQ(owner.told, "");
}

}  // namespace
}  // namespace mote::net

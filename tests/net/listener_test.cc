#include "net/listener.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <memory>
#include <utility>

#include "core/reactor.h"
#include "tests/support/running_server.h"

namespace mote::net {
namespace {

using test::CapturedLog;

/// Stops the reactor after a while.
class Patience final : public core::Source {
 public:
  explicit Patience(core::Reactor& reactor) : reactor_(reactor) {}

 private:
  void on_events(std::uint32_t) override {}
  void on_timer() override { reactor_.stop(); }

  core::Reactor& reactor_;
};

struct Everybody final : AcceptSink {
  [[nodiscard]] bool may_accept() const override { return true; }
  void accepted(Descriptor, const PeerAddress&) override { ++count; }

  int count = 0;
};

/// Readable for ever, and nothing can be accepted from it.
Descriptor datagram_that_waits() {
  Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(socket.number(), any, size), 0);
  EXPECT_EQ(::getsockname(socket.number(), any, &size), 0);
  EXPECT_EQ(::sendto(socket.number(), "x", 1, 0, any, size), 1);
  return socket;
}

TEST(Listener, WhereAcceptAlwaysFailsItTriesNowAndThenAndSaysWhy) {
  const CapturedLog log;
  core::Reactor reactor;
  Everybody sink;
  ListeningSocket broken{datagram_that_waits(), {}};
  const int number = broken.socket.number();
  ASSERT_EQ(reactor.add(std::make_unique<Listener>(reactor, std::move(broken), sink), number, core::Reactor::kRead), 0);
  auto patience = std::make_unique<Patience>(reactor);
  Patience& waits = *patience;
  reactor.add(std::move(patience));
  reactor.arm(waits, std::chrono::milliseconds(800));
  reactor.run();
  EXPECT_LT(reactor.turn_number(), 10U);
  EXPECT_EQ(sink.count, 0);
  EXPECT_GE(log.size(), 1U);
  EXPECT_EQ(log.count("cannot accept connections for now: "), log.size());
}

}  // namespace
}  // namespace mote::net

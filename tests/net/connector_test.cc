#include "net/connector.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "net/connect_attempt.h"
#include "net/socket_address.h"
#include "tests/support/clock_lag.h"
#include "tests/support/process_facts.h"
#include "tests/support/running_reactor.h"
#include "tests/support/running_server.h"

namespace mote::net {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using test::eventually;
using test::kClockLag;
using test::open_descriptors;
using test::RunningReactor;

sockaddr_storage address_of(const std::string& ip, std::uint16_t port = 0) {
  auto address = look_up_literal(ip).addresses.at(0);
  set_port(address, port);
  return address;
}

bool readable(int socket, int milliseconds) {
  pollfd waiting{socket, POLLIN, 0};
  return ::poll(&waiting, 1, milliseconds) == 1;
}

/// A socket that listens and accepts only when it is told to.
class Listening {
 public:
  explicit Listening(const sockaddr_storage& address, int backlog = 16)
      : socket_(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)), address_(address) {
    const int on = 1;
    ::setsockopt(socket_.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    socklen_t size = size_of(address);
    if (::bind(socket_.number(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        ::listen(socket_.number(), backlog) != 0) {
      throw std::system_error(errno, std::generic_category(), "a test's listener");
    }
    size = sizeof address_;
    ::getsockname(socket_.number(), reinterpret_cast<sockaddr*>(&address_), &size);
  }
  explicit Listening(const std::string& ip, std::uint16_t port = 0) : Listening(address_of(ip, port)) {}

  [[nodiscard]] std::uint16_t port() const { return PeerAddress(address_).port(); }
  [[nodiscard]] const sockaddr_storage& address() const { return address_; }
  /// Nothing where nobody connects for ten seconds.
  Descriptor accept(sockaddr_storage* from = nullptr) {
    if (!readable(socket_.number(), 10'000)) return {};
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    Descriptor accepted(::accept4(socket_.number(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC));
    if (from != nullptr) *from = peer;
    return accepted;
  }
  [[nodiscard]] bool has_connection() const { return readable(socket_.number(), 0); }

 private:
  Descriptor socket_;
  sockaddr_storage address_;
};

/// A listener whose queue is full, so that the kernel drops whatever else wants to connect.
class BlackHole {
 public:
  explicit BlackHole(const sockaddr_storage& address) : listening_(address, 0) {
    first_ = Descriptor(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto& bound = listening_.address();
    if (::connect(first_.number(), reinterpret_cast<const sockaddr*>(&bound), size_of(bound)) != 0) std::abort();
  }
  BlackHole(const std::string& ip, std::uint16_t port) : BlackHole(address_of(ip, port)) {}

  [[nodiscard]] std::uint16_t port() const { return listening_.port(); }
  /// From now on there is room for one.
  void open() { EXPECT_TRUE(listening_.accept().valid()); }
  Descriptor accept() { return listening_.accept(); }

 private:
  Listening listening_;
  Descriptor first_;
};

/// Remembers how an attempt ended.
class Ended final : public AttemptOwner {
 public:
  void attempt_ended(ConnectAttempt& attempt, int error) override {
    if (error == 0) socket_ = attempt.take_socket();
    error_ = error;
  }
  [[nodiscard]] const std::optional<int>& error() const { return error_; }

 private:
  std::optional<int> error_;
  Descriptor socket_;
};

/// The port from which it connects is arranged to be the one that it connects to, where nobody listens.
TEST(ConnectAttemptTest, WhatMeetsItselfIsRefused) {  // RFC 9293 §3.5
  for (const char* const ip : {"127.0.0.1", "::1"}) {
    const std::uint16_t port = Listening(ip).port();
    const sockaddr_storage address = address_of(ip, port);
    const SocketChoices choices{.bind = address};
    Ended owner;
    RunningReactor reactor;
    ConnectAttempt* attempt = nullptr;
    reactor.on_thread([&] {
      auto made = std::make_unique<ConnectAttempt>(*reactor, owner, address, choices);
      attempt = made.get();
      (*reactor).add(std::move(made));
      attempt->start(nullptr);
    });
    EXPECT_TRUE(eventually([&] { return reactor.on_thread([&] { return owner.error().has_value(); }); }));
    EXPECT_EQ(reactor.on_thread([&] {
      attempt->stop();
      return owner.error();
    }),
              ECONNREFUSED);
  }
}

/// Says a text and waits for another one; before the last character of that it says more.
class FakeDialogue final : public proto::ProxyDialogue {
 public:
  FakeDialogue(std::string_view says, std::string expects) : expects_(std::move(expects)) { send(says); }

  Progress feed(std::string_view input) override {
    Progress progress;
    for (const char c : input) {
      if (c != expects_.front()) return {input.size(), fail("said something else")};
      expects_.erase(0, 1);
      ++progress.consumed;
      if (expects_.size() == 1) send("more");
      if (expects_.empty()) return {progress.consumed, State::done};
    }
    return progress;
  }

 private:
  std::string expects_;
};

class ConnectorTest : public testing::Test {
 protected:
  struct Attempt {
    std::unique_ptr<Connector> connector;
    std::optional<ConnectResult> result;
    Clock::duration took{};
  };

  ConnectorTest() : descriptors(open_descriptors()) {
    loop.on_thread([this] {
      resolver = std::make_unique<Resolver>(*loop, [this](const std::string& host) { return look_up_here(host); });
      gate = std::make_unique<HandshakeGate>(*loop, 1);
    });
  }
  ~ConnectorTest() override {
    loop.on_thread([this] {
      attempts.clear();
      resolver.reset();
      gate.reset();
    });
    hang.reset();
    EXPECT_TRUE(eventually([&] { return lookups_inside == 0; }));
  }

  LookupAnswer look_up_here(const std::string& host) {
    ++lookups_inside;
    LookupAnswer answer;
    if (host == "hangs.test") {
      while (!hanging.expired()) std::this_thread::sleep_for(1ms);
    } else if (names.contains(host)) {
      for (const std::string& ip : names.at(host)) answer.addresses.push_back(address_of(ip));
    }
    if (answer.addresses.empty()) answer.error = "no such name";
    --lookups_inside;
    return answer;
  }

  static ConnectPlan plan_for(const std::string& host, std::uint16_t port) {
    ConnectPlan plan;
    plan.host = host;
    plan.port = port;
    return plan;
  }
  ConnectPlan plan_through_proxy(std::uint16_t proxy_port, std::string_view says = "hello",
                                 std::string expects = "ok") {
    ConnectPlan plan = plan_for("example.org", 80);
    plan.proxy.host = "127.0.0.1";
    plan.proxy.port = proxy_port;
    plan.proxy.dialogue = std::make_unique<FakeDialogue>(says, std::move(expects));
    return plan;
  }
  void start(const std::string& name, ConnectPlan plan) {
    loop.on_thread([&] {
      Attempt& attempt = attempts[name];
      attempt.connector = std::make_unique<Connector>(*loop, *resolver, *gate, std::move(plan),
                                                      [&attempt, began = Clock::now()](ConnectResult result) {
                                                        EXPECT_FALSE(attempt.result.has_value()) << "one callback";
                                                        EXPECT_NE(result.socket.valid(), !result.error.empty());
                                                        attempt.took = Clock::now() - began;
                                                        attempt.result = std::move(result);
                                                      });
      EXPECT_FALSE(attempt.result.has_value()) << "never before the call has returned";
    });
  }
  bool over(const std::string& name) {
    return loop.on_thread([&] { return attempts[name].result.has_value(); });
  }
  bool wait_for(const std::string& name) {
    return eventually([&] { return over(name); });
  }
  /// The error, or `connected to ADDRESS`.
  std::string outcome(const std::string& name) {
    if (!wait_for(name)) return "nothing";
    return loop.on_thread([&] {
      const ConnectResult& result = *attempts[name].result;
      return result.error.empty() ? "connected to " + result.peer.to_string() : result.error;
    });
  }
  std::string connect(ConnectPlan plan) {
    start("", std::move(plan));
    return outcome("");
  }
  int socket(const std::string& name = "") {
    return loop.on_thread([&] { return attempts[name].result->socket.number(); });
  }
  Clock::duration took(const std::string& name = "") {
    return loop.on_thread([&] { return attempts[name].took; });
  }
  void end(const std::string& name) {
    loop.on_thread([&] { attempts.erase(name); });
  }
  bool permit_held(const std::string& name = "") {
    return loop.on_thread([&] { return attempts[name].result->permit.held(); });
  }
  std::size_t busy_addresses() {
    return loop.on_thread([&] { return gate->busy_addresses(); });
  }
  /// Whether every descriptor that was opened since, `kept` aside, is closed by and by.
  bool all_closed(int kept = 0) {
    return eventually([&] { return open_descriptors() == descriptors + kept; });
  }

  std::map<std::string, std::vector<std::string>> names;  // before anything starts
  std::shared_ptr<int> hang = std::make_shared<int>();
  std::weak_ptr<int> hanging = hang;  // hangs.test hangs as long as this
  std::atomic<int> lookups_inside{0};
  RunningReactor loop;
  std::unique_ptr<Resolver> resolver;
  std::unique_ptr<HandshakeGate> gate;
  std::map<std::string, Attempt> attempts;
  int descriptors;
};

std::string in_port(std::string_view before, std::uint16_t port, std::string_view after = {}) {
  return std::string(before).append(std::to_string(port)).append(after);
}

// ---- Addresses

TEST_F(ConnectorTest, HandsOverAConnectedSocketThatIsReadyForTheReactor) {
  Listening server("127.0.0.1");
  EXPECT_EQ(connect(plan_for("127.0.0.1", server.port())), in_port("connected to 127.0.0.1:", server.port()));
  const Descriptor accepted = server.accept();
  const int mine = socket();
  EXPECT_NE(::fcntl(mine, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(mine, F_GETFD) & FD_CLOEXEC, 0);
  int no_delay = 0;
  socklen_t size = sizeof no_delay;
  EXPECT_EQ(::getsockopt(mine, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size), 0);
  EXPECT_NE(no_delay, 0);
  EXPECT_TRUE(permit_held());
  // It is nobody's in the reactor: another source may have it.
  struct Nothing final : core::Source {
    void on_events(std::uint32_t) override {}
  };
  EXPECT_EQ(loop.on_thread([&] { return (*loop).add(std::make_unique<Nothing>(), mine, core::Reactor::kReadWrite); }),
            0);
  EXPECT_EQ(::send(accepted.number(), "x", 1, 0), 1);
  EXPECT_TRUE(readable(mine, 10'000));
}

TEST_F(ConnectorTest, LeavesNagleOnWhereItIsTold) {
  Listening server("127.0.0.1");
  ConnectPlan plan = plan_for("127.0.0.1", server.port());
  plan.tcp_no_delay = false;
  EXPECT_EQ(connect(std::move(plan)), in_port("connected to 127.0.0.1:", server.port()));
  int no_delay = 1;
  socklen_t size = sizeof no_delay;
  EXPECT_EQ(::getsockopt(socket(), IPPROTO_TCP, TCP_NODELAY, &no_delay, &size), 0);
  EXPECT_EQ(no_delay, 0);
}

// Nobody listens on ::1, if this machine has it at all.
TEST_F(ConnectorTest, TriesTheOtherFamilyOfLocalhost) {
  Listening server("127.0.0.1");
  EXPECT_EQ(connect(plan_for("localhost", server.port())), in_port("connected to 127.0.0.1:", server.port()));
}

TEST_F(ConnectorTest, AnAddressThatFailsIsFollowedByTheNextAtOnce) {
  for (int i = 2; i < 82; ++i) names["many.test"].push_back("127.0.0." + std::to_string(i));
  names["many.test"].push_back("127.0.0.1");
  Listening server("127.0.0.1");
  EXPECT_EQ(connect(plan_for("many.test", server.port())), in_port("connected to 127.0.0.1:", server.port()))
      << "with 250 ms for each it would take 20 s, and time out";
  end("");
  EXPECT_TRUE(all_closed(1));
}

TEST_F(ConnectorTest, AnAddressThatDoesNotAnswerHasTheNextOneTriedBesideIt) {
  names["slow.test"] = {"127.0.0.3", "127.0.0.1"};
  Listening server("127.0.0.1");
  const BlackHole hole("127.0.0.3", server.port());
  EXPECT_EQ(connect(plan_for("slow.test", server.port())), in_port("connected to 127.0.0.1:", server.port()));
  EXPECT_GE(took(), 250ms - kClockLag);
  EXPECT_TRUE(all_closed(4)) << "the server, the hole, what fills it and the connection";
  EXPECT_EQ(busy_addresses(), 1U) << "the other attempt's permit is given up";
}

TEST_F(ConnectorTest, TheFirstOfSeveralThatAnswersWins) {
  names["slow.test"] = {"127.0.0.3", "127.0.0.4", "127.0.0.5"};
  BlackHole first("127.0.0.3", 0);
  BlackHole second("127.0.0.4", first.port());
  BlackHole third("127.0.0.5", first.port());
  start("", plan_for("slow.test", first.port()));
  EXPECT_TRUE(eventually([&] { return busy_addresses() == 3; }));
  second.open();  // the kernel asks again after a second
  EXPECT_EQ(outcome(""), in_port("connected to 127.0.0.4:", first.port()));
  EXPECT_TRUE(all_closed(7));
  EXPECT_EQ(busy_addresses(), 1U);
}

TEST_F(ConnectorTest, NamesEachReasonWhereNothingAnswers) {
  names["bad.test"] = {"127.0.0.2", "255.255.255.255", "127.0.0.3"};
  std::uint16_t port = 0;
  { port = Listening("127.0.0.2").port(); }
  EXPECT_EQ(connect(plan_for("bad.test", port)),
            in_port("cannot connect to bad.test:", port,
                    ": 127.0.0.2, 127.0.0.3: Connection refused; 255.255.255.255: Network is unreachable"));
  EXPECT_TRUE(all_closed());
  EXPECT_EQ(busy_addresses(), 0U);
}

TEST_F(ConnectorTest, SaysWhatTheResolverSays) {
  EXPECT_EQ(connect(plan_for("unknown.test", 80)), "cannot resolve \"unknown.test\": no such name");
}

TEST_F(ConnectorTest, SurvivesALackOfDescriptors) {
  Listening server("127.0.0.1");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 3;  // less than are open
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const std::string said = connect(plan_for("127.0.0.1", server.port()));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(said, in_port("cannot connect to 127.0.0.1:", server.port(), ": 127.0.0.1: Too many open files"));
}

TEST_F(ConnectorTest, MayBeDestroyedByItsCallback) {
  Listening server("127.0.0.1");
  std::atomic<int> calls{0};
  std::unique_ptr<Connector> connector;
  loop.on_thread([&] {
    connector = std::make_unique<Connector>(*loop, *resolver, *gate, plan_for("127.0.0.1", server.port()),
                                            [&](ConnectResult result) {
                                              EXPECT_EQ(result.error, "");
                                              connector.reset();
                                              ++calls;
                                            });
  });
  EXPECT_TRUE(eventually([&] { return calls == 1; }));
  EXPECT_TRUE(all_closed(1));
}

// ---- Time

TEST_F(ConnectorTest, TimesOutWhileAnAddressDoesNotAnswer) {
  names["slow.test"] = {"127.0.0.2", "127.0.0.3"};
  const BlackHole hole("127.0.0.3", 0);
  ConnectPlan plan = plan_for("slow.test", hole.port());
  plan.timeout = 300ms;
  EXPECT_EQ(connect(std::move(plan)), in_port("cannot connect to slow.test:", hole.port(),
                                              ": 127.0.0.2: Connection refused; 127.0.0.3: no answer within 300 ms"));
  EXPECT_GE(took(), 300ms - kClockLag);
  EXPECT_TRUE(all_closed(2));
  EXPECT_EQ(busy_addresses(), 0U);
}

TEST_F(ConnectorTest, TheTimeoutIsForAllAddressesTogether) {
  for (int i = 10; i < 20; ++i) names["slow.test"].push_back("127.0.0." + std::to_string(i));
  std::vector<std::unique_ptr<BlackHole>> holes;
  for (const std::string& ip : names["slow.test"]) {
    holes.push_back(std::make_unique<BlackHole>(ip, holes.empty() ? std::uint16_t{0} : holes.front()->port()));
  }
  ConnectPlan plan = plan_for("slow.test", holes.front()->port());
  plan.timeout = 600ms;
  const std::string said = connect(std::move(plan));
  EXPECT_TRUE(said.starts_with(in_port("cannot connect to slow.test:", holes.front()->port(), ": 127.0.0.10")));
  EXPECT_TRUE(said.ends_with(": no answer within 600 ms"));
  EXPECT_EQ(said.find("127.0.0.13"), std::string::npos) << "it would have been tried after 750 ms: " << said;
  EXPECT_TRUE(all_closed(20));
}

TEST_F(ConnectorTest, TimesOutWhileTheNameIsLookedUp) {
  ConnectPlan plan = plan_for("hangs.test", 80);
  plan.timeout = 300ms;
  EXPECT_EQ(connect(std::move(plan)), "cannot connect to hangs.test:80: its address was not found within 300 ms");
  hang.reset();
}

TEST_F(ConnectorTest, TimesOutWhileItWaitsForAPermit) {
  Listening server("127.0.0.1");
  EXPECT_EQ(connect(plan_for("127.0.0.1", server.port())), in_port("connected to 127.0.0.1:", server.port()));
  ConnectPlan plan = plan_for("127.0.0.1", server.port());
  plan.timeout = 300ms;
  start("second", std::move(plan));
  EXPECT_EQ(outcome("second"), in_port("cannot connect to 127.0.0.1:", server.port(),
                                       ": 127.0.0.1: other handshakes took longer than 300 ms"));
}

TEST_F(ConnectorTest, TheLongestTimeoutIsNone) {
  Listening server("127.0.0.1");
  ConnectPlan plan = plan_for("127.0.0.1", server.port());
  plan.timeout = std::chrono::milliseconds::max();
  EXPECT_EQ(connect(std::move(plan)), in_port("connected to 127.0.0.1:", server.port()));
}

// ---- Cancelled

TEST_F(ConnectorTest, CancelledAtOnceItNeverBegins) {
  Listening server("127.0.0.1");
  loop.on_thread([&] {
    const Connector connector(*loop, *resolver, *gate, plan_for("127.0.0.1", server.port()),
                              [](const ConnectResult&) { FAIL(); });
  });
  EXPECT_TRUE(all_closed(1));
  EXPECT_FALSE(server.has_connection());
}

TEST_F(ConnectorTest, CancelledWhileTheNameIsLookedUpItNeverConnects) {
  names["hangs.test"] = {"127.0.0.1"};
  start("", plan_for("hangs.test", 80));
  EXPECT_TRUE(eventually([&] { return lookups_inside == 1; }));
  loop.on_thread([&] { attempts[""].connector.reset(); });
  hang.reset();
  EXPECT_TRUE(eventually([&] { return lookups_inside == 0; }));
  EXPECT_EQ(connect(plan_for("unknown.test", 80)), "cannot resolve \"unknown.test\": no such name");
}

TEST_F(ConnectorTest, CancelledWhileAddressesDoNotAnswerItClosesThem) {
  names["slow.test"] = {"127.0.0.3", "127.0.0.4"};
  const BlackHole first("127.0.0.3", 0);
  const BlackHole second("127.0.0.4", first.port());
  start("", plan_for("slow.test", first.port()));
  EXPECT_TRUE(eventually([&] { return busy_addresses() == 2; }));
  EXPECT_EQ(open_descriptors(), descriptors + 6);
  loop.on_thread([&] { attempts[""].connector.reset(); });
  EXPECT_TRUE(all_closed(4));
  EXPECT_EQ(busy_addresses(), 0U);
  EXPECT_FALSE(over(""));
}

TEST_F(ConnectorTest, CancelledWhileItWaitsForAPermitItIsSkipped) {
  Listening server("127.0.0.1");
  const auto plan = [&] { return plan_for("127.0.0.1", server.port()); };
  EXPECT_EQ(connect(plan()), in_port("connected to 127.0.0.1:", server.port()));
  start("second", plan());
  start("third", plan());
  end("second");
  end("");
  EXPECT_EQ(outcome("third"), in_port("connected to 127.0.0.1:", server.port()));
}

TEST_F(ConnectorTest, CancelledDuringTheProxysDialogueItClosesTheSocket) {
  Listening proxy("127.0.0.1");
  start("", plan_through_proxy(proxy.port()));
  const Descriptor accepted = proxy.accept();
  EXPECT_TRUE(readable(accepted.number(), 10'000));
  loop.on_thread([&] { attempts[""].connector.reset(); });
  EXPECT_TRUE(all_closed(2));
  EXPECT_EQ(busy_addresses(), 0U);
}

TEST_F(ConnectorTest, EndsWithTheReactor) {
  const BlackHole hole("127.0.0.3", 0);
  {
    core::Reactor reactor;
    Resolver resolving(reactor);
    HandshakeGate gating(reactor, 1);
    const Connector connector(reactor, resolving, gating, plan_for("127.0.0.3", hole.port()),
                              [](const ConnectResult&) { FAIL(); });
    const int error = reactor.mailbox()->post([&] { reactor.mailbox()->post([&] { reactor.stop(); }); }) ? 0 : 1;
    EXPECT_EQ(error, 0);
    reactor.run();
  }
  EXPECT_TRUE(all_closed(2));
}

// ---- Unix sockets

class UnixConnectorTest : public ConnectorTest {
 protected:
  UnixConnectorTest() {
    std::string pattern = testing::TempDir() + "mote-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    folder = pattern;
    file = folder + "/s";
  }
  ~UnixConnectorTest() override {
    ::unlink(file.c_str());
    ::rmdir(folder.c_str());
  }
  static ConnectPlan plan_for_file(const std::string& path) {
    ConnectPlan plan = plan_for("example.org", 80);
    plan.unix_socket = path;
    plan.bind_address = "no address";  // there is nothing to bind
    return plan;
  }

  std::string folder;
  std::string file;
};

TEST_F(UnixConnectorTest, ConnectsToAFile) {
  Listening server(*unix_address(file));
  EXPECT_EQ(connect(plan_for_file(file)), "connected to unix");
  EXPECT_NE(::fcntl(socket(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(socket(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(::send(server.accept().number(), "x", 1, 0), 1);
  EXPECT_TRUE(readable(socket(), 10'000));
  EXPECT_FALSE(permit_held()) << "it has no IP address";
}

TEST_F(UnixConnectorTest, SaysWhatIsWrongWithTheFile) {
  EXPECT_EQ(connect(plan_for_file(file)), "cannot connect to " + file + ": No such file or directory");
  { const Listening gone(*unix_address(file)); }
  start("refused", plan_for_file(file));
  EXPECT_EQ(outcome("refused"), "cannot connect to " + file + ": Connection refused");
  const std::string longer = '/' + std::string(sizeof(sockaddr_un::sun_path), 'x');
  start("long", plan_for_file(longer));
  EXPECT_EQ(outcome("long"), "cannot connect to " + longer + ": the system takes no such path for a socket");
}

TEST_F(UnixConnectorTest, TriesAgainWhileTheServersQueueIsFull) {
  BlackHole full(*unix_address(file));
  start("", plan_for_file(file));
  start("timed", [&] {
    ConnectPlan plan = plan_for_file(file);
    plan.timeout = 300ms;
    return plan;
  }());
  EXPECT_EQ(outcome("timed"), "cannot connect to " + file + ": no answer within 300 ms");
  EXPECT_FALSE(over(""));
  full.open();
  EXPECT_EQ(outcome(""), "connected to unix");
}

// ---- bind_address

TEST_F(ConnectorTest, ConnectsFromTheAddressThatItIsTold) {
  Listening server("127.0.0.1");
  ConnectPlan plan = plan_for("127.0.0.1", server.port());
  plan.bind_address = "127.0.0.2";
  EXPECT_EQ(connect(std::move(plan)), in_port("connected to 127.0.0.1:", server.port()));
  sockaddr_storage from{};
  EXPECT_TRUE(server.accept(&from).valid());
  EXPECT_EQ(PeerAddress(from).ip(), "127.0.0.2");
}

TEST_F(ConnectorTest, SkipsAddressesOfAnotherFamilyThanBindAddress) {
  names["both.test"] = {"2001:db8::1", "127.0.0.1", "2001:db8::2"};
  std::uint16_t port = 0;
  { port = Listening("127.0.0.1").port(); }
  ConnectPlan plan = plan_for("both.test", port);
  plan.bind_address = "127.0.0.2";
  EXPECT_EQ(connect(std::move(plan)), in_port("cannot connect to both.test:", port, ": 127.0.0.1: Connection refused"));
  ConnectPlan other = plan_for("127.0.0.1", port);
  other.bind_address = "::1";
  start("other", std::move(other));
  EXPECT_EQ(outcome("other"),
            in_port("cannot connect to 127.0.0.1:", port, ": it has no IPv6 address, as bind_address ::1 needs"));
}

TEST_F(ConnectorTest, SaysWhatIsWrongWithBindAddress) {
  ConnectPlan plan = plan_for("127.0.0.1", 80);
  plan.bind_address = "localhost";
  EXPECT_EQ(connect(std::move(plan)),
            "cannot connect to 127.0.0.1:80: bind_address \"localhost\" is not an IP address");
  ConnectPlan foreign = plan_for("127.0.0.1", 80);
  foreign.bind_address = "192.0.2.1";
  start("foreign", std::move(foreign));
  EXPECT_EQ(outcome("foreign"), "cannot connect to 127.0.0.1:80: 127.0.0.1: Cannot assign requested address");
}

// ---- Permits

TEST_F(ConnectorTest, WaitsUntilTheHandshakeWithThatAddressIsOverUnderWhateverName) {  // checklist 63
  names["one.test"] = {"127.0.0.1"};
  Listening server("127.0.0.1");
  const std::string connected = in_port("connected to 127.0.0.1:", server.port());
  EXPECT_EQ(connect(plan_for("one.test", server.port())), connected);
  EXPECT_TRUE(server.accept().valid());
  start("second", plan_for("::ffff:127.0.0.1", server.port()));
  start("third", plan_for("127.0.0.1", server.port()));
  Listening elsewhere("127.0.0.1");
  start("elsewhere", plan_for("127.0.0.1", elsewhere.port()));
  EXPECT_EQ(outcome("elsewhere"), in_port("connected to 127.0.0.1:", elsewhere.port())) << "another port";
  EXPECT_FALSE(server.has_connection());
  loop.on_thread([&] { attempts[""].result->permit.release(); });
  EXPECT_EQ(outcome("second"), connected);
  EXPECT_TRUE(server.accept().valid());
  EXPECT_FALSE(over("third"));
  EXPECT_FALSE(server.has_connection());
  end("second");
  EXPECT_EQ(outcome("third"), connected);
}

TEST_F(ConnectorTest, AFailedAttemptLetsTheNextOneGo) {  // checklist 63
  std::uint16_t port = 0;
  { port = Listening("127.0.0.1").port(); }
  for (const char* const name : {"a", "b", "c", "d"}) start(name, plan_for("127.0.0.1", port));
  for (const char* const name : {"a", "b", "c", "d"}) {
    EXPECT_EQ(outcome(name), in_port("cannot connect to 127.0.0.1:", port, ": 127.0.0.1: Connection refused"));
  }
  EXPECT_EQ(busy_addresses(), 0U);
}

TEST_F(ConnectorTest, AnAddressThatAnotherHandshakeIsBusyWithHasTheNextOneTriedAfterAWhile) {
  names["both.test"] = {"127.0.0.1", "127.0.0.2"};
  Listening first("127.0.0.1");
  Listening second("127.0.0.2", first.port());
  EXPECT_EQ(connect(plan_for("both.test", first.port())), in_port("connected to 127.0.0.1:", first.port()));
  start("second", plan_for("both.test", first.port()));
  EXPECT_EQ(outcome("second"), in_port("connected to 127.0.0.2:", first.port()));
  EXPECT_GE(took("second"), 250ms - kClockLag);
}

TEST_F(ConnectorTest, ThroughAProxyThePermitIsForTheServersName) {  // checklist 63
  Listening proxy("127.0.0.1");
  const std::string connected = in_port("connected to 127.0.0.1:", proxy.port());
  const auto plan = [&](const std::string& host) {
    ConnectPlan made = plan_through_proxy(proxy.port(), "", "o");
    made.host = host;
    return made;
  };
  start("first", plan("Example.ORG"));
  const Descriptor accepted = proxy.accept();
  EXPECT_EQ(::send(accepted.number(), "o", 1, 0), 1);
  EXPECT_EQ(outcome("first"), connected);
  EXPECT_TRUE(permit_held("first"));
  start("same", plan("example.org"));
  start("other", plan("www.example.org"));
  const Descriptor other = proxy.accept();
  EXPECT_EQ(::send(other.number(), "o", 1, 0), 1);
  EXPECT_EQ(outcome("other"), connected) << "perhaps the same machine; the proxy knows";
  EXPECT_FALSE(over("same"));
  EXPECT_FALSE(proxy.has_connection());
  end("first");
  EXPECT_EQ(::send(proxy.accept().number(), "o", 1, 0), 1);
  EXPECT_EQ(outcome("same"), connected);
}

// ---- Proxies

std::string read_exactly(int socket, std::size_t size) {
  std::string text(size, '\0');
  std::size_t got = 0;
  while (got < size && readable(socket, 10'000)) {
    const ssize_t more = ::recv(socket, text.data() + got, size - got, 0);
    if (more <= 0) break;
    got += static_cast<std::size_t>(more);
  }
  text.resize(got);
  return text;
}

TEST_F(ConnectorTest, SpeaksWithTheProxyAndTakesNothingThatTheServerSays) {
  Listening proxy("127.0.0.1");
  start("", plan_through_proxy(proxy.port(), "hello", "fine"));
  const Descriptor accepted = proxy.accept();
  EXPECT_EQ(read_exactly(accepted.number(), 5), "hello");
  EXPECT_EQ(::send(accepted.number(), "fin", 3, 0), 3);
  EXPECT_EQ(read_exactly(accepted.number(), 4), "more");
  EXPECT_FALSE(over(""));
  EXPECT_EQ(::send(accepted.number(), "eserver", 7, 0), 7);
  EXPECT_EQ(outcome(""), in_port("connected to 127.0.0.1:", proxy.port()));
  EXPECT_EQ(read_exactly(socket(), 6), "server");
  EXPECT_EQ(::send(socket(), "client", 6, 0), 6);
  EXPECT_EQ(read_exactly(accepted.number(), 6), "client");
}

TEST_F(ConnectorTest, TheProxysAnswerMayComeInAnyPieces) {
  Listening proxy("127.0.0.1");
  const std::string answer = "a long answer";
  for (std::size_t split = 0; split <= answer.size(); ++split) {
    start("", plan_through_proxy(proxy.port(), "hello", answer));
    const Descriptor accepted = proxy.accept();
    EXPECT_EQ(read_exactly(accepted.number(), 5), "hello");
    const std::string all = answer + "rest";
    EXPECT_EQ(::send(accepted.number(), all.data(), split, 0), static_cast<ssize_t>(split));
    if (split > 0 && split < answer.size()) {
      loop.on_thread([] {});  // a turn
      EXPECT_FALSE(over(""));
    }
    EXPECT_GT(::send(accepted.number(), all.data() + split, all.size() - split, 0), 0);
    EXPECT_EQ(outcome(""), in_port("connected to 127.0.0.1:", proxy.port())) << split;
    EXPECT_EQ(read_exactly(socket(), 4), "rest") << split;
    end("");
  }
}

TEST_F(ConnectorTest, WhatIsSaidToAProxyThatDoesNotReadWaits) {
  Listening proxy("127.0.0.1");
  const std::string all(16 * 1024 * 1024, 'x');  // more than the kernel takes for somebody who does not read
  start("", plan_through_proxy(proxy.port(), all, "o"));
  const Descriptor accepted = proxy.accept();
  EXPECT_EQ(read_exactly(accepted.number(), all.size()).size(), all.size());
  EXPECT_EQ(::send(accepted.number(), "o", 1, 0), 1);
  EXPECT_EQ(outcome(""), in_port("connected to 127.0.0.1:", proxy.port()));
}

TEST_F(ConnectorTest, SaysWhatTheProxyIsToBlameFor) {
  Listening proxy("127.0.0.1");
  const std::string where = in_port("cannot connect to example.org:80 through 127.0.0.1:", proxy.port(), ": ");
  start("no", plan_through_proxy(proxy.port()));
  EXPECT_EQ(::send(proxy.accept().number(), "no", 2, 0), 2);
  EXPECT_EQ(outcome("no"), where + "proxy: said something else");
  start("end", plan_through_proxy(proxy.port()));
  {
    const Descriptor accepted = proxy.accept();
    EXPECT_EQ(read_exactly(accepted.number(), 5), "hello");  // otherwise it would be a reset
  }
  EXPECT_EQ(outcome("end"), where + "proxy: ended the connection");
  ConnectPlan plan = plan_through_proxy(proxy.port());
  plan.timeout = 300ms;
  start("silent", std::move(plan));
  EXPECT_EQ(outcome("silent"), where + "proxy: no answer within 300 ms");
  EXPECT_EQ(busy_addresses(), 0U);
  EXPECT_TRUE(all_closed(1));
}

TEST_F(ConnectorTest, SaysThatTheProxyIsNotThere) {
  std::uint16_t port = 0;
  { port = Listening("127.0.0.1").port(); }
  EXPECT_EQ(connect(plan_through_proxy(port)),
            in_port("cannot connect to example.org:80 through 127.0.0.1:", port, ": 127.0.0.1: Connection refused"));
  ConnectPlan plan = plan_through_proxy(port);
  plan.proxy.host = "unknown.test";
  start("unknown", std::move(plan));
  EXPECT_EQ(outcome("unknown"), "cannot resolve \"unknown.test\": no such name");
}

// ---- Many at once

TEST_F(ConnectorTest, ManyConnectorsToOneAddressTakeTurns) {  // checklist 63
  Listening server("127.0.0.1");
  names["one.test"] = {"127.0.0.1"};
  constexpr int count = 50;
  for (int i = 0; i < count; ++i) start(std::to_string(i), plan_for(i % 2 ? "one.test" : "127.0.0.1", server.port()));
  std::vector<Descriptor> accepted;
  for (int i = 0; i < count; ++i) {
    accepted.push_back(server.accept());
    EXPECT_TRUE(accepted.back().valid());
    EXPECT_FALSE(server.has_connection()) << "two at a time";
    EXPECT_TRUE(eventually([&] {
      return loop.on_thread([&] {
        for (auto& [name, attempt] : attempts) {
          if (!attempt.result || !attempt.result->permit.held()) continue;
          attempt.result->permit.release();
          return true;
        }
        return false;
      });
    }));
  }
  for (int i = 0; i < count; ++i) {
    EXPECT_EQ(outcome(std::to_string(i)), in_port("connected to 127.0.0.1:", server.port()));
  }
}

}  // namespace
}  // namespace mote::net

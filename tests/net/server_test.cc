#include <gtest/gtest.h>

#include <netdb.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <functional>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "tests/support/raw_client.h"
#include "tests/support/running_server.h"

namespace mote {
namespace {

using namespace std::chrono_literals;
using test::close_frame;
using test::eventually;
using test::Journal;
using test::RawClient;
using test::RunningServer;
using test::text_frame;
using test::upgrade_request;

Handlers echo() {
  return {.on_message = [](Connection& socket, std::string_view text) { socket.send(text); }};
}

void expect_echo(RawClient client) {
  client.send(upgrade_request() + text_frame("hello"));
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 101 "));
  EXPECT_EQ(client.read_frame().payload, "hello");
}

TEST(Server, RejectsLocationsThatMakeNoSense) {
  for (const auto* location :
       {"", "ws://", "http://127.0.0.1:1", "127.0.0.1:80", "ws://127.0.0.1:65536",
        "ws://127.0.0.1:", "ws://127.0.0.1:x", "ws://127.0.0.1:-1", "ws://[::1", "ws://[::1]80", "ws://::1:80",
        "ws://:80", "ws://host/path?query", "ws://host/#f", "ws+unix://relative", "ws+unix://"}) {
    try {
      const Server server(location);
      ADD_FAILURE() << location;
    } catch (const std::invalid_argument& error) {
      EXPECT_NE(std::string(error.what()).find(location), std::string::npos) << error.what();
    }
  }
  EXPECT_THROW(Server("ws+unix:///" + std::string(200, 'x')), std::invalid_argument);
}

TEST(Server, RejectsOptionsThatMakeNoSenseByName) {
  const auto rejected = [](const char* name, const Options& options) {
    try {
      const Server server("ws://127.0.0.1:0", options);
      ADD_FAILURE() << name;
    } catch (const std::invalid_argument& error) {
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
    }
  };
  rejected("max_request_head_bytes", {.max_request_head_bytes = 0});
  rejected("max_header_lines", {.max_header_lines = 0});
  rejected("max_target_bytes", {.max_target_bytes = 0});
  rejected("handshake_timeout", {.handshake_timeout = 0ms});
  rejected("subprotocols", {.subprotocols = {"a b"}});
  rejected("max_message_bytes", {.max_message_bytes = 0});
  rejected("max_fragments", {.max_fragments = 0});
  rejected("soft_limit_bytes", {.soft_limit_bytes = 0});
  rejected("hard_limit_bytes", {.soft_limit_bytes = 2, .hard_limit_bytes = 1});
  rejected("ping_interval", {.ping_interval = 0ms});
  rejected("ping_timeout", {.ping_timeout = -1ms});
  rejected("close_timeout", {.close_timeout = 0ms});
  rejected("write_timeout", {.write_timeout = 0ms});
  rejected("max_connections", {.max_connections = 0});
  rejected("listen_backlog", {.listen_backlog = 0});
  rejected("busy_poll", {.busy_poll = std::chrono::microseconds(-1)});
  rejected("busy_poll", {.busy_poll = std::chrono::microseconds(1'000'001)});
  rejected("turn_bytes", {.turn_bytes = 0});
  rejected("turn_messages", {.turn_messages = 0});
}

TEST(Server, StartThrowsWithTheAddressInItsText) {
  Server first("ws://127.0.0.1:0");
  first.start(echo());
  const std::string taken = first.location();
  Server second(taken);
  try {
    second.start(echo());
    ADD_FAILURE();
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::address_in_use);
    EXPECT_NE(std::string(error.what()).find(taken), std::string::npos) << error.what();
  }
  Server nowhere("ws://no-such-host.invalid:1");
  EXPECT_THROW(nowhere.start(echo()), std::system_error);
}

TEST(Server, AStartThatFailedMayBeTriedAgain) {
  auto first = std::make_unique<Server>("ws://127.0.0.1:0");
  first->start(echo());
  Server second(first->location());
  EXPECT_THROW(second.start(echo()), std::system_error);
  EXPECT_THROW(second.run(), std::logic_error);
  first.reset();
  second.start(echo());
  std::thread thread([&] { second.run(); });
  expect_echo(RawClient(second.port()));
  second.stop();
  thread.join();
}

TEST(Server, AStartTooManyInACallbackLeavesTheCallbacksAlone) {
  Server* running = nullptr;
  RunningServer server(Handlers{.on_message =
                                    [&running, answer = std::string(100, 'a')](Connection& socket, std::string_view) {
                                      EXPECT_THROW(running->start(Handlers{}), std::logic_error);
                                      EXPECT_THROW(running->start([](Connection&) {}), std::logic_error);
                                      socket.send(answer);
                                    }},
                       {}, [&](Server& made) { running = &made; });
  auto client = RawClient::open(server.port());
  client.send(text_frame("x") + text_frame("y"));
  EXPECT_EQ(client.read_frame().payload, std::string(100, 'a'));
  EXPECT_EQ(client.read_frame().payload, std::string(100, 'a'));
}

TEST(Server, StartsOnceAndRunsOnlyWhenStarted) {
  Server server("ws://127.0.0.1:0");
  EXPECT_THROW(server.run(), std::logic_error);
  EXPECT_EQ(server.port(), 0);
  server.start(echo());
  EXPECT_NE(server.port(), 0);
  EXPECT_EQ(server.location(), "ws://127.0.0.1:" + std::to_string(server.port()));
  EXPECT_THROW(server.start(echo()), std::logic_error);
}

TEST(Server, ClientsThatConnectBeforeRunAreServedByIt) {
  Server server("ws://127.0.0.1:0");
  server.start(echo());
  RawClient client(server.port());
  client.send(upgrade_request() + text_frame("early"));
  std::thread thread([&] { server.run(); });
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 101 "));
  EXPECT_EQ(client.read_frame().payload, "early");
  server.stop();
  thread.join();
}

TEST(Server, StopBeforeRunEndsItAtOnce) {
  Server server("ws://127.0.0.1:0");
  server.start(echo());
  server.stop();
  server.run();
}

TEST(Server, ListensOnIpv6) {
  RunningServer server(echo(), {}, {}, "ws://[::1]:0");
  expect_echo(RawClient(server.port(), "::1"));
  EXPECT_EQ(server->location(), "ws://[::1]:" + std::to_string(server.port()));
}

TEST(Server, TheIpv6WildcardTakesIpv4TooAndReportsItAsSuch) {
  std::string ip;
  RunningServer server([&](Connection& socket) { ip = socket.info().client_ip_address; }, {}, {}, "ws://[::]:0");
  RawClient::open(server.port()).close();
  EXPECT_TRUE(eventually([&] { return server->connection_count() == 0 && !ip.empty(); }));
  server.stop();
  EXPECT_EQ(ip, "127.0.0.1");
}

TEST(Server, AHostNameBindsEachOfItsAddressesOnOnePort) {
  addrinfo* found = nullptr;
  if (::getaddrinfo("localhost", nullptr, nullptr, &found) != 0) {
    GTEST_SKIP() << "this machine does not resolve the name localhost: it has no /etc/hosts";
  }
  ::freeaddrinfo(found);
  RunningServer server(echo(), {}, {}, "ws://localhost:0");
  expect_echo(RawClient(server.port(), "127.0.0.1"));
}

TEST(Server, ListensOnAUnixSocketAndRemovesItsFile) {
  const std::string file = testing::TempDir() + "mote_server_test_" + std::to_string(::getpid()) + ".sock";
  for (int round = 0; round < 2; ++round) {
    std::string ip = "unset";
    {
      RunningServer server(
          [&](Connection& socket) {
            ip = socket.info().client_ip_address;
            socket.on_message([&](std::string_view text) { socket.send(text); });
          },
          {}, {}, "ws+unix://" + file);
      EXPECT_EQ(server.port(), 0);
      EXPECT_EQ(server->location(), "ws+unix://" + file);
      expect_echo(RawClient(file));
      Server second("ws+unix://" + file);
      EXPECT_THROW(second.start(echo()), std::system_error);  // somebody listens there
      expect_echo(RawClient(file));                           // and still does
    }
    EXPECT_EQ(ip, "");
    EXPECT_NE(::access(file.c_str(), F_OK), 0);
  }
}

TEST(Server, TakesOverAStaleUnixSocketFileButNoOtherFile) {
  const std::string file = testing::TempDir() + "mote_stale_" + std::to_string(::getpid()) + ".sock";
  {  // a process that died leaves such a file
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(file.begin(), file.end(), address.sun_path);
    ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::close(socket);
  }
  {
    RunningServer server(echo(), {}, {}, "ws+unix://" + file);
    expect_echo(RawClient(file));
  }
  std::fclose(std::fopen(file.c_str(), "w"));
  Server server("ws+unix://" + file);
  EXPECT_THROW(server.start(echo()), std::system_error);
  EXPECT_EQ(::access(file.c_str(), F_OK), 0);
  ::unlink(file.c_str());
}

TEST(Server, SeveralServersShareAPortWithReusePort) {
  RunningServer first(echo(), {.reuse_port = true});
  RunningServer second(echo(), {.reuse_port = true}, {}, first->location());
  EXPECT_EQ(first.port(), second.port());
  for (int i = 0; i < 20; ++i) expect_echo(RawClient(first.port()));
}

TEST(Server, CountsOpenConnections) {
  RunningServer server(echo());
  auto one = RawClient::open(server.port());
  auto two = RawClient::open(server.port());
  const RawClient no_handshake(server.port());
  EXPECT_TRUE(eventually([&] { return server->connection_count() == 2; }));
  one.close();
  EXPECT_TRUE(eventually([&] { return server->connection_count() == 1; }));
}

TEST(Server, StopSendsCloseAndTellsEveryConnection) {
  std::atomic<int> closed{0};
  RunningServer server(Handlers{.on_close = [&](Connection& socket, const CloseInfo& why) {
    EXPECT_EQ(why.code, 1001);
    EXPECT_EQ(why.by, EndedBy::shutdown);
    EXPECT_FALSE(why.clean);
    EXPECT_EQ(socket.send("x"), SendStatus::closed);
    ++closed;
  }});
  auto one = RawClient::open(server.port());
  auto two = RawClient::open(server.port());
  RawClient http(server.port());
  http.send("GET / HT");
  EXPECT_TRUE(eventually([&] { return server->connection_count() == 2; }));
  server.stop();
  EXPECT_EQ(closed, 2);
  EXPECT_EQ(server->connection_count(), 0U);
  EXPECT_EQ(one.read_close_code(), 1001);
  EXPECT_EQ(one.read_to_end(), "");
  EXPECT_EQ(two.read_close_code(), 1001);
  http.read_to_end();
  EXPECT_FALSE(server->post([] {}));
}

TEST(Server, DrainClosesGentlyAndEndsWhenAllAreGone) {
  Journal journal;
  RunningServer server(Handlers{.on_close = [&](Connection&, const CloseInfo& why) {
    journal.add(std::to_string(why.code) + (why.clean ? " clean" : " unclean"));
    EXPECT_EQ(why.by, EndedBy::shutdown);
  }});
  auto client = RawClient::open(server.port());
  RawClient idle(server.port());
  EXPECT_TRUE(eventually([&] { return server->connection_count() == 1; }));
  server->drain(1min);
  EXPECT_EQ(client.read_close_code(), 1001);
  EXPECT_TRUE(eventually([&] {
    try {
      RawClient late(server.port());
      return false;
    } catch (const std::runtime_error&) {
      return true;  // no longer accepts
    }
  }));
  client.send(close_frame(1001));
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(idle.read_to_end(), "");
  idle.close();
  server.join();  // ends long before its deadline
  EXPECT_EQ(journal.lines(), std::vector<std::string>{"1001 clean"});
}

TEST(Server, DrainDropsAtItsDeadlineWhoDoesNotAnswer) {
  Journal journal;
  RunningServer server(Handlers{.on_close = [&](Connection&, const CloseInfo& why) {
    journal.add(std::to_string(why.code) + (why.clean ? " clean" : " unclean"));
  }});
  auto client = RawClient::open(server.port());
  EXPECT_TRUE(eventually([&] { return server->connection_count() == 1; }));
  server->drain(1min);
  server->drain(50ms);  // the earlier deadline counts
  server.join();
  EXPECT_EQ(journal.size(), 1U);
  EXPECT_EQ(client.read_close_code(), 1001);
}

TEST(Server, DrainAnswersARequestInProgressWith503) {
  RunningServer server(echo());
  auto open = RawClient::open(server.port());
  RawClient client(server.port());
  const auto request = upgrade_request();
  client.send(request.substr(0, 20));
  // The other connection's answer shows that the server has looked at its sockets since.
  open.send(text_frame("x"));
  open.read_frame();
  server->drain(1min);
  EXPECT_EQ(open.read_close_code(), 1001);
  client.send(request.substr(20));
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 503 "));
  client.close();
  open.send(close_frame(1001));
  server.join();
}

Server* signalled = nullptr;

TEST(Server, DrainAndStopMayBeCalledInASignalHandler) {
  for (const bool drain : {true, false}) {
    Server server("ws://127.0.0.1:0");
    server.start(echo());
    signalled = &server;
    std::signal(
        SIGUSR1, drain ? [](int) { signalled->drain(1s); } : [](int) { signalled->stop(); });
    std::thread thread([&] { server.run(); });
    ::kill(::getpid(), SIGUSR1);
    thread.join();
    std::signal(SIGUSR1, SIG_DFL);
  }
}

TEST(Server, RunsPostedTasksInOrderAndLogsWhatTheyThrow) {
  const test::CapturedLog log;
  Journal journal;
  RunningServer server(echo());
  EXPECT_TRUE(server->post([&] { journal.add("one"); }));
  EXPECT_TRUE(server->post([] { throw std::runtime_error("oops"); }));
  EXPECT_TRUE(server->post([&, owned = std::make_unique<int>(2)] { journal.add(std::to_string(*owned)); }));
  EXPECT_TRUE(eventually([&] { return journal.size() == 2; }));
  EXPECT_EQ(journal.lines(), (std::vector<std::string>{"one", "2"}));
  EXPECT_EQ(log.lines(), (std::vector<std::string>{"task threw: oops"}));
}

TEST(Server, EveryRepeatsUntilTheEnd) {
  std::atomic<int> runs{0};
  RunningServer server(echo(), {}, [&](Server& made) {
    made.every(2ms, [&] { ++runs; });
    EXPECT_THROW(made.every(0ms, [] {}), std::invalid_argument);
    EXPECT_THROW(made.every(1ms, nullptr), std::invalid_argument);
    EXPECT_THROW(made.post(std::function<void()>()), std::invalid_argument);
    EXPECT_THROW(made.on_http("/", nullptr), std::invalid_argument);
  });
  EXPECT_TRUE(eventually([&] { return runs >= 10; }));
  server->post([&] { server->every(1ms, [&] { throw std::runtime_error("a timer may throw"); }); });
  server.stop();
}

TEST(Server, EveryCountsFromItsCallAlsoBeforeRun) {
  Server server("ws://127.0.0.1:0");
  server.start(echo());
  std::this_thread::sleep_for(100ms);  // what is tested: a long way from the constructor to `every`
  std::vector<std::chrono::steady_clock::time_point> runs;
  server.every(50ms, [&] {
    runs.push_back(std::chrono::steady_clock::now());
    if (runs.size() == 2) server.stop();
  });
  server.run();
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_GE(runs[1] - runs[0], 25ms);
}

TEST(Server, TimesOfAnyLengthDoNotOverflow) {
  constexpr auto longest = Options::milliseconds::max() - 1ms;
  for (const auto time : {longest, Options::kNever, Options::milliseconds(std::numeric_limits<int>::max()) * 1000}) {
    RunningServer server(echo(),
                         {.handshake_timeout = time,
                          .ping_interval = time,
                          .ping_timeout = time,
                          .close_timeout = time,
                          .write_timeout = time},
                         [&](Server& made) { made.every(time, [] { ADD_FAILURE() << "the time has not come"; }); });
    auto client = RawClient::open(server.port());
    server->post([&] { server->every(time, [] { ADD_FAILURE() << "the time has not come"; }); });
    client.send(text_frame("x") + text_frame(std::string(1'000'000, 'y')));
    EXPECT_EQ(client.read_frame().payload, "x");
    EXPECT_EQ(client.read_frame().payload.size(), 1'000'000U);
    server->drain(time);
    EXPECT_EQ(client.read_close_code(), 1001);
    EXPECT_FALSE(client.readable_within(50));  // it waits for the answer
    client.send(close_frame(1001));
    server.join();
  }
}

TEST(Server, AtMaxConnectionsOthersWaitUntilOneLeaves) {  // checklist 111
  RunningServer server(echo(), {.max_connections = 2});
  auto one = RawClient::open(server.port());
  auto two = RawClient::open(server.port());
  RawClient three(server.port());  // completed by the kernel
  three.send(upgrade_request());
  one.send(text_frame("x"));
  one.read_frame();
  EXPECT_FALSE(three.readable_within(50));
  one.close();
  EXPECT_TRUE(three.read_head().starts_with("HTTP/1.1 101 "));
}

/// Attack 30.
TEST(Server, SurvivesRunningOutOfDescriptors) {
  const test::CapturedLog log;
  RunningServer server(echo());
  auto before = RawClient::open(server.port());
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  std::vector<int> hoard;
  const rlimit small{128, limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &small), 0);
  for (int descriptor = ::dup(0); descriptor >= 0; descriptor = ::dup(0)) hoard.push_back(descriptor);
  ::close(hoard.back());
  hoard.pop_back();
  RawClient starved(server.port());  // takes the last descriptor
  starved.send(upgrade_request() + text_frame("patient"));
  EXPECT_TRUE(eventually([&] { return log.size() == 1; }));
  before.send(text_frame("still served"));
  EXPECT_EQ(before.read_frame().payload, "still served");
  for (const int descriptor : hoard) ::close(descriptor);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_TRUE(starved.read_head().starts_with("HTTP/1.1 101 "));
  EXPECT_EQ(starved.read_frame().payload, "patient");
}

}  // namespace
}  // namespace mote

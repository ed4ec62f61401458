// Callbacks that hold the event loop for too long are named in the log, and others are not.

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <mote/client.h>

#include "tests/support/raw_client.h"
#include "tests/support/running_server.h"

namespace mote {
namespace {

using namespace std::chrono_literals;
using test::CapturedLog;
using test::client_frame;
using test::eventually;
using test::RawClient;
using test::RunningServer;
using test::text_frame;
using Clock = std::chrono::steady_clock;

constexpr auto kThreshold = 5ms;

/// What is tested: a callback that takes its time.
void dawdle() {
  const auto end = Clock::now() + kThreshold;
  while (Clock::now() < end) {
  }
}

/// `127.0.0.1:4711: on_open held the event loop for 5 ms (slow_callback)`: the name in it, where the rest is right.
std::string name_in(const std::string& line) {
  constexpr std::string_view peer = "127.0.0.1:";
  constexpr std::string_view held = " held the event loop for ";
  const std::size_t at = line.find(held);
  if (at == std::string::npos || !line.ends_with(" ms (slow_callback)")) return line;
  if (std::stoi(line.substr(at + held.size())) < kThreshold.count()) return line;
  if (!line.starts_with(peer)) return line.substr(0, at);
  const std::size_t name = line.find(": ") + 2;
  return "peer's " + line.substr(name, at - name);
}

std::vector<std::string> names_in(const CapturedLog& log) {
  std::vector<std::string> names;
  for (const std::string& line : log.lines()) names.push_back(name_in(line));
  return names;
}

/// Has each callback of a connection called once, those of an erroneous end included.
void provoke_all(RunningServer& server) {
  auto client = RawClient::open(server.port());
  client.send(text_frame("text") + client_frame(2, "binary") + client_frame(9, "ping") + client_frame(10, "pong"));
  client.send(client_frame(3, "unknown"));
  client.read_to_end();
  EXPECT_TRUE(eventually([&] { return server->connection_count() == 0; }));
}

const std::vector<std::string> kAll = {"peer's on_open", "peer's on_message", "peer's on_binary", "peer's on_ping",
                                       "peer's on_pong", "peer's on_error",   "peer's on_close"};

std::vector<std::string> without_the_violation(const CapturedLog& log) {
  auto names = names_in(log);
  std::erase_if(names, [](const std::string& name) { return name.find("closed with 1002") != std::string::npos; });
  return names;
}

Handlers dawdling_handlers() {
  return {.on_open = [](Connection&) { dawdle(); },
          .on_message = [](Connection&, std::string_view) { dawdle(); },
          .on_binary = [](Connection&, std::span<const std::byte>) { dawdle(); },
          .on_ping = [](Connection&, std::span<const std::byte>) { dawdle(); },
          .on_pong = [](Connection&, std::span<const std::byte>) { dawdle(); },
          .on_error = [](Connection&, const Error&) { dawdle(); },
          .on_close = [](Connection&, const CloseInfo&) { dawdle(); }};
}

void configure_dawdling(Connection& socket) {
  socket.on_open([] { dawdle(); });
  socket.on_message([](std::string_view) { dawdle(); });
  socket.on_binary([](std::span<const std::byte>) { dawdle(); });
  socket.on_ping([](std::span<const std::byte>) { dawdle(); });
  socket.on_pong([](std::span<const std::byte>) { dawdle(); });
  socket.on_error([](const Error&) { dawdle(); });
  socket.on_close([](const CloseInfo&) { dawdle(); });
  dawdle();
}

TEST(SlowCallbacks, OfAllConnectionsAreNamed) {
  const CapturedLog log;
  RunningServer server(dawdling_handlers(), {.slow_callback = kThreshold});
  provoke_all(server);
  EXPECT_EQ(without_the_violation(log), kAll);
}

TEST(SlowCallbacks, OfOneConnectionAreNamed) {
  const CapturedLog log;
  RunningServer server(configure_dawdling, {.slow_callback = kThreshold});
  provoke_all(server);
  auto expected = kAll;
  expected.insert(expected.begin(), "peer's configure");
  EXPECT_EQ(without_the_violation(log), expected);
}

TEST(SlowCallbacks, OnDrainToo) {
  const CapturedLog log;
  RunningServer server(
      Handlers{
          .on_open = [&](Connection& socket) { server->post([handle = socket.handle()] { handle.send("above"); }); },
          .on_drain = [](Connection&) { dawdle(); }},
      {.soft_limit_bytes = 1, .slow_callback = kThreshold});
  auto reader = RawClient::open(server.port());
  EXPECT_EQ(reader.read_frame().payload, "above");
  EXPECT_TRUE(eventually([&] { return log.size() == 1; }));
  EXPECT_EQ(names_in(log), (std::vector<std::string>{"peer's on_drain"}));
}

TEST(SlowCallbacks, OfRequestsAndTasksAreNamed) {
  const CapturedLog log;
  RunningServer server(Handlers{}, {.slow_callback = kThreshold}, [](Server& made) {
    made.on_upgrade([](const HttpRequest&, UpgradeDecision&) { dawdle(); });
    made.on_http("/page", [](const HttpRequest&) {
      dawdle();
      return HttpResponse{.body = "page"};
    });
  });
  RawClient page(server.port());
  page.send("GET /page HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(page.read_response().ends_with("page"));
  auto client = RawClient::open(server.port());
  server.on_thread(dawdle);
  EXPECT_TRUE(eventually([&] { return log.size() == 3; }));
  EXPECT_EQ(names_in(log), (std::vector<std::string>{"peer's on_http", "peer's on_upgrade", "a posted task"}));
}

TEST(SlowCallbacks, OfTimersAreNamed) {
  const CapturedLog log;
  RunningServer server(Handlers{}, {.slow_callback = kThreshold},
                       [](Server& made) { made.every(1ms, [] { dawdle(); }); });
  EXPECT_TRUE(eventually([&] { return log.size() != 0; }));
  server.stop();
  EXPECT_EQ(name_in(log.lines()[0]), "a task of every");
}

TEST(SlowCallbacks, ThatThrowAreNamed) {
  const CapturedLog log;
  RunningServer server(Handlers{.on_message =
                                    [](Connection&, std::string_view) {
                                      dawdle();
                                      throw std::runtime_error("late");
                                    }},
                       {.slow_callback = kThreshold});
  auto client = RawClient::open(server.port());
  client.send(text_frame("go"));
  EXPECT_EQ(client.read_close_code(), 1011);
  ASSERT_EQ(log.size(), 2U);
  EXPECT_EQ(name_in(log.lines()[0]), "peer's on_message");
}

TEST(SlowCallbacks, OfAClientAreNamed) {
  const CapturedLog log;
  RunningServer server(test::echo_handlers());
  Client client;
  client.connect(server.url(), {.slow_callback = kThreshold}, Handlers{.on_open = [](Connection& socket) {
                   dawdle();
                   socket.close();
                 }});
  client.run();
  EXPECT_EQ(names_in(log), (std::vector<std::string>{"peer's on_open"}));
}

TEST(SlowCallbacks, ThatAreQuickEnoughAreNotNamed) {
  const CapturedLog log;
  RunningServer server(dawdling_handlers(), {.slow_callback = 60s});
  provoke_all(server);
  EXPECT_EQ(log.size(), 1U);  // the violation
}

TEST(SlowCallbacks, AreNotWatchedUnlessAskedFor) {
  const CapturedLog log;
  RunningServer server(dawdling_handlers());
  provoke_all(server);
  EXPECT_EQ(log.size(), 1U);
}

TEST(SlowCallbacks, ACallbackThatIsTakenAwayIsNone) {
  RunningServer server([](Connection& socket) { socket.on_message(nullptr); }, {.slow_callback = kThreshold});
  provoke_all(server);
}

}  // namespace
}  // namespace mote

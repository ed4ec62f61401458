// What connections hold between turns is counted, and above the budget those that hold most go.

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/backpressure.h"
#include "tests/support/raw_client.h"
#include "tests/support/running_server.h"
#include "tests/support/wss_server.h"

namespace mote {
namespace {

using test::CapturedLog;
using test::echo_handlers;
using test::eventually;
using test::expect_echo;
using test::fill;
using test::Journal;
using test::RawClient;
using test::RunningServer;
using test::text_frame;
using test::TlsClient;
using test::upgrade_request;
using test::WssServer;

/// A message of so many bytes without its last: it takes a block of exactly that size.
std::string unfinished(std::size_t size) {
  std::string frame = text_frame(std::string(size, 'p'));
  frame.pop_back();
  return frame;
}

/// So that more than a mebibyte waits.
void fill_beyond(Connection& socket) {
  fill(socket);
  socket.send(test::kMebibyte);
}

/// Notes how each connection ended, by its path.
Handlers noting(Journal& journal) {
  Handlers handlers = echo_handlers();
  handlers.on_close = [&](Connection& socket, const CloseInfo& why) {
    journal.add(std::string(socket.info().path) + ' ' + std::to_string(why.code) +
                (why.by == EndedBy::limit ? " limit" : ""));
  };
  return handlers;
}

TEST(MemoryBytes, ArePartsOfMessages) {
  RunningServer server(echo_handlers());
  auto client = RawClient::open(server.port());
  EXPECT_EQ(server->memory_bytes(), 0U);
  client.send(unfinished(100'000));
  EXPECT_TRUE(eventually([&] { return server->memory_bytes() >= 100'000; }));
  client.send(std::string(1, 'x'));
  EXPECT_EQ(client.read_frame().payload.size(), 100'000U);
  EXPECT_TRUE(eventually([&] { return server->memory_bytes() == 0; }));
}

TEST(MemoryBytes, ArePartsOfRequests) {
  RunningServer server(echo_handlers());
  {
    RawClient client(server.port());
    client.send("GET / HTTP/1.1\r\nX: " + std::string(3000, 'x'));
    EXPECT_TRUE(eventually([&] { return server->memory_bytes() >= 3000; }));
  }
  EXPECT_TRUE(eventually([&] { return server->memory_bytes() == 0; }));
}

TEST(MemoryBytes, AreOutputThatWaits) {
  RunningServer server(Handlers{.on_message = [](Connection& socket, std::string_view) { fill(socket); }});
  auto client = RawClient::open(server.port());
  client.send(text_frame("go"));
  EXPECT_TRUE(eventually([&] { return server->memory_bytes() > 64 * 1024; }));
  for (std::size_t queued = 1; queued != 0;) {
    client.read_frame();
    server.on_thread([&] { queued = server->memory_bytes(); });
  }
}

TEST(MemoryBytes, OfADroppedConnectionAreGivenBack) {
  RunningServer server(Handlers{.on_message = [](Connection& socket, std::string_view) { fill(socket); }});
  auto client = RawClient::open(server.port());
  client.send(text_frame("go"));
  EXPECT_TRUE(eventually([&] { return server->memory_bytes() > 64 * 1024; }));
  client.reset();
  EXPECT_TRUE(eventually([&] { return server->memory_bytes() == 0; }));
}

TEST(MemoryBytes, AreWhatTlsCouldNotSend) {
  WssServer server(Handlers{.on_message = [](Connection& socket, std::string_view) { fill(socket); }});
  {
    auto client = TlsClient::open(server.port());
    client.send(text_frame("go"));
    EXPECT_TRUE(eventually([&] { return server->memory_bytes() > 64 * 1024; }));
  }
  EXPECT_TRUE(eventually([&] { return server->memory_bytes() == 0; }));
}

TEST(MemoryBytes, AreInputThatHasToWait) {
  std::atomic<bool> paused{false};
  RunningServer server(Handlers{.on_message = [&](Connection& socket, std::string_view) {
    socket.pause_reading();
    paused = true;
  }});
  {
    auto client = RawClient::open(server.port());
    client.send(text_frame("pause") + text_frame(std::string(5000, 'x')));
    EXPECT_TRUE(eventually([&] { return paused && server->memory_bytes() >= 5000; }));
  }
  server.stop();
}

TEST(MemoryBudget, IsReachedExactly) {
  const CapturedLog log;
  Journal journal;
  RunningServer server(noting(journal), {.memory_budget_bytes = 3000});
  auto one = RawClient::open(server.port(), "/one");
  auto two = RawClient::open(server.port(), "/two");
  one.send(unfinished(2000));
  two.send(unfinished(1000));
  EXPECT_TRUE(eventually([&] { return server->memory_bytes() == 3000; }));
  auto three = RawClient::open(server.port(), "/three");
  one.send("x");
  two.send("x");
  EXPECT_EQ(one.read_frame().payload.size(), 2000U);
  EXPECT_EQ(two.read_frame().payload.size(), 1000U);
  EXPECT_EQ(log.size(), 0U);
}

TEST(MemoryBudget, PassedByOneByteItCostsTheConnectionThatHoldsMost) {
  const CapturedLog log;
  Journal journal;
  RunningServer server(noting(journal), {.memory_budget_bytes = 2999});
  auto one = RawClient::open(server.port(), "/one");
  auto two = RawClient::open(server.port(), "/two");
  one.send(unfinished(2000));
  EXPECT_TRUE(eventually([&] { return server->memory_bytes() == 2000; }));
  two.send(unfinished(1000));
  EXPECT_EQ(one.read_close_code(), 1013);
  EXPECT_TRUE(eventually([&] { return server->memory_bytes() == 1000; }));
  two.send("x");
  EXPECT_EQ(two.read_frame().payload.size(), 1000U);
  EXPECT_EQ(journal.lines(), (std::vector<std::string>{"/one 1013 limit"}));
  ASSERT_EQ(log.size(), 1U);
  EXPECT_NE(log.lines()[0].find("closed with 1013: the server's memory budget is used up"), std::string::npos);
}

TEST(MemoryBudget, SevenEighthsAreLeft) {
  Journal journal;
  RunningServer server(noting(journal), {.memory_budget_bytes = 10'000});
  std::vector<RawClient> clients;
  for (std::size_t i = 0; i < 9; ++i) {
    clients.push_back(RawClient::open(server.port(), "/" + std::to_string(i)));
    clients[i].send(unfinished(1100 + i));
    EXPECT_TRUE(eventually([&] { return server->memory_bytes() >= 1100 * (i + 1); }));
  }
  EXPECT_EQ(server->memory_bytes(), 9 * 1100 + 36U);
  clients.push_back(RawClient::open(server.port(), "/9"));
  clients[9].send(unfinished(100));
  EXPECT_TRUE(eventually([&] { return journal.size() == 2; }));  // 10,036 less 1108 is more than 8750
  EXPECT_EQ(journal.lines(), (std::vector<std::string>{"/8 1013 limit", "/7 1013 limit"}));
}

/// Others have taken the place in memory of the one that was closed.
TEST(MemoryBudget, WhoWasClosedIsNotWeighedAgain) {
  const CapturedLog log;
  Journal journal;
  RunningServer server(noting(journal), {.memory_budget_bytes = 4000});
  {
    auto first = RawClient::open(server.port(), "/first");
    first.send(unfinished(5000));
    EXPECT_EQ(first.read_close_code(), 1013);
  }
  EXPECT_TRUE(eventually([&] { return server->memory_bytes() == 0; }));
  std::vector<RawClient> others;
  for (int i = 0; i < 3; ++i) others.push_back(RawClient::open(server.port(), "/other"));
  auto second = RawClient::open(server.port(), "/second");
  second.send(unfinished(4500));
  EXPECT_EQ(second.read_close_code(), 1013);
  for (RawClient& other : others) expect_echo(other);
  EXPECT_EQ(journal.lines(), (std::vector<std::string>{"/first 1013 limit", "/second 1013 limit"}));
}

TEST(MemoryBudget, APeerThatDoesNotReadIsCutOff) {
  const CapturedLog log;
  Journal journal;
  Handlers handlers = noting(journal);
  handlers.on_message = [](Connection& socket, std::string_view text) {
    if (text == "go") fill_beyond(socket);
    socket.send(text);
  };
  RunningServer server(std::move(handlers), {.hard_limit_bytes = 100'000'000, .memory_budget_bytes = 500'000});
  auto bystander = RawClient::open(server.port(), "/bystander");
  auto stuck = RawClient::open(server.port(), "/stuck");
  stuck.send(text_frame("go"));
  EXPECT_TRUE(eventually([&] { return journal.size() == 1; }));
  EXPECT_EQ(journal.lines()[0], "/stuck 1013 limit");
  EXPECT_TRUE(eventually([&] { return server->memory_bytes() == 0; }));
  expect_echo(bystander);
  EXPECT_EQ(log.size(), 1U);
}

/// It was paused with more in its socket than is ever read from it: that goes, too, so that no reset overtakes our
/// Close.
TEST(MemoryBudget, WhatWasNotReadOfAConnectionIsDroppedWithIt) {
  const CapturedLog log;
  Server server("ws://127.0.0.1:0", {.memory_budget_bytes = 2000, .close_timeout = Options::kNever});
  server.start(Handlers{.on_message = [](Connection& socket, std::string_view) { socket.pause_reading(); },
                        .on_close = [](Connection&, const CloseInfo& why) { EXPECT_EQ(why.code, 1013); }});
  RawClient client(server.port());
  client.send(upgrade_request());
  std::string all = text_frame("pause");
  while (all.size() < 32 * test::kMebibyte.size()) all += text_frame(test::kMebibyte);
  std::size_t sent = 0;
  for (std::size_t more = 1; more != 0; sent += more) more = client.send_some(std::string_view(all).substr(sent));
  ASSERT_LT(sent, all.size());
  std::thread thread([&] { server.run(); });
  client.send(std::string_view(all).substr(sent));
  client.read_head();
  EXPECT_EQ(client.read_close_code(), 1013);
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_FALSE(client.was_reset());
  server.stop();
  thread.join();
}

TEST(MemoryBudget, ARequestThatIsNotCompleteGoesToo) {
  const CapturedLog log;
  RunningServer server(echo_handlers(), {.memory_budget_bytes = 2000});
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nX: " + std::string(3000, 'x'));
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(eventually([&] { return server->memory_bytes() == 0; }));
  EXPECT_EQ(log.size(), 1U);
}

/// All of it has come before the server looks: in one turn the first one's output passes the budget, and the second
/// one's request is read.
TEST(MemoryBudget, AboveItHandshakesAreRefused) {
  const CapturedLog log;
  Server server("ws://127.0.0.1:0", {.hard_limit_bytes = 100'000'000, .memory_budget_bytes = 500'000});
  int closed = 0;
  server.start(Handlers{.on_open = fill_beyond, .on_close = [&](Connection&, const CloseInfo&) {
                          ++closed;
                          server.stop();
                        }});
  RawClient first(server.port());
  first.send(upgrade_request());
  RawClient second(server.port());
  second.send(upgrade_request());
  server.run();
  EXPECT_EQ(closed, 1);
  EXPECT_TRUE(second.read_head().starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_EQ(log.size(), 2U);
  EXPECT_EQ(log.lines()[0].substr(log.lines()[0].find(": ")),
            ": refused with 503: The server has no memory left for more connections.");
}

TEST(MemoryBudget, OfNothingIsNone) {
  EXPECT_THROW(Server("ws://127.0.0.1:0", {.memory_budget_bytes = 0}), std::invalid_argument);
}

}  // namespace
}  // namespace mote

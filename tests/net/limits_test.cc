// Backpressure, timeouts and fairness: the limits of mote/options.h that need a socket to be reached.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/backpressure.h"
#include "tests/support/clock_lag.h"
#include "tests/support/raw_client.h"
#include "tests/support/running_server.h"
#include "tests/support/temporary_folder.h"

namespace mote {
namespace {

using namespace std::chrono_literals;
using test::CapturedLog;
using test::client_frame;
using test::close_frame;
using test::eventually;
using test::fill;
using test::Frame;
using test::Journal;
using test::kClockLag;
using test::kMebibyte;
using test::RawClient;
using test::RunningServer;
using test::text_frame;
using test::upgrade_request;
using Clock = std::chrono::steady_clock;

TEST(Backpressure, SendAnswersQueuedAboveTheSoftLimitAndOnDrainComes) {
  test::expect_queued_above_the_soft_limit_and_a_drain<RunningServer, RawClient>();
}

/// The peer reads a part and no more: half of the limit still waits.
TEST(Backpressure, OnDrainComesAtTheSoftLimitAndNotOnlyWhenAllIsSent) {
  const test::TemporaryFolder folder;  // a Unix socket's buffers are small, and never grow
  const std::string file = folder.path_of("socket");
  std::atomic<std::size_t> queued{0};
  std::atomic<std::size_t> left{0};
  RunningServer server(Handlers{.on_message =
                                    [&](Connection& socket, std::string_view) {
                                      socket.send(kMebibyte);
                                      socket.send(kMebibyte);
                                      queued = socket.queued_bytes();
                                    },
                                .on_drain = [&](Connection& socket) { left = socket.queued_bytes(); }},
                       {.soft_limit_bytes = 1'000'000}, {}, "ws+unix://" + file);
  RawClient client(file);
  client.upgrade();
  client.send(text_frame("go"));
  ASSERT_TRUE(eventually([&] { return queued > 1'500'000; }));
  client.read_exactly(1'100'000);
  EXPECT_TRUE(eventually([&] { return left != 0; }));
  EXPECT_LE(left, 1'000'000U);
}

/// A queue that empties as fast as `on_drain` fills it must not keep the loop from the others.
TEST(Backpressure, OnDrainThatAlwaysSendsMoreStarvesNobody) {
  constexpr int most = 1000;  // messages, which the kernel takes at once
  int drained = 0;
  int drained_before_the_task = -1;
  Server server("ws://127.0.0.1:0", {.soft_limit_bytes = 1});
  server.start(Handlers{
      .on_open = [&](Connection& socket) { server.post([handle = socket.handle()] { handle.send("the first"); }); },
      .on_drain =
          [&](Connection& socket) {
            if (++drained == 1) server.post([&] { drained_before_the_task = drained; });
            if (drained == most) server.stop();
            socket.send("endless");
          }});
  RawClient client(server.port());
  client.send(upgrade_request());
  server.run();
  EXPECT_EQ(drained, most);
  EXPECT_GE(drained_before_the_task, 1);
  EXPECT_LE(drained_before_the_task, 2);
}

TEST(Backpressure, OnDrainIsNotForAConnectionThatCloses) {
  std::atomic<int> drained{0};
  RunningServer server(Handlers{.on_message =
                                    [](Connection& socket, std::string_view) {
                                      EXPECT_EQ(fill(socket), SendStatus::queued);
                                      socket.close(4000);
                                    },
                                .on_drain = [&](Connection&) { ++drained; }});
  auto client = RawClient::open(server.port());
  client.send(text_frame("go"));
  Frame frame;
  do frame = client.read_frame();
  while (frame.payload == kMebibyte);
  EXPECT_EQ(frame.opcode, 8U);
  client.send(close_frame(4000));
  client.read_to_end();
  server.stop();
  EXPECT_EQ(drained, 0);
}

TEST(Backpressure, OverTheHardLimitTheConnectionIsClosedWith1008) {
  const CapturedLog log;
  Journal journal;
  RunningServer server(Handlers{.on_message =
                                    [&](Connection& socket, std::string_view) {
                                      while (fill(socket) == SendStatus::queued) {
                                        if (socket.send(kMebibyte) == SendStatus::dropped) break;
                                      }
                                      EXPECT_FALSE(socket.is_open());
                                      EXPECT_EQ(socket.send("x"), SendStatus::closed);
                                    },
                                .on_error = [&](Connection&, const Error& e) { journal.add(e.what()); },
                                .on_close =
                                    [&](Connection&, const CloseInfo& why) {
                                      EXPECT_EQ(why.code, 1008);
                                      EXPECT_EQ(why.by, EndedBy::limit);
                                      journal.add("close");
                                    }});
  auto client = RawClient::open(server.port());
  client.send(text_frame("go"));
  EXPECT_TRUE(eventually([&] { return journal.size() == 2; }));
  Frame frame;
  do {
    frame = client.read_frame();
  } while (frame.opcode == 1);
  EXPECT_EQ(frame.opcode, 8U);  // the Close frame is not dropped
  EXPECT_EQ(frame.payload.substr(0, 2), "\x03\xF0");
  EXPECT_EQ(log.size(), 1U);
}

TEST(Backpressure, OverTheHardLimitTheMessageIsDroppedWhereThatIsThePolicy) {
  std::atomic<bool> filled{false};
  std::atomic<int> accepted{0};
  RunningServer server(Handlers{.on_message =
                                    [&](Connection& socket, std::string_view) {
                                      SendStatus status = SendStatus::sent;
                                      for (; status != SendStatus::dropped; ++accepted) status = socket.send(kMebibyte);
                                      --accepted;
                                      EXPECT_TRUE(socket.is_open());
                                      EXPECT_LE(socket.queued_bytes(), 4U * 1024 * 1024);
                                      EXPECT_EQ(socket.send_pong(), SendStatus::queued);  // never dropped
                                      socket.close(4000);                                 // neither
                                      filled = true;
                                    }},
                       {.overflow = Overflow::drop_message});
  auto client = RawClient::open(server.port());
  client.send(text_frame("go"));
  EXPECT_TRUE(eventually([&] { return filled.load(); }));
  for (int i = 0; i < accepted; ++i) ASSERT_EQ(client.read_frame().payload, kMebibyte);
  EXPECT_EQ(client.read_frame().opcode, 10U);
  EXPECT_EQ(client.read_close_code(), 4000);
}

TEST(Backpressure, OneMessageIntoAnEmptyQueueAlwaysFits) {
  std::string large;
  large.resize(40'000'000, 'x');
  RunningServer server(
      Handlers{.on_open = [&](Connection& socket) { EXPECT_EQ(socket.send(large), SendStatus::queued); }},
      {.soft_limit_bytes = 1000, .hard_limit_bytes = 1000});
  auto client = RawClient::open(server.port());
  EXPECT_EQ(client.read_frame().payload, large);
}

/// design.md §3.7: a peer that sends and does not read costs bounded memory, and is served when it reads again.
TEST(Backpressure, APeerThatDoesNotReadIsNotReadFromEither) {
  std::atomic<std::size_t> received{0};
  std::atomic<std::size_t> most_queued{0};
  RunningServer server(Handlers{.on_message = [&](Connection& socket, std::string_view text) {
    received += text.size();
    socket.send(text);
    most_queued = std::max(most_queued.load(), socket.queued_bytes());
  }});
  auto client = RawClient::open(server.port());
  const std::string message = text_frame(std::string(10'000, 'e'));
  std::string burst;
  for (int i = 0; i < 100; ++i) burst += message;
  std::size_t sent = 0;
  auto quiet_since = Clock::now();
  while (Clock::now() - quiet_since < 300ms) {  // until the kernel's buffers are full on both sides
    const std::size_t taken = client.send_some(std::string_view(burst).substr(sent % message.size()));
    if (taken != 0) quiet_since = Clock::now();
    sent += taken;
    ASSERT_LT(sent, 200'000'000U) << "the server reads without an end";
  }
  EXPECT_LT(most_queued, 2'000'000U);
  const std::size_t whole = sent / message.size();
  for (std::size_t i = 0; i < whole; ++i) ASSERT_EQ(client.read_frame().payload.size(), 10'000U) << i;
  EXPECT_EQ(received / 10'000, whole);
}

/// Attack 9, checklist 78: the latest ping wins, and a flood of them is bounded.
TEST(Backpressure, PingsToAPeerThatDoesNotReadAreAnsweredOnceAndLast) {
  std::atomic<bool> filled{false};
  std::atomic<int> pings{0};
  RunningServer server(Handlers{.on_message =
                                    [&](Connection& socket, std::string_view) {
                                      // Not above the soft limit, which would stop reading: just blocked.
                                      while (socket.queued_bytes() == 0) socket.send(std::string(30'000, 'f'));
                                      filled = true;
                                    },
                                .on_ping = [&](Connection&, std::span<const std::byte>) { ++pings; }});
  auto client = RawClient::open(server.port());
  client.send(text_frame("go"));
  EXPECT_TRUE(eventually([&] { return filled.load(); }));
  constexpr int count = 100'000;
  for (int i = 0; i < count; ++i) client.send(client_frame(9, std::to_string(i)));
  EXPECT_TRUE(eventually([&] { return pings == count; }));
  int pongs = 0;
  Frame frame;
  do {
    frame = client.read_frame();
    pongs += frame.opcode == 10 ? 1 : 0;
  } while (frame.payload != std::to_string(count - 1));
  EXPECT_LE(pongs, 2);  // the first, which was queued, and the last
}

/// RFC 6455 §5.5.1, §5.5.2: what it says last is its Close, and what was asked before is answered before.
TEST(Backpressure, APongThatWaitsGoesOutBeforeTheClose) {
  std::atomic<int> pings{0};
  RunningServer server(Handlers{.on_message =
                                    [](Connection& socket, std::string_view) {
                                      for (int i = 0; i < 16; ++i)
                                        socket.send(kMebibyte);  // more than the kernel takes
                                    },
                                .on_ping = [&](Connection&, std::span<const std::byte>) { ++pings; }},
                       {.soft_limit_bytes = 100'000'000, .hard_limit_bytes = 100'000'000});
  auto client = RawClient::open(server.port());
  client.send(text_frame("go"));
  for (const char* const payload : {"A", "B", "C"}) client.send(client_frame(9, payload));
  EXPECT_TRUE(eventually([&] { return pings == 3; }));
  client.send(close_frame(1000));
  server.on_thread([] {});  // it has read it
  std::vector<std::string> pongs;
  for (Frame frame; frame.opcode != 8;) {
    frame = client.read_frame();
    if (frame.opcode == 10) pongs.push_back(frame.payload);
  }
  EXPECT_EQ(pongs, (std::vector<std::string>{"A", "C"}));
  EXPECT_EQ(client.read_to_end(), "");
}

/// Attack 10, checklist 79.
TEST(Backpressure, AMillionUnsolicitedPongsAreIgnored) {
  RunningServer server(Handlers{.on_message = [](Connection& socket, std::string_view text) { socket.send(text); }});
  auto client = RawClient::open(server.port());
  std::string pongs;
  for (int i = 0; i < 10'000; ++i) pongs += client_frame(10, "pong");
  for (int i = 0; i < 100; ++i) client.send(pongs);
  client.send(text_frame("still here"));
  EXPECT_EQ(client.read_frame().payload, "still here");
}

TEST(Timeouts, TheHandshakeHasAnAbsoluteDeadline) {  // attack 17
  const CapturedLog log;
  RunningServer server(Handlers{}, {.handshake_timeout = 200ms});
  const auto start = Clock::now();
  RawClient silent(server.port());
  RawClient trickling(server.port());
  std::size_t sent = 0;
  const auto request = upgrade_request("/", "X: " + std::string(4000, 'x') + "\r\n");
  while (!trickling.readable_within(5) && Clock::now() - start < 10s) {
    trickling.send(request.substr(sent++, 1));  // each byte would extend a timeout between reads
  }
  EXPECT_LT(sent, request.size());
  EXPECT_EQ(trickling.read_to_end(), "");
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_GE(Clock::now() - start, 200ms - kClockLag);
  EXPECT_EQ(log.size(), 2U);
}

TEST(Timeouts, APersistentHttpConnectionIsClosedQuietlyWhenItIdles) {
  const CapturedLog log;
  RunningServer server(Handlers{}, {.handshake_timeout = 100ms},
                       [](Server& made) { made.serve("/", "text/plain", "page"); });
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(client.read_response().ends_with("page"));
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(log.size(), 0U);
}

TEST(Timeouts, AQuietPeerIsPingedAndKeptWhileItAnswers) {
  Journal journal;
  RunningServer server(Handlers{.on_pong = [&](Connection&, std::span<const std::byte>) { journal.add("pong"); },
                                .on_close = [&](Connection&, const CloseInfo&) { journal.add("close"); }},
                       {.ping_interval = 50ms, .ping_timeout = 10s});
  auto client = RawClient::open(server.port());
  for (int i = 0; i < 3; ++i) {
    const Frame ping = client.read_frame();
    EXPECT_EQ(ping.opcode, 9U);
    client.send(client_frame(10, ping.payload));
  }
  EXPECT_TRUE(eventually([&] { return journal.count("pong") == 3; }));
  EXPECT_EQ(journal.count("close"), 0U);
}

TEST(Timeouts, TheAnswerToAPingHasItsOwnTime) {
  RunningServer server(test::echo_handlers(), {.ping_interval = 50ms, .ping_timeout = 60s});
  auto client = RawClient::open(server.port());
  EXPECT_EQ(client.read_frame().opcode, 9U);
  EXPECT_FALSE(client.readable_within(300)) << "neither another ping nor the end";
  client.send(text_frame("here I am"));
  EXPECT_EQ(client.read_frame(), (Frame{1, true, "here I am"}));
}

TEST(Timeouts, APeerThatDoesNotAnswerAPingIsDroppedWith1006) {  // checklist 92, 94
  const CapturedLog log;
  Journal journal;
  RunningServer server(Handlers{.on_error =
                                    [&](Connection&, const Error& error) {
                                      EXPECT_EQ(error.kind(), ErrorKind::timeout);
                                      journal.add("error");
                                    },
                                .on_close =
                                    [&](Connection&, const CloseInfo& why) {
                                      EXPECT_EQ(why.code, 1006);
                                      EXPECT_EQ(why.by, EndedBy::timeout);
                                      journal.add("close");
                                    }},
                       {.ping_interval = 50ms, .ping_timeout = 100ms});
  auto client = RawClient::open(server.port());
  EXPECT_EQ(client.read_frame().opcode, 9U);
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(eventually([&] { return journal.lines() == std::vector<std::string>{"error", "close"}; }));
  EXPECT_EQ(log.size(), 1U);
}

TEST(Timeouts, AnyReceivedByteCountsAsAnAnswer) {
  std::atomic<bool> closed{false};
  RunningServer server(Handlers{.on_close = [&](Connection&, const CloseInfo&) { closed = true; }},
                       {.ping_interval = 50ms, .ping_timeout = 200ms});
  auto client = RawClient::open(server.port());
  const std::string frame = client_frame(2, std::string(100, 'x'));
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(client.read_frame().opcode, 9U);
    client.send(frame.substr(i, 1));
  }
  EXPECT_FALSE(closed);
}

TEST(Timeouts, SilenceOfAPeerThatIsNotReadSaysNothing) {
  Journal journal;
  Connection* paused = nullptr;
  const auto on_message = [&](Connection& socket, std::string_view text) {
    journal.add(std::string(text));
    if (text == "pause") {
      paused = &socket;
      socket.pause_reading();
    }
    if (text == "resume" && paused != nullptr) paused->resume_reading();
  };
  const auto on_close = [&](Connection& socket, const CloseInfo&) {
    if (&socket == paused) paused = nullptr;
  };
  RunningServer server(Handlers{.on_message = on_message, .on_close = on_close},
                       {.ping_interval = 50ms, .ping_timeout = 200ms});
  auto client = RawClient::open(server.port());
  client.send(text_frame("pause") + text_frame("waits"));
  ASSERT_TRUE(eventually([&] { return journal.size() == 1; }));
  auto later = RawClient::open(server.port());
  EXPECT_EQ(later.read_frame().opcode, 9U);
  EXPECT_EQ(later.read_to_end(), "");  // it is read, and its silence is not forgiven
  auto other = RawClient::open(server.port());
  other.send(text_frame("resume"));
  EXPECT_TRUE(eventually([&] { return journal.count("waits") == 1; }));
  EXPECT_EQ(journal.lines().at(1), "resume");
}

TEST(Timeouts, NeverMeansThatNoPingIsSent) {
  RunningServer server(Handlers{}, {.handshake_timeout = Options::kNever,
                                    .ping_interval = Options::kNever,
                                    .ping_timeout = Options::kNever,
                                    .close_timeout = Options::kNever,
                                    .write_timeout = Options::kNever});
  auto client = RawClient::open(server.port());
  EXPECT_FALSE(client.readable_within(200));
  client.send(close_frame(1000));
  EXPECT_EQ(client.read_close_code(), 1000);
}

TEST(Timeouts, APeerThatDoesNotAnswerOurCloseIsDropped) {
  const CapturedLog log;
  Journal journal;
  RunningServer server(Handlers{.on_open = [](Connection& socket) { socket.close(4000); },
                                .on_close =
                                    [&](Connection&, const CloseInfo& why) {
                                      EXPECT_EQ(why.code, 1006);
                                      EXPECT_EQ(why.by, EndedBy::timeout);
                                      EXPECT_FALSE(why.clean);
                                      journal.add("close");
                                    }},
                       {.close_timeout = 100ms});
  auto client = RawClient::open(server.port());
  EXPECT_EQ(client.read_close_code(), 4000);
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(eventually([&] { return journal.size() == 1; }));
}

TEST(Timeouts, NeverMeansThatAnAnswerToOurCloseIsWaitedFor) {  // checklist 88
  RunningServer server(Handlers{.on_open = [](Connection& socket) { socket.close(4000); },
                                .on_close = [](Connection&, const CloseInfo& why) { EXPECT_TRUE(why.clean); }},
                       {.handshake_timeout = 50ms, .ping_interval = 50ms, .close_timeout = Options::kNever});
  auto client = RawClient::open(server.port());
  EXPECT_EQ(client.read_close_code(), 4000);
  EXPECT_FALSE(client.readable_within(300));
  client.send(close_frame(4000));
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_FALSE(client.was_reset());
}

/// One for all of it: neither the peer's Close nor the end of its stream begins it anew.
TEST(Timeouts, TheCloseTimeoutIsAbsolute) {
  RunningServer server(Handlers{.on_open =
                                    [](Connection& socket) {
                                      if (socket.info().path != "/slow") return;
                                      std::string large;
                                      large.resize(60'000'000, 'x');
                                      socket.send(large);
                                      socket.close(4000);
                                    }},
                       {.soft_limit_bytes = 100'000'000,
                        .hard_limit_bytes = 100'000'000,
                        .ping_interval = Options::kNever,
                        .close_timeout = 500ms,
                        .max_connections = 1});
  auto slow = RawClient::open(server.port(), "/slow");
  RawClient next(server.port());
  next.send(upgrade_request());
  std::this_thread::sleep_for(300ms);  // what is tested: an answer that comes late,
  slow.send(close_frame(4000));
  slow.shutdown_writing();
  int reads = 0;  // and a slow reader, who would need 2.4 s at least
  for (; reads < 120 && !next.readable_within(20); ++reads) slow.read_exactly(500'000);
  EXPECT_LT(reads, 120);
}

/// After a broken rule, of HTTP or of WebSocket, the peer is told, and has its time to end the connection.
TEST(Timeouts, APeerThatDoesNotEndWhatTheServerHasEndedIsDropped) {
  const CapturedLog log;
  for (const std::string& broken : {std::string("GET /\r\n\r\n"), upgrade_request() + client_frame(3, "x")}) {
    RunningServer server(Handlers{}, {.handshake_timeout = Options::kNever,
                                      .ping_interval = Options::kNever,
                                      .close_timeout = 100ms,
                                      .max_connections = 1});
    RawClient first(server.port());
    first.send(broken);
    first.read_to_end();
    RawClient second(server.port());
    second.send(upgrade_request());
    EXPECT_TRUE(second.readable_within(10'000)) << broken;
  }
}

TEST(Timeouts, APeerThatReadsNothingIsDroppedWhenOutputMakesNoProgress) {
  const CapturedLog log;
  Journal journal;
  RunningServer server(Handlers{.on_open = [](Connection& socket) { fill(socket); },
                                .on_close =
                                    [&](Connection&, const CloseInfo& why) {
                                      EXPECT_EQ(why.by, EndedBy::timeout);
                                      journal.add("close");
                                    }},
                       {.ping_interval = Options::kNever, .write_timeout = 200ms});
  auto client = RawClient::open(server.port());
  EXPECT_TRUE(eventually([&] { return journal.size() == 1; }));
}

TEST(Timeouts, APeerThatReadsSlowlyIsNotDropped) {
  std::atomic<bool> closed{false};
  RunningServer server(Handlers{.on_open = [](Connection& socket) { socket.send(std::string(5 * 1024 * 1024, 's')); },
                                .on_close = [&](Connection&, const CloseInfo&) { closed = true; }},
                       {.hard_limit_bytes = 100'000'000, .ping_interval = Options::kNever, .write_timeout = 1s});
  auto client = RawClient::open(server.port());
  const auto start = Clock::now();
  std::size_t unread = 0;
  for (unread = 4 * 1024 * 1024; Clock::now() - start < 2500ms; unread -= 50'000) {  // more was sent
    ASSERT_GE(unread, 50'000U);
    client.read_exactly(50'000);
    std::this_thread::sleep_for(100ms);  // what is tested: a reader that takes its time
  }
  EXPECT_FALSE(closed);
}

/// Attack 31: a busy peer has its budget, then the others have their turn.
TEST(Fairness, AFloodingPeerDoesNotStarveAQuietOne) {
  constexpr std::uint32_t budget = 16;
  constexpr int count = 2000;
  std::vector<std::string> order;
  Server server("ws://127.0.0.1:0", {.turn_messages = budget});
  server.start(Handlers{.on_message = [&](Connection&, std::string_view text) {
    order.emplace_back(text);
    if (order.size() == count + 1) server.stop();
  }});
  RawClient flooding(server.port());
  std::string flood = upgrade_request();
  for (int i = 0; i < count; ++i) flood += text_frame("flood");
  flooding.send(flood);
  RawClient quiet(server.port());
  quiet.send(upgrade_request() + text_frame("quiet"));
  server.run();  // everything is there already, the flood first
  const auto place = std::find(order.begin(), order.end(), "quiet") - order.begin();
  EXPECT_EQ(order.size(), count + 1U);
  EXPECT_LE(place, 2 * budget);
}

/// Edge-triggered epoll does not remind: what a spent budget leaves must not be forgotten.
TEST(Fairness, AFloodIsServedWhole) {
  std::atomic<int> received{0};
  RunningServer server(Handlers{.on_message = [&](Connection&, std::string_view) { ++received; }},
                       {.turn_bytes = 4096, .turn_messages = 16});
  auto client = RawClient::open(server.port());
  std::string burst;
  for (int i = 0; i < 1000; ++i) burst += text_frame("flood");
  for (int i = 0; i < 200; ++i) client.send(burst);
  EXPECT_TRUE(eventually([&] { return received == 200'000; }));
}

TEST(Fairness, EveryBudgetDeliversEveryMessageInOrder) {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{7}, std::size_t{100}, std::size_t{100'000}}) {
    for (const std::uint32_t messages : {1U, 2U, 1000U}) {
      RunningServer server(Handlers{.on_message = [](Connection& socket, std::string_view text) { socket.send(text); }},
                           {.turn_bytes = bytes, .turn_messages = messages});
      RawClient client(server.port());
      std::string all = upgrade_request();
      for (int i = 0; i < 50; ++i) all += text_frame(std::to_string(i)) + client_frame(9, std::to_string(i));
      client.send(all + text_frame(std::string(100'000, 'l')) + close_frame(1000));
      client.read_head();
      for (int i = 0; i < 50; ++i) {
        ASSERT_EQ(client.read_frame(), (Frame{1, true, std::to_string(i)})) << bytes << ' ' << messages;
        ASSERT_EQ(client.read_frame(), (Frame{10, true, std::to_string(i)})) << bytes << ' ' << messages;
      }
      ASSERT_EQ(client.read_frame().payload.size(), 100'000U) << bytes << ' ' << messages;
      ASSERT_EQ(client.read_close_code(), 1000);
    }
  }
}

}  // namespace
}  // namespace mote

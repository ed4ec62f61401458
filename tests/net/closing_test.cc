// The closing handshake, RFC 6455 §5.5.1 and §7, as a peer sees it. No timeout helps: whatever is answered or ended
// here is so at once.

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <future>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/held_closing.h"
#include "tests/support/process_facts.h"
#include "tests/support/raw_client.h"
#include "tests/support/running_server.h"

namespace mote {
namespace {

using test::CapturedLog;
using test::client_frame;
using test::close_frame;
using test::eventually;
using test::Frame;
using test::HeldClosing;
using test::Journal;
using test::open_descriptors;
using test::RawClient;
using test::RunningServer;
using test::text_frame;

Options without_timeouts() {
  return {.handshake_timeout = Options::kNever,
          .ping_interval = Options::kNever,
          .ping_timeout = Options::kNever,
          .close_timeout = Options::kNever,
          .write_timeout = Options::kNever};
}

Handlers echo() {
  return {.on_message = [](Connection& socket, std::string_view text) { socket.send(text); }};
}

/// Handlers that close with 4000 on each message, and write down how it ended.
Handlers closing(Journal& journal) {
  return {.on_message = [](Connection& socket, std::string_view) { socket.close(4000); },
          .on_close = [&](Connection&, const CloseInfo& why) { journal.add(std::to_string(why.code)); }};
}

std::string code_bytes(unsigned code) { return {static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)}; }

// RFC 6455 §5.5.1, §7.4, checklist 87, 88, 93: its code comes back, and then the server is the first to end TCP.
TEST(Closing, EveryLegalCodeIsEchoedAndTheServerEndsTheConnectionFirst) {
  RunningServer server(echo(), without_timeouts());
  for (const unsigned code : {1000U, 1001U, 1002U, 1003U, 1007U, 1008U, 1009U, 1010U, 1011U, 1012U, 1013U, 1014U, 3000U,
                              3999U, 4000U, 4999U}) {
    auto client = RawClient::open(server.port());
    client.send(close_frame(static_cast<std::uint16_t>(code), "why"));
    EXPECT_EQ(client.read_frame(), (Frame{8, true, code_bytes(code)}));
    EXPECT_EQ(client.read_to_end(), "");
    EXPECT_FALSE(client.was_reset()) << code;
  }
}

// RFC 6455 §7.4, checklist 85, 92, 93: the answer is 1002, and never the code that must not be sent.
TEST(Closing, NoOtherCodeIsAcceptedOrEchoed) {
  const CapturedLog log(LogLevel::off);
  RunningServer server(echo(), without_timeouts());
  for (const unsigned code :
       {0U, 1U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 1099U, 1100U, 2000U, 2999U, 5000U, 5999U, 65'535U}) {
    auto client = RawClient::open(server.port());
    client.send(close_frame(static_cast<std::uint16_t>(code)));
    EXPECT_EQ(client.read_close_code(), 1002) << code;
    EXPECT_EQ(client.read_to_end(), "");
  }
}

TEST(Closing, AReasonIsUtf8AndFillsTheFrameAtMost) {  // RFC 6455 §5.5.1, §8.1, checklist 85
  const CapturedLog log(LogLevel::off);
  Journal journal;
  RunningServer server(
      Handlers{.on_close = [&](Connection&, const CloseInfo& why) { journal.add(std::string(why.reason)); }});
  const std::string longest = std::string(120, 'r') + "\xE2\x82\xAC";
  auto client = RawClient::open(server.port());
  client.send(close_frame(1000, longest));
  EXPECT_EQ(client.read_close_code(), 1000);
  EXPECT_TRUE(eventually([&] { return journal.size() == 1; }));
  EXPECT_EQ(journal.lines()[0], longest);
  for (const std::string& payload :
       {std::string("\x03"), std::string("\x03\xE8\xFF"), "\x03\xE8" + longest.substr(0, 122)}) {
    auto other = RawClient::open(server.port());
    other.send(client_frame(8, payload));
    EXPECT_EQ(other.read_close_code(), payload.size() == 1 ? 1002 : 1007) << payload.size();
  }
}

TEST(Closing, ACloseInsideAMessageIsAnsweredAtOnce) {  // RFC 6455 §5.4, §5.5.1, checklist 73, 87
  Journal journal;
  auto handlers = closing(journal);
  handlers.on_message = [&](Connection&, std::string_view text) { journal.add(std::string(text)); };
  RunningServer server(std::move(handlers), without_timeouts());
  auto client = RawClient::open(server.port());
  client.send(client_frame(1, "beginning", {.fin = false}) + close_frame(1001));
  EXPECT_EQ(client.read_frame(), (Frame{8, true, code_bytes(1001)}));
  EXPECT_EQ(client.read_to_end(), "");
  server.stop();
  EXPECT_EQ(journal.lines(), (std::vector<std::string>{"1001"}));  // the half message was not delivered
}

TEST(Closing, NothingIsSentAfterAClose) {  // RFC 6455 §5.5.1, §6.1, checklist 81, 86
  Journal journal;
  auto handlers = closing(journal);
  handlers.on_message = [&](Connection& socket, std::string_view) {
    const auto bytes = std::as_bytes(std::span("late"));
    socket.send("before");
    socket.close(4000);
    EXPECT_EQ(socket.send("late"), SendStatus::closed);
    EXPECT_EQ(socket.send(bytes), SendStatus::closed);
    EXPECT_EQ(socket.send_ping(bytes), SendStatus::closed);
    EXPECT_EQ(socket.send_pong(bytes), SendStatus::closed);
    EXPECT_EQ(socket.handle().send("late"), SendStatus::closed);
    socket.close(4001);
  };
  RunningServer server(std::move(handlers), without_timeouts());
  auto client = RawClient::open(server.port());
  client.send(text_frame("go"));
  EXPECT_EQ(client.read_frame(), (Frame{1, true, "before"}));
  EXPECT_EQ(client.read_frame(), (Frame{8, true, code_bytes(4000)}));
  client.send(text_frame("go") + client_frame(2, "go"));
  server.on_thread([] {});
  client.send(close_frame(4000));
  EXPECT_EQ(client.read_to_end(), "");
  server.stop();
  EXPECT_EQ(journal.lines(), (std::vector<std::string>{"4000"}));
}

/// Only a Close that was received ends the duty to answer.
TEST(Closing, APingBetweenTheTwoClosesIsAnswered) {  // RFC 6455 §5.5.2, checklist 77
  Journal journal;
  auto handlers = closing(journal);
  handlers.on_ping = [&](Connection&, std::span<const std::byte>) { journal.add("ping"); };
  RunningServer server(std::move(handlers), without_timeouts());
  auto client = RawClient::open(server.port());
  client.send(text_frame("go"));
  EXPECT_EQ(client.read_frame(), (Frame{8, true, code_bytes(4000)}));
  client.send(client_frame(9, "still there?") + text_frame("go") + client_frame(9, "and now?"));
  EXPECT_EQ(client.read_frame(), (Frame{10, true, "still there?"}));
  EXPECT_EQ(client.read_frame(), (Frame{10, true, "and now?"}));
  client.send(close_frame(4000) + client_frame(9, "after Close"));
  EXPECT_EQ(client.read_to_end(), "");
  server.stop();
  EXPECT_EQ(journal.lines(), (std::vector<std::string>{"4000"}));
}

/// The peer may end TCP behind its answer to our Close: that it cannot be given its pongs any more says nothing.
TEST(Closing, PongsThatCannotBeWrittenDoNotOvertakeTheAnswerToOurClose) {  // RFC 6455 §7.1.4
  HeldClosing held;
  auto options = without_timeouts();
  options.turn_messages = 1;
  RunningServer server(held.handlers(), options, [&](Server& made) { held.set(made); });
  {
    auto client = RawClient::open(server.port());
    client.send(text_frame("go"));
    EXPECT_EQ(client.read_frame(), (Frame{8, true, code_bytes(4000)}));
    std::string pings;
    for (int i = 0; i < 20; ++i) pings += client_frame(9, "still there?");
    client.send(pings + close_frame(4000));
  }
  held.release();
  EXPECT_TRUE(eventually([&] { return server->connection_count() == 0; }));
  server.stop();
  EXPECT_EQ(held.ends(), (std::vector<std::string>{"4000"}));
}

TEST(Closing, APingAfterACloseIsNotAnswered) {  // RFC 6455 §5.5.2, checklist 77
  RunningServer server(echo(), without_timeouts());
  auto client = RawClient::open(server.port());
  client.send(close_frame(1000) + client_frame(9, "after Close"));
  EXPECT_EQ(client.read_frame(), (Frame{8, true, code_bytes(1000)}));
  EXPECT_EQ(client.read_to_end(), "");
}

/// Not a half: the descriptor is given back while the client still holds its own end open.
TEST(Closing, AfterBothClosesTheServerHasClosedItsSocket) {  // RFC 6455 §7.1.1, checklist 88
  Journal journal;
  RunningServer server(closing(journal), without_timeouts());
  server.on_thread([] {});
  const int before = open_descriptors();
  for (const bool server_begins : {false, true}) {
    auto client = RawClient::open(server.port());
    EXPECT_EQ(open_descriptors(), before + 2);
    if (server_begins) {
      client.send(text_frame("go"));
      EXPECT_EQ(client.read_close_code(), 4000);
    }
    client.send(close_frame(4000));
    EXPECT_EQ(client.read_to_end(), server_begins ? "" : "\x88\x02" + code_bytes(4000));
    EXPECT_TRUE(eventually([&] { return open_descriptors() == before + 1; }));
  }
}

/// Those that had come when the server read the Close: unread, they would make the end a reset, which may overtake its
/// own Close. The server's thread waits until all are there; it reads them all at once, or a few in each turn.
TEST(Closing, TrailingBytesAreDiscardedAndTheEndIsClean) {  // RFC 6455 §7.1.1, checklist 90
  for (const std::size_t turn_bytes : {std::size_t{100}, Options{}.turn_bytes}) {
    for (const std::size_t size : {std::size_t{1}, std::size_t{1'000}, std::size_t{30'000}}) {
      Options options = without_timeouts();
      options.turn_bytes = turn_bytes;
      RunningServer server(echo(), options);
      auto client = RawClient::open(server.port());
      std::promise<void> sent;
      server->post([all = sent.get_future().share()] { all.wait(); });
      client.send(close_frame(1000) + std::string(size, '\xF7'));
      sent.set_value();
      EXPECT_EQ(client.read_frame(), (Frame{8, true, code_bytes(1000)}));
      EXPECT_EQ(client.read_to_end(), "");
      EXPECT_FALSE(client.was_reset()) << turn_bytes << ' ' << size;
    }
  }
}

/// What has come while nothing was read brings no other event: the peer's Close is among it.
TEST(Closing, APauseEndsWithOurClose) {
  for (const bool in_one_segment : {true, false}) {
    std::optional<Handle> paused;
    std::optional<CloseInfo> told;
    RunningServer server(Handlers{.on_message =
                                      [&](Connection& socket, std::string_view text) {
                                        EXPECT_EQ(text, "pause");
                                        socket.pause_reading();
                                        paused = socket.handle();
                                      },
                                  .on_close = [&](Connection&, const CloseInfo& why) { told = why; }});
    auto client = RawClient::open(server.port());
    const std::string rest = text_frame("waits") + close_frame(1000);
    client.send(text_frame("pause") + (in_one_segment ? rest : ""));
    const auto is_paused = [&] {
      bool answer = false;
      server.on_thread([&] { answer = paused.has_value(); });
      return answer;
    };
    ASSERT_TRUE(eventually(is_paused));
    if (!in_one_segment) client.send(rest);
    for (int i = 0; i < 2; ++i) server.on_thread([] {});  // the event has been seen
    server.on_thread([&] { paused->close(4000); });
    EXPECT_EQ(client.read_close_code(), 4000);
    client.read_to_end();
    server.stop();
    ASSERT_TRUE(told);
    EXPECT_TRUE(told->clean) << in_one_segment;
  }
}

TEST(Closing, AConnectionThatIsLostIsReportedAs1006AndNothingIsSent) {  // RFC 6455 §7.1.5, checklist 92, 94
  for (const bool reset : {false, true}) {
    for (const std::string& last : {std::string(), client_frame(10, "whole"), text_frame("half").substr(0, 7),
                                    client_frame(1, "fragment", {.fin = false}), close_frame(1000).substr(0, 7)}) {
      Journal journal;
      RunningServer server(closing(journal), without_timeouts());
      auto client = RawClient::open(server.port());
      client.send(last);
      if (reset) {
        client.reset();
      } else {
        client.shutdown_writing();
        EXPECT_EQ(client.read_to_end(), "");
      }
      EXPECT_TRUE(eventually([&] { return journal.size() == 1; }));
      EXPECT_EQ(journal.lines(), (std::vector<std::string>{"1006"}));
    }
  }
}

}  // namespace
}  // namespace mote

// RFC 6455 §5 to §7 for a client, as a server sees it: the frames that it sends, what it makes of wrong ones, and how
// it ends.

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/feed.h"
#include "tests/support/running_client.h"
#include "tests/support/scripted_server.h"

namespace mote {
namespace {

using namespace std::chrono_literals;
using test::answer_upgrade;
using test::CapturedLog;
using test::client_frame;
using test::Frame;
using test::kNormalClose;
using test::kQuietMs;
using test::Lines;
using test::RawClient;
using test::RowName;
using test::RunningClient;
using test::ScriptedServer;
using test::server_frame;
using test::Source;

const Frame kClosed{8, true, "\x03\xE8"};

/// No timeout helps: whatever is answered or ended here is so at once.
ClientOptions without_timeouts() {
  ClientOptions options;
  options.ping_interval = options.ping_timeout = options.close_timeout = options.write_timeout = Options::kNever;
  return options;
}

/// A client and the server's end of its open connection.
struct Pair {
  explicit Pair(const ClientOptions& options = without_timeouts(), RunningClient::Configure more = {},
                std::string_view lines = {})
      : client(server.port(), options, std::move(more)), peer(server.accept()) {
    answer_upgrade(peer, lines);
  }

  /// What the client was told, once the server has ended TCP.
  Lines told() {
    peer.shutdown_writing();
    return client.told();
  }

  ScriptedServer server;
  RunningClient client;
  RawClient peer;
};

// ---- What it sends

/// A masked frame with a payload of at most 125 bytes, taken apart.
struct Masked {
  std::string header;
  std::string key;
  std::string payload;  // as it came
};

Masked read_masked(RawClient& peer) {
  Masked frame;
  frame.header = peer.read_exactly(2);
  frame.key = peer.read_exactly(4);
  frame.payload = peer.read_exactly(static_cast<unsigned char>(frame.header[1]) & 0x7FU);
  return frame;
}

// RFC 6455 §5.3, checklist 66, 71: a control frame and an empty one, too.
TEST(ClientFrames, EachHasAMaskingKeyOfItsOwn) {
  constexpr std::size_t kFrames = 200;
  Pair pair(without_timeouts(), [](Connection& socket) {
    socket.on_open([&socket] {
      for (std::size_t i = 0; i < kFrames / 4; ++i) {
        socket.send("same");
        socket.send("");
        socket.send_ping();
        socket.send_pong();
      }
    });
  });
  std::set<std::string> keys;
  std::array<std::set<char>, 4> octets;
  for (std::size_t i = 0; i < kFrames; ++i) {
    const Masked frame = read_masked(pair.peer);
    EXPECT_NE(frame.header[1] & 0x80, 0);
    keys.insert(frame.key);
    for (std::size_t k = 0; k < 4; ++k) octets[k].insert(frame.key[k]);
    for (std::size_t k = 0; k < frame.payload.size(); ++k) EXPECT_EQ(frame.payload[k] ^ frame.key[k], "same"[k]);
  }
  EXPECT_EQ(keys.size(), kFrames);
  EXPECT_EQ(keys.count(std::string(4, '\0')), 0U);
  for (const auto& seen : octets) EXPECT_GT(seen.size(), 80U) << "of 256 values, 200 times drawn";
}

TEST(ClientFrames, AConnectionDoesNotBeginWithTheKeysOfTheOneBefore) {  // RFC 6455 §5.3, checklist 71
  std::set<std::string> keys;
  for (int i = 0; i < 20; ++i) {
    Pair pair(without_timeouts(), [](Connection& socket) { socket.on_open([&socket] { socket.send("x"); }); });
    keys.insert(read_masked(pair.peer).key);
  }
  EXPECT_EQ(keys.size(), 20U);
}

// Checklist 66, 70, 81: each frame is a whole message, with its opcode and FIN, in the shortest form and masked.
TEST(ClientFrames, EveryLengthComesInTheShortestForm) {
  const std::vector<std::size_t> sizes = {0, 1, 125, 126, 127, 65'535, 65'536, 200'000};
  Pair pair(without_timeouts(), [&](Connection& socket) {
    socket.on_open([&] {
      for (const std::size_t size : sizes) {
        const std::string payload(size, 'p');
        socket.send(payload);
        socket.send(std::as_bytes(std::span(payload)));
      }
      socket.close(4000, "reason");
    });
  });
  for (const std::size_t size : sizes) {
    EXPECT_TRUE(pair.peer.read_frame() == (Frame{1, true, std::string(size, 'p')})) << size;
    EXPECT_TRUE(pair.peer.read_frame() == (Frame{2, true, std::string(size, 'p')})) << size;
  }
  EXPECT_EQ(pair.peer.read_frame(), (Frame{8, true, "\x0F\xA0reason"}));
}

TEST(ClientFrames, APingIsAnsweredBetweenFragments) {  // checklist 72, 73, 75, 77, 78, 79
  Pair pair;
  const auto fragment = [](unsigned opcode, std::string_view payload, bool fin) {
    return client_frame(opcode, payload, {.fin = fin, .masked = false});
  };
  pair.peer.send(fragment(1, "a", false) + server_frame(9, "p") + server_frame(10, "unasked") + fragment(0, "", false) +
                 fragment(0, "b", true));
  EXPECT_EQ(pair.peer.read_frame(), (Frame{10, true, "p"}));
  pair.peer.send(kNormalClose);
  EXPECT_EQ(pair.peer.read_frame(), kClosed);
  EXPECT_EQ(pair.told(), (Lines{"open", "ping p", "pong unasked", "text ab", "close 1000 peer clean"}));
}

// ---- What it does not let a server send

struct Fault {
  Source source;
  std::string frames;
  std::uint16_t code = 1002;
  std::string lines = {};  // of the response
};

void PrintTo(const Fault& row, std::ostream* out) { *out << row.source; }

class ServerFault : public testing::TestWithParam<Fault> {};

// RFC 6455 §7.1.7, checklist 84, 91: it says why, ends TCP without waiting, and takes nothing that comes after.
TEST_P(ServerFault, FailsTheConnection) {
  const CapturedLog quiet;
  ClientOptions options = without_timeouts();
  options.max_message_bytes = 1000;
  options.max_fragments = 3;
  if (!GetParam().lines.empty()) options.compression.mode = CompressionMode::on;
  Pair pair(options, {}, GetParam().lines);
  pair.peer.send(server_frame(1, "good") + GetParam().frames + server_frame(1, "late") + kNormalClose);
  EXPECT_EQ(pair.peer.read_close_code(), GetParam().code);
  EXPECT_EQ(pair.peer.read_to_end(), "");
  EXPECT_FALSE(pair.peer.was_reset());
  const bool limit = GetParam().code == 1008 || GetParam().code == 1009;
  const std::string end = "close " + std::to_string(GetParam().code) + (limit ? " limit" : " protocol_error");
  EXPECT_EQ(pair.told(), (Lines{"open", "text good", limit ? "error limit" : "error protocol", end}));
}

std::string bits(unsigned opcode, std::string_view payload, test::FrameBits how) {
  how.masked = false;
  return client_frame(opcode, payload, how);
}

std::vector<Fault> faults() {
  const std::string first = bits(1, "a", {.fin = false});
  const std::string more = bits(0, "b", {.fin = false});
  const std::string deflate =
      "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n";
  return {
      {{"Masked", "6455 §5.1", 66}, client_frame(1, "x")},
      {{"MaskedPing", "6455 §5.1", 66}, client_frame(9, "")},
      {{"MaskedClose", "6455 §5.1", 66}, client_frame(8, "\x03\xE8")},
      {{"Rsv1", "6455 §5.2", 67}, bits(1, "x", {.reserved = 4})},
      {{"Rsv2", "6455 §5.2", 67}, bits(1, "x", {.reserved = 2})},
      {{"Rsv3", "6455 §5.2", 67}, bits(2, "x", {.reserved = 1})},
      {{"Rsv2WithDeflate", "6455 §5.2", 67}, bits(1, "x", {.reserved = 2}), 1002, deflate},
      {{"Opcode3", "6455 §5.2", 68}, server_frame(3, "")},
      {{"Opcode11", "6455 §5.2", 68}, server_frame(11, "")},
      {{"LengthWithHighestBit", "6455 §5.2", 69}, bits(2, "", {.length_bytes = 8, .announced = 1ULL << 63})},
      {{"ShortLengthIn2Bytes", "6455 §5.2", 70}, bits(2, "x", {.length_bytes = 2})},
      {{"ShortLengthIn8Bytes", "6455 §5.2", 70}, bits(2, "x", {.length_bytes = 8})},
      {{"TextInsideText", "6455 §5.4", 74}, first + server_frame(1, "b")},
      {{"BinaryInsideText", "6455 §5.4", 74}, first + server_frame(2, "b")},
      {{"ContinuationOfNothing", "6455 §5.4", 74}, bits(0, "b", {})},
      {{"PingOf126Bytes", "6455 §5.5", 76}, server_frame(9, std::string(126, 'p'))},
      {{"FragmentedPing", "6455 §5.5", 76}, bits(9, "", {.fin = false})},
      {{"FragmentedClose", "6455 §5.5", 76}, bits(8, "", {.fin = false})},
      {{"TextIsNotUtf8", "6455 §8.1", 80}, server_frame(1, "\xFF"), 1007},
      {{"TextEndsInACharacter", "6455 §8.1", 80}, server_frame(1, "\xE2\x82"), 1007},
      {{"FragmentIsNotUtf8", "6455 §8.1", 80}, bits(1, "\xED\xA0", {.fin = false}), 1007},
      {{"MessageTooLarge", "6455 §10.4", 83}, bits(2, "", {.announced = 1001}), 1009},
      {{"FragmentsTooLarge", "6455 §10.4", 83}, first + bits(0, std::string(1000, 'b'), {}), 1009},
      {{"TooManyFragments", "6455 §10.4", 83}, first + more + more + more, 1008},
      {{"CloseOf1Byte", "6455 §5.5.1", 85}, server_frame(8, "x")},
      {{"ReasonIsNotUtf8", "6455 §5.5.1", 85}, server_frame(8, "\x03\xE8\xFF"), 1007},
      {{"Code999", "6455 §7.4.2", 93}, server_frame(8, "\x03\xE7")},
      {{"Code1005", "6455 §7.4.1", 92}, server_frame(8, "\x03\xED")},
      {{"Code1006", "6455 §7.4.1", 92}, server_frame(8, "\x03\xEE")},
      {{"Code1015", "6455 §7.4.1", 92}, server_frame(8, "\x03\xF7")},
      {{"Code5000", "6455 §7.4.2", 93}, server_frame(8, "\x13\x88")},
      {{"CompressedPing", "7692 §6", 98}, bits(9, "", {.reserved = 4}), 1002, deflate},
      {{"CompressedContinuation", "7692 §6", 98}, first + bits(0, "b", {.reserved = 4}), 1002, deflate},
      {{"NoDeflateData", "7692 §7.2.2", 105}, bits(1, "\xFF\xFF", {.reserved = 4}), 1007, deflate},
  };
}

INSTANTIATE_TEST_SUITE_P(Rows, ServerFault, testing::ValuesIn(faults()), RowName());

// ---- The end

// RFC 6455 §5.5.1, §7.1.1, checklist 87, 89, 90, 93: the code comes back, and the server is the first to end TCP.
TEST(ClientClosing, EveryLegalCodeIsEchoedAndTheServerEndsTcpFirst) {
  for (const unsigned code : {1000U, 1001U, 1002U, 1003U, 1007U, 1011U, 1012U, 1014U, 3000U, 4999U}) {
    Pair pair;
    const std::string bytes = {static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
    pair.peer.send(server_frame(8, bytes + "why"));
    EXPECT_EQ(pair.peer.read_frame(), (Frame{8, true, bytes}));
    EXPECT_FALSE(pair.peer.readable_within(kQuietMs)) << code;
    pair.peer.shutdown_writing();
    EXPECT_EQ(pair.peer.read_to_end(), "");
    EXPECT_FALSE(pair.peer.was_reset());
    EXPECT_EQ(pair.told(), (Lines{"open", "close " + std::to_string(code) + " peer clean"}));
  }
}

TEST(ClientClosing, ACloseWithoutACodeIsAnsweredWithOne) {  // RFC 6455 §7.1.5, checklist 85, 87, 92
  Pair pair;
  pair.peer.send(server_frame(8, ""));
  EXPECT_EQ(pair.peer.read_frame(), (Frame{8, true, ""}));
  EXPECT_EQ(pair.told(), (Lines{"open", "close 1005 peer clean"}));
}

// RFC 6455 §7.1.1, checklist 89, 90: after a Close of its own, too; what comes behind the answer is dropped.
TEST(ClientClosing, ItWaitsForTheServerToEndTcpAfterItsOwnClose) {
  Pair pair(without_timeouts(), [](Connection& socket) { socket.on_open([&socket] { socket.close(4000); }); });
  EXPECT_EQ(pair.peer.read_frame(), (Frame{8, true, "\x0F\xA0"}));
  pair.peer.send(server_frame(8, "\x0F\xA0") + server_frame(1, "late") + server_frame(9, "late"));
  EXPECT_FALSE(pair.peer.readable_within(kQuietMs));
  pair.peer.shutdown_writing();
  EXPECT_EQ(pair.peer.read_to_end(), "");
  EXPECT_FALSE(pair.peer.was_reset());
  EXPECT_EQ(pair.told(), (Lines{"close 4000 local clean"}));
}

TEST(ClientClosing, AServerThatNeverEndsTcpIsNotWaitedForLongerThanTheTimeout) {  // RFC 6455 §7.1.1, checklist 89
  ClientOptions options;
  options.close_timeout = 100ms;
  Pair pair(options);
  pair.peer.send(kNormalClose);
  EXPECT_EQ(pair.peer.read_frame(), kClosed);
  EXPECT_EQ(pair.peer.read_to_end(), "");
  EXPECT_EQ(pair.client.told(), (Lines{"open", "close 1000 peer clean"}));
}

TEST(ClientClosing, NothingIsSentAfterClose) {  // RFC 6455 §5.5.1, checklist 81, 86
  Pair pair(without_timeouts(), [](Connection& socket) {
    socket.on_open([&socket] {
      socket.close();
      EXPECT_EQ(socket.send("late"), SendStatus::closed);
      EXPECT_EQ(socket.send_ping(), SendStatus::closed);
      socket.close(4000);
    });
  });
  EXPECT_EQ(pair.peer.read_frame(), kClosed);
  pair.peer.send(server_frame(1, "dropped"));
  EXPECT_FALSE(pair.peer.readable_within(kQuietMs));
  pair.peer.send(kNormalClose);
  pair.peer.shutdown_writing();
  EXPECT_EQ(pair.peer.read_to_end(), "");
  EXPECT_EQ(pair.told(), (Lines{"close 1000 local clean"}));
}

TEST(ClientClosing, AnUnansweredCloseEndsWith1006InTime) {  // RFC 6455 §7.1.5, checklist 94
  const CapturedLog quiet;
  ClientOptions options;
  options.close_timeout = 100ms;
  Pair pair(options, [](Connection& socket) { socket.on_open([&socket] { socket.close(); }); });
  EXPECT_EQ(pair.client.told(), (Lines{"error timeout", "close 1006 timeout"}));
}

// RFC 6455 §7.1.5, §7.2.1, checklist 92, 94: the client fails the connection, and sends nothing.
TEST(ClientClosing, AConnectionThatIsLostIsReportedAs1006) {
  for (const bool reset : {false, true}) {
    for (const std::string& last :
         {std::string(), server_frame(10, "").substr(0, 1), server_frame(1, "half").substr(0, 4),
          client_frame(1, "fragment", {.fin = false, .masked = false}), kNormalClose.substr(0, 3)}) {
      Pair pair;
      pair.peer.send(last);
      if (reset) {
        pair.peer.reset();
      } else {
        pair.peer.shutdown_writing();
        EXPECT_EQ(pair.peer.read_to_end(), "");
      }
      EXPECT_EQ(pair.client.told(), (Lines{"open", "error transport", "close 1006 transport"}));
    }
  }
}

}  // namespace
}  // namespace mote

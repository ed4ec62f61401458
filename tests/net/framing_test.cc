// RFC 6455 §5 and §6 as a peer sees them: every byte that the server sends, and what it makes of frames in any order.
// What is not allowed is in attacks_test.cc.

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/raw_client.h"
#include "tests/support/running_server.h"

namespace mote {
namespace {

using test::CapturedLog;
using test::client_frame;
using test::echo_handlers;
using test::Frame;
using test::Journal;
using test::RawClient;
using test::RunningServer;
using test::text_frame;

std::string fragment(unsigned opcode, std::string_view payload) {
  return client_frame(opcode, payload, {.fin = false});
}

// A header of a server's frame as RFC 6455 §5.2 draws it: FIN, no reserved bit, no mask, the shortest length.
std::string header(unsigned opcode, std::uint64_t size) {
  std::string bytes(1, static_cast<char>(0x80 | opcode));
  const unsigned length_bytes = size > 0xFFFF ? 8 : size > 125 ? 2 : 0;
  bytes += static_cast<char>(length_bytes == 8 ? 127 : length_bytes == 2 ? 126 : size);
  for (unsigned i = length_bytes; i-- > 0;) bytes += static_cast<char>(size >> (8 * i) & 0xFF);
  return bytes;
}

// Checklist 66, 70, 81: each frame is a whole message, with its opcode and FIN, in the shortest form and unmasked.
TEST(Framing, EveryByteThatTheServerSendsIsAsTheRfcDrawsIt) {
  const std::vector<std::size_t> sizes = {0, 1, 125, 126, 127, 65'535, 65'536, 200'000};
  RunningServer server(Handlers{.on_message =
                                    [&](Connection& socket, std::string_view) {
                                      for (const std::size_t size : sizes) {
                                        const std::string payload(size, 'p');
                                        socket.send(payload);
                                        socket.send(std::as_bytes(std::span(payload)));
                                      }
                                      for (const std::size_t size : {std::size_t{0}, std::size_t{125}}) {
                                        const std::string payload(size, 'c');
                                        socket.send_ping(std::as_bytes(std::span(payload)));
                                        socket.send_pong(std::as_bytes(std::span(payload)));
                                      }
                                      socket.close(4000, "reason");
                                    }},
                       {.hard_limit_bytes = 64 * 1024 * 1024});
  std::string expected;
  for (const std::size_t size : sizes) {
    for (const unsigned opcode : {1U, 2U}) expected += header(opcode, size) + std::string(size, 'p');
  }
  for (const std::size_t size : {0U, 125U}) {
    for (const unsigned opcode : {9U, 10U}) expected += header(opcode, size) + std::string(size, 'c');
  }
  expected += header(8, 8) + "\x0F\xA0reason";
  auto client = RawClient::open(server.port());
  client.send(text_frame("go"));
  EXPECT_TRUE(client.read_exactly(expected.size()) == expected);
  client.send(test::close_frame(4000));
  EXPECT_EQ(client.read_to_end(), "");
}

// RFC 6455 §5.4, checklist 72, 75.
TEST(Framing, MessagesComeWholeAndInFragmentsAndKeepTheirOrder) {
  RunningServer server(echo_handlers());
  auto client = RawClient::open(server.port());
  client.send(text_frame("whole") + fragment(1, "two ") + client_frame(0, "fragments") + client_frame(2, "\xFF") +
              fragment(2, "1") + fragment(0, "") + fragment(0, "23") + fragment(0, std::string(70'000, '4')) +
              client_frame(0, "5") + fragment(1, "") + client_frame(0, ""));
  EXPECT_EQ(client.read_frame(), (Frame{1, true, "whole"}));
  EXPECT_EQ(client.read_frame(), (Frame{1, true, "two fragments"}));
  EXPECT_EQ(client.read_frame(), (Frame{2, true, "\xFF"}));
  EXPECT_EQ(client.read_frame(), (Frame{2, true, "123" + std::string(70'000, '4') + "5"}));
  EXPECT_EQ(client.read_frame(), (Frame{1, true, ""}));
}

// RFC 6455 §5.4, §5.5.2, checklist 73, 77, attack 37: each answer is there before the rest of the message is even sent.
TEST(Framing, APingBetweenFragmentsIsAnsweredBeforeTheMessageEnds) {
  RunningServer server(echo_handlers());
  auto client = RawClient::open(server.port());
  client.send(fragment(1, "a") + client_frame(9, "first"));
  EXPECT_EQ(client.read_frame(), (Frame{10, true, "first"}));
  client.send(client_frame(9, "second"));
  EXPECT_EQ(client.read_frame(), (Frame{10, true, "second"}));
  client.send(fragment(0, "b") + client_frame(10, "unasked") + client_frame(9, ""));
  EXPECT_EQ(client.read_frame(), (Frame{10, true, ""}));
  client.send(client_frame(0, "c"));
  EXPECT_EQ(client.read_frame(), (Frame{1, true, "abc"}));
}

TEST(Framing, APongHasTheDataOfItsPing) {  // RFC 6455 §5.5.3, checklist 78
  RunningServer server(echo_handlers());
  auto client = RawClient::open(server.port());
  std::string data;
  for (unsigned size = 0; size <= 125; ++size) {
    client.send(client_frame(9, data));
    ASSERT_EQ(client.read_frame(), (Frame{10, true, data})) << size;
    data += static_cast<char>(size * 2 + 3);  // any octets: they are not text
  }
}

TEST(Framing, APongThatNobodyAskedForGetsNoAnswer) {  // RFC 6455 §5.5.3, checklist 79
  Journal journal;
  auto handlers = echo_handlers();
  handlers.on_pong = [&](Connection&, std::span<const std::byte>) { journal.add("pong"); };
  handlers.on_error = [&](Connection&, const Error& error) { journal.add(error.what()); };
  RunningServer server(std::move(handlers));
  auto client = RawClient::open(server.port());
  client.send(client_frame(10, "") + fragment(1, "a") + client_frame(10, std::string(125, '\xFF')) +
              client_frame(0, "b"));
  EXPECT_EQ(client.read_frame(), (Frame{1, true, "ab"}));
  EXPECT_EQ(journal.lines(), (std::vector<std::string>{"pong", "pong"}));
}

TEST(Framing, EveryMaskIsTakenOff) {  // RFC 6455 §5.3, §6.2, checklist 82
  RunningServer server(echo_handlers());
  auto client = RawClient::open(server.port());
  for (const std::uint32_t key : {0U, 1U, 0xFF000000U, 0xFFFFFFFFU, 0x37FA213DU}) {
    std::string payload;
    for (std::size_t size = 0; size < 300; ++size) {
      client.send(client_frame(2, payload, {.key = key}));
      ASSERT_EQ(client.read_frame(), (Frame{2, true, payload})) << key << ' ' << size;
      payload += static_cast<char>(size * 7);
    }
  }
}

TEST(Framing, EveryReservedOpcodeAndBitFailsTheConnection) {  // RFC 6455 §5.2, checklist 67, 68
  const CapturedLog log(LogLevel::off);
  RunningServer server(echo_handlers());
  const auto fails = [&](unsigned opcode, unsigned reserved) {
    auto client = RawClient::open(server.port());
    client.send(client_frame(opcode, "", {.reserved = reserved}) + text_frame("after"));
    EXPECT_EQ(client.read_close_code(), 1002) << opcode << ' ' << reserved;
    EXPECT_EQ(client.read_to_end(), "");
  };
  for (const unsigned opcode : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U}) fails(opcode, 0);
  for (unsigned reserved = 1; reserved < 8; ++reserved) {
    for (const unsigned opcode : {1U, 2U, 8U, 9U, 10U}) fails(opcode, reserved);
  }
}

}  // namespace
}  // namespace mote

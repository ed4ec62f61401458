#include "proto/message_deflater.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "tests/support/deflate.h"

namespace mote::proto {
namespace {

using mote::test::PeerInflater;

constexpr Compression kOn{.mode = CompressionMode::on, .threshold_bytes = 100};
constexpr DeflateParameters kAlone{.server_no_context_takeover = true, .client_no_context_takeover = true};
constexpr DeflateParameters kTakeover{};

const std::string kLong(300, 'x');
const std::string kShort(99, 'x');

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }
std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class Messages {
 public:
  Messages(const std::optional<DeflateParameters>& agreed, const Compression& settings, Role role = Role::server)
      : settings_(settings), pool_(settings_) {
    deflater_.agree(agreed, role);
  }

  // The payload where it is compressed, else `plain`.
  std::string encode(std::string_view message, Compress compress = Compress::by_size) {
    const auto encoded = deflater_.encode(bytes_of(message), compress, pool_);
    if (encoded.coding == Coding::deflated) return text_of(encoded.payload);
    EXPECT_EQ(encoded.payload.data(), bytes_of(message).data()) << "a message that is not compressed is not copied";
    return "plain";
  }
  std::string prepared(const PreparedMessage& message) {
    const PreparedFrame& frame = deflater_.choose(PreparedFrames::of(message), pool_);
    return frame.coding() == Coding::deflated ? text_of(frame.payload()) : "plain";
  }
  MessageDeflater& deflater() { return deflater_; }

 private:
  const Compression settings_;
  DeflatePool pool_;
  MessageDeflater deflater_;
};

// RFC 7692 §7.1.1.1: at each level, since the fastest has a compressor of its own.
TEST(MessageDeflater, WithoutTakeoverEachMessageStandsForItself) {
  for (int level = 1; level <= 9; ++level) {
    SCOPED_TRACE(level);
    Compression settings = kOn;
    settings.level = level;
    Messages messages(kAlone, settings);
    const std::string first = messages.encode(kLong);
    EXPECT_EQ(messages.encode(kLong), first);
    EXPECT_EQ(PeerInflater().message(first), kLong);
  }
}

TEST(MessageDeflater, CompressesFromTheThresholdOn) {
  Messages messages(kAlone, kOn);
  EXPECT_EQ(messages.encode(kShort), "plain");
  EXPECT_EQ(PeerInflater().message(messages.encode(kShort + "x")), kShort + "x");
  EXPECT_EQ(PeerInflater().message(messages.encode(kLong)), kLong);
}

TEST(MessageDeflater, DoesWhatSendAsksFor) {
  Messages messages(kAlone, kOn);
  EXPECT_EQ(messages.encode(kLong, Compress::never), "plain");
  EXPECT_EQ(PeerInflater().message(messages.encode(kShort, Compress::always)), kShort);
  Messages on_request(kAlone, {.mode = CompressionMode::on_request, .threshold_bytes = 100});
  EXPECT_EQ(on_request.encode(kLong), "plain");
  EXPECT_EQ(PeerInflater().message(on_request.encode(kLong, Compress::always)), kLong);
}

TEST(MessageDeflater, CompressesNothingWithoutAnAgreement) {  // RFC 7692 §6, checklist 67
  Messages messages(std::nullopt, kOn);
  EXPECT_EQ(messages.encode(kLong, Compress::always), "plain");
  EXPECT_EQ(messages.prepared(PreparedMessage(kLong, Compress::always)), "plain");
}

TEST(MessageDeflater, ResetsForEachMessageWithoutTakeover) {  // RFC 7692 §7.1.1.1, checklist 100
  Messages messages(kAlone, kOn);
  const std::string first = messages.encode(kLong);
  EXPECT_EQ(messages.encode(kLong), first);
  EXPECT_EQ(PeerInflater().message(first), kLong);
}

TEST(MessageDeflater, RefersToEarlierMessagesWithTakeover) {  // RFC 7692 §7.2.3.2, checklist 100
  Messages messages(kTakeover, kOn);
  PeerInflater peer;
  const std::string text = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" + kLong;
  const std::string first = messages.encode(text);
  const std::string second = messages.encode(text);
  EXPECT_LT(second.size(), first.size() / 2);
  EXPECT_EQ(peer.message(first), text);
  EXPECT_EQ(peer.message(second), text);
  EXPECT_THROW(static_cast<void>(PeerInflater().message(second)), std::runtime_error);
}

TEST(MessageDeflater, SendsPlainWhatDoesNotGetSmaller) {
  const std::string dense = "\x8f\x1c\xa3\x77\xe2\x05";
  Messages alone(kAlone, kOn);
  EXPECT_EQ(alone.encode(dense, Compress::always), "plain");
  Messages takeover(kTakeover, kOn);  // but not where the peer needs it for its window
  EXPECT_EQ(PeerInflater().message(takeover.encode(dense, Compress::always)), dense);
}

TEST(MessageDeflater, KeepsToTheWindowThatWasAgreedOn) {  // RFC 7692 §7.1.2.1, checklist 104
  std::string text;
  for (int i = 0; i < 3000; ++i) text.append(std::to_string(i * 7919));
  text += text;
  for (std::uint8_t bits = 8; bits <= 15; ++bits) {
    DeflateParameters agreed = kAlone;
    agreed.server_max_window_bits = bits;
    Messages messages(agreed, kOn);
    EXPECT_EQ(PeerInflater(bits).message(messages.encode(text)), text) << int{bits};
    EXPECT_EQ(PeerInflater(bits).message(messages.prepared(PreparedMessage(text))), text) << int{bits};
  }
}

TEST(MessageDeflater, OfAClientKeepsToWhatTheClientAgreedTo) {  // RFC 7692 §7.1.1.2, §7.1.2.2, checklist 101, 104
  std::string text;
  for (int i = 0; i < 3000; ++i) text.append(std::to_string(i * 7919));
  text += text;
  for (std::uint8_t bits = 8; bits <= 15; ++bits) {
    Messages messages({{.client_max_window_bits = bits, .client_no_context_takeover = true}}, kOn, Role::client);
    EXPECT_EQ(PeerInflater(bits).message(messages.encode(text)), text) << int{bits};
    EXPECT_EQ(PeerInflater(bits).message(messages.prepared(PreparedMessage(text))), text) << int{bits};
    const std::string first = messages.encode(text);
    EXPECT_EQ(messages.encode(text), first) << "no context takeover";
  }
  Messages takeover({{.server_no_context_takeover = true}}, kOn, Role::client);
  const std::string first = takeover.encode(kLong);
  EXPECT_LT(takeover.encode(kLong).size(), first.size());
}

TEST(MessageDeflater, KnowsWhatTheCompressorOfEachSideKeepsTo) {
  constexpr DeflateParameters agreed{.server_max_window_bits = 9,
                                     .client_max_window_bits = 12,
                                     .server_no_context_takeover = true,
                                     .client_no_context_takeover = false};
  EXPECT_EQ(agreed.compressor_of(Role::server).window_bits, 9);
  EXPECT_FALSE(agreed.compressor_of(Role::server).takeover);
  EXPECT_EQ(agreed.compressor_of(peer_of(Role::server)).window_bits, 12);
  EXPECT_TRUE(agreed.compressor_of(peer_of(Role::server)).takeover);
}

TEST(MessageDeflater, GoesOnAnewAfterAMessageThatWasNotSent) {
  Messages messages(kTakeover, kOn);
  PeerInflater peer;
  EXPECT_EQ(peer.message(messages.encode(kLong)), kLong);
  static_cast<void>(messages.encode(kLong + "lost"));
  messages.deflater().forget();
  EXPECT_EQ(peer.message(messages.encode(kLong + "lost")), kLong + "lost");
}

// ---- Prepared messages

TEST(PreparedMessage, IsFramedOnce) {
  const PreparedMessage text("Hello");
  const PreparedFrame& frame = PreparedFrames::of(text).plain();
  EXPECT_EQ(text_of(frame.header()), "\x81\x05");
  EXPECT_EQ(text_of(frame.payload()), "Hello");
  EXPECT_EQ(text.size(), 5U);
  const PreparedMessage binary(bytes_of(kLong));
  EXPECT_EQ(text_of(PreparedFrames::of(binary).plain().header()), std::string("\x82\x7E\x01\x2C"));
  EXPECT_EQ(PreparedMessage("").size(), 0U);
}

TEST(PreparedMessage, SaysWhatAClientNeedsForAHeaderOfItsOwn) {
  DeflatePool pool(kOn);
  const PreparedMessage text(kLong);
  EXPECT_EQ(PreparedFrames::of(text).plain().opcode(), Opcode::text);
  EXPECT_EQ(PreparedFrames::of(text).plain().coding(), Coding::plain);
  const PreparedMessage binary(bytes_of(kLong));
  const PreparedFrame* const deflated = PreparedFrames::of(binary).deflated(pool, 15);
  ASSERT_NE(deflated, nullptr);
  EXPECT_EQ(deflated->opcode(), Opcode::binary);
  EXPECT_EQ(deflated->coding(), Coding::deflated);
}

TEST(PreparedMessage, HasItsMessageAfterAMove) {
  static_assert(!std::is_constructible_v<PreparedMessage, std::nullptr_t>);
  PreparedMessage from("Hello");
  const PreparedMessage to(std::move(from));  // NOLINT(performance-move-const-arg): what is tested
  EXPECT_EQ(to.size(), 5U);
  EXPECT_EQ(from.size(), 5U);  // NOLINT(bugprone-use-after-move): likewise
}

TEST(PreparedMessage, IsCompressedOnceForAllOfAWindow) {
  const PreparedMessage message(kLong);
  DeflatePool first(kOn);
  DeflatePool second(kOn);
  const PreparedFrame* const frame = PreparedFrames::of(message).deflated(first, 15);
  ASSERT_NE(frame, nullptr);
  EXPECT_EQ(PreparedFrames::of(message).deflated(second, 15), frame);
  EXPECT_NE(PreparedFrames::of(message).deflated(second, 9), frame);
  const PreparedMessage copy = message;  // NOLINT(performance-unnecessary-copy-initialization): the copy is tested
  EXPECT_EQ(PreparedFrames::of(copy).deflated(first, 15), frame);
}

TEST(PreparedMessage, KeepsToThresholdAndWish) {
  Messages messages(kAlone, kOn);
  EXPECT_EQ(messages.prepared(PreparedMessage(kShort)), "plain");
  EXPECT_EQ(PeerInflater().message(messages.prepared(PreparedMessage(kShort, Compress::always))), kShort);
  EXPECT_EQ(messages.prepared(PreparedMessage(kLong, Compress::never)), "plain");
  EXPECT_EQ(messages.prepared(PreparedMessage("\x8f\x1c\xa3", Compress::always)), "plain");
}

TEST(PreparedMessage, GoesBetweenMessagesWithContext) {
  Messages messages(kTakeover, kOn);
  PeerInflater peer;
  const PreparedMessage prepared(kLong + "prepared");
  const PreparedMessage plain(kLong + "plain", Compress::never);
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(peer.message(messages.encode(kLong + "one")), kLong + "one");
    EXPECT_EQ(peer.message(messages.prepared(prepared)), kLong + "prepared");
    EXPECT_EQ(messages.prepared(plain), "plain");
    EXPECT_EQ(peer.message(messages.encode(kLong + "two")), kLong + "two");
  }
}

TEST(PreparedMessage, SeveralThreadsMayCompressItAtOnce) {
  const PreparedMessage message(kLong);
  std::vector<const PreparedFrame*> frames(4);
  std::vector<std::thread> threads;
  for (auto& frame : frames) {
    threads.emplace_back([&frame, message] {
      DeflatePool pool(kOn);
      frame = PreparedFrames::of(message).deflated(pool, 15);
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto* const frame : frames) EXPECT_EQ(frame, frames[0]);
}

}  // namespace
}  // namespace mote::proto

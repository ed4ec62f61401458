#include "net/output.h"

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mote::net {
namespace {

using proto::Opcode;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string frame(Opcode opcode, std::string_view payload) {
  std::array<std::byte, proto::kMaxHeaderBytes> header{};
  const std::size_t size = proto::write_frame_header(header.data(), opcode, payload.size());
  return std::string(reinterpret_cast<const char*>(header.data()), size).append(payload);
}

/// One end of a stream is written through an Output, the other is read by the test.
class OutputTest : public testing::Test {
 protected:
  OutputTest() : receive_buffer(512 * 1024, std::byte{'r'}), batch(receive_buffer) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0) std::abort();
    here = Transport(Descriptor(ends[0]));
    there = Descriptor(ends[1]);
  }

  bool write(Opcode opcode, std::string_view payload) {
    return output.write_frame(batch, here, opcode, bytes_of(payload));
  }
  std::string read() {
    std::string all;
    std::array<std::byte, 65536> room{};
    for (auto got = receive(there.number(), room); got.state == IoResult::State::done;
         got = receive(there.number(), room)) {
      all.append(reinterpret_cast<const char*>(room.data()), got.bytes);
    }
    return all;
  }
  void block() {
    while (!output.blocked()) static_cast<void>(write(Opcode::binary, std::string(100'000, 'b')));
  }
  /// By another way, so that it has no room at all.
  void fill_the_kernel() const {
    const std::string filling(1000, 'f');
    while (::send(here.descriptor(), filling.data(), filling.size(), MSG_NOSIGNAL) > 0) continue;
  }
  /// Reads and flushes in turn until all is out.
  std::string drain() {
    std::string all = read();
    while (output.queued_bytes() != 0) {
      output.flush(here);
      all += read();
    }
    return all;
  }

  std::vector<std::byte> receive_buffer;
  OutputBatch batch;
  Output output;
  Transport here;
  Descriptor there;
};

TEST_F(OutputTest, AMaskedFrameBehindAFullBatchIsNotLost) {
  constexpr std::size_t kBatchBytes = 64 * 1024;
  for (const std::size_t size : {0U, 1U, 100U}) {
    const std::string small(size, 's');
    for (std::size_t room = 0; room < 8; ++room) {
      output.begin_batch(batch);
      const std::string large(kBatchBytes - 8 - room, 'l');  // with a header of 8 bytes
      EXPECT_FALSE(output.write_masked_frame(batch, here, Opcode::binary, bytes_of(large), proto::Coding::plain, 0));
      EXPECT_FALSE(output.write_masked_frame(batch, here, Opcode::text, bytes_of(small), proto::Coding::plain, 0));
      output.flush_batch(batch, here);
      batch.end();
      const std::string got = drain();
      EXPECT_EQ(got.size(), 8 + large.size() + 6 + small.size()) << room;
    }
  }
}

TEST_F(OutputTest, AMaskedFrameWithoutPayloadWaitsBehindABatchThatDoesNotGoOut) {
  output.begin_batch(batch);
  std::size_t written = 0;
  while (output.queued_bytes() == 0) {
    const std::string large(64 * 1024 - 8, 'l');
    EXPECT_FALSE(output.write_masked_frame(batch, here, Opcode::binary, bytes_of(large), proto::Coding::plain, 0));
    EXPECT_FALSE(output.write_masked_frame(batch, here, Opcode::text, {}, proto::Coding::plain, 0));
    written += 64 * 1024 + 6;
    output.flush_batch(batch, here);
  }
  batch.end();
  EXPECT_EQ(drain().size(), written);
}

TEST_F(OutputTest, TheBatchGoesOutWithOneFlushAndNotBefore) {
  output.begin_batch(batch);
  EXPECT_FALSE(write(Opcode::text, "one"));
  EXPECT_FALSE(write(Opcode::text, ""));
  EXPECT_FALSE(write(Opcode::binary, std::string(1000, 'x')));
  EXPECT_EQ(read(), "");
  EXPECT_EQ(output.queued_bytes(), 0U);
  output.flush_batch(batch, here);
  batch.end();
  EXPECT_EQ(read(),
            frame(Opcode::text, "one") + frame(Opcode::text, "") + frame(Opcode::binary, std::string(1000, 'x')));
}

TEST_F(OutputTest, ALargePieceOfTheReceiveBufferIsSentFromWhereItLies) {
  const std::string_view received(reinterpret_cast<const char*>(receive_buffer.data()), receive_buffer.size());
  output.begin_batch(batch);
  static_cast<void>(write(Opcode::binary, received.substr(10, 100)));  // small: copied
  EXPECT_FALSE(batch.borrows());
  static_cast<void>(write(Opcode::binary, received.substr(10, 10'000)));
  EXPECT_TRUE(batch.borrows());
  static_cast<void>(write(Opcode::text, "after"));
  receive_buffer[20] = std::byte{'!'};  // seen by the one that lies there
  output.flush_batch(batch, here);
  EXPECT_FALSE(batch.borrows());
  batch.end();
  std::string changed(received.substr(10, 10'000));
  EXPECT_EQ(changed[10], '!');
  EXPECT_EQ(read(), frame(Opcode::binary, std::string(100, 'r')) + frame(Opcode::binary, changed) +
                        frame(Opcode::text, "after"));
}

TEST_F(OutputTest, WhatLiesElsewhereMayBeReusedAtOnce) {
  output.begin_batch(batch);
  std::string expected;
  for (const std::size_t size : std::initializer_list<std::size_t>{5, 5000, 70'000, 30'000, 3}) {
    std::string payload(size, 'p');
    expected += frame(Opcode::text, payload);
    static_cast<void>(write(Opcode::text, payload));
    payload.assign(size, '!');
  }
  output.flush_batch(batch, here);
  batch.end();
  EXPECT_EQ(drain(), expected);
}

TEST_F(OutputTest, SmallFramesFillTheBatchToItsLastByte) {
  output.begin_batch(batch);
  std::string expected;
  const auto write_small = [&](std::size_t size) {
    const std::string payload(size, static_cast<char>('a' + size % 26));
    if (!output.write_small(batch, Opcode::text, std::as_bytes(std::span(payload)))) return false;
    expected += frame(Opcode::text, payload);
    return true;
  };
  for (std::size_t size = 0; size < 300; ++size) EXPECT_TRUE(write_small(size));  // every size of header
  while (write_small(1000)) continue;
  for (const std::size_t size : {100U, 10U, 1U, 0U}) {
    while (write_small(size)) continue;
  }
  EXPECT_FALSE(write_small(0));
  EXPECT_GE(expected.size(), 64U * 1024);
  output.flush_batch(batch, here);
  EXPECT_TRUE(write_small(0));
  output.flush_batch(batch, here);
  batch.end();
  EXPECT_FALSE(write_small(0));  // it is nobody's any more
  EXPECT_EQ(drain(), expected);
}

TEST_F(OutputTest, OutsideItsTurnItWaitsForAFlushAtTheTurnsEnd) {
  Output other;
  other.begin_batch(batch);
  EXPECT_TRUE(write(Opcode::text, "one"));
  EXPECT_TRUE(write(Opcode::text, "two"));
  EXPECT_EQ(read(), "");
  output.flush(here);
  EXPECT_EQ(read(), frame(Opcode::text, "one") + frame(Opcode::text, "two"));
  EXPECT_EQ(output.queued_bytes(), 0U);
  EXPECT_FALSE(output.blocked());
  EXPECT_EQ(output.error(), 0);
  EXPECT_FALSE(output.take_progress());
}

TEST_F(OutputTest, WhatTheKernelDoesNotTakeWaitsInOrder) {
  output.begin_batch(batch);
  std::string expected;
  for (int i = 0; i < 40; ++i) {
    const std::string payload(static_cast<std::size_t>(i) * 1000, static_cast<char>('a' + i % 26));
    expected += frame(Opcode::binary, payload);
    static_cast<void>(write(Opcode::binary, payload));
  }
  output.flush_batch(batch, here);
  batch.end();
  EXPECT_TRUE(output.blocked());
  EXPECT_TRUE(output.take_progress());
  EXPECT_FALSE(output.take_progress());
  EXPECT_GT(output.queued_bytes(), 0U);
  EXPECT_EQ(drain(), expected);
  EXPECT_FALSE(output.blocked());
}

core::ByteBuffer message_of(std::string_view text) {
  core::ByteBuffer message;
  message.append(bytes_of(text));
  return message;
}

std::string random_text(std::size_t size) {
  std::minstd_rand random(static_cast<unsigned>(size));
  std::string text(size, '\0');
  for (char& letter : text) letter = static_cast<char>('a' + random() % 26);
  return text;
}

TEST_F(OutputTest, AMessageThatWasLentWaitsWhereItLies) {
  const std::string text = random_text(2'000'000);
  auto message = message_of(text);
  const auto lent = std::as_const(message).bytes();
  output.begin_batch(batch);
  std::string expected = frame(Opcode::text, "before") + frame(Opcode::binary, text);
  static_cast<void>(write(Opcode::text, "before"));
  {
    const OutputBatch::Loan loan(batch, message);
    EXPECT_FALSE(output.write_frame(batch, here, Opcode::binary, lent));
    EXPECT_TRUE(message.empty());                                                                // taken over, and
    EXPECT_EQ(text, std::string_view(reinterpret_cast<const char*>(lent.data()), lent.size()));  // still there
    for (const std::size_t size : {10U, 70'000U}) {  // what is sent of it again is copied
      expected += frame(Opcode::text, text.substr(5, size));
      EXPECT_FALSE(output.write_frame(batch, here, Opcode::text, lent.subspan(5, size)));
    }
  }
  output.flush_batch(batch, here);
  batch.end();
  EXPECT_EQ(drain(), expected);
  EXPECT_FALSE(output.blocked());
  EXPECT_EQ(output.error(), 0);
}

TEST_F(OutputTest, APartOfAMessageThatWasLentMayWaitToo) {
  const std::string text = random_text(2'000'000);
  auto message = message_of(text);
  const auto part = std::as_const(message).bytes().subspan(1000, 1'500'000);
  {
    const OutputBatch::Loan loan(batch, message);
    EXPECT_FALSE(output.write_frame(batch, here, Opcode::text, part));
    EXPECT_TRUE(message.empty());
  }
  EXPECT_EQ(drain(), frame(Opcode::text, text.substr(1000, 1'500'000)));
}

TEST_F(OutputTest, WhatWasLentIsCopiedWhereSomethingElseIsToGoOutBefore) {
  block();
  static_cast<void>(read());
  const std::string text = random_text(300'000);
  auto message = message_of(text);
  {
    const OutputBatch::Loan loan(batch, message);
    static_cast<void>(output.write_frame(batch, here, Opcode::text, std::as_const(message).bytes()));
    EXPECT_EQ(message.size(), text.size());
  }
  EXPECT_TRUE(drain().ends_with(frame(Opcode::text, text)));
}

TEST_F(OutputTest, WhatWasLentIsCopiedWhereItsHeaderHasToWaitToo) {
  fill_the_kernel();
  const std::string text = random_text(300'000);
  auto message = message_of(text);
  {
    const OutputBatch::Loan loan(batch, message);
    static_cast<void>(output.write_frame(batch, here, Opcode::text, std::as_const(message).bytes()));
    EXPECT_EQ(message.size(), text.size());
  }
  EXPECT_TRUE(drain().ends_with("f" + frame(Opcode::text, text)));
}

/// As much as a socket buffer takes does not wait for the turn's end.
TEST_F(OutputTest, OutsideItsTurnMuchGoesOutAtOnce) {
  std::string expected;
  const auto write_some = [&] {
    const std::string payload = random_text(50'000);
    expected += frame(Opcode::binary, payload);
    static_cast<void>(write(Opcode::binary, payload));
  };
  for (int i = 0; i < 5; ++i) write_some();
  EXPECT_EQ(read().size(), 0U);
  write_some();
  const std::string at_once = read();
  EXPECT_NE(at_once.size(), 0U);
  EXPECT_TRUE(at_once + drain() == expected);
}

TEST_F(OutputTest, OfPongsThatWaitOnlyTheFirstAndTheLatestGoOut) {  // RFC 6455 5.5.3
  block();
  static_cast<void>(read());  // makes room that nobody uses yet
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(output.write_pong(batch, here, bytes_of(std::to_string(i))));
  const auto bounded = output.queued_bytes();
  EXPECT_LT(bounded, 200'000U);
  const std::string all = drain();
  EXPECT_TRUE(all.ends_with(frame(Opcode::pong, "0") + frame(Opcode::pong, "999"))) << all.size();
}

TEST_F(OutputTest, APongThatWaitsGoesOutBeforeWhatIsWrittenLastWhereThatIsWanted) {
  block();
  output.queue_pong();  // none
  for (const char* const payload : {"0", "1", "2"}) EXPECT_FALSE(output.write_pong(batch, here, bytes_of(payload)));
  output.queue_pong();
  EXPECT_FALSE(write(Opcode::close, "xx"));
  EXPECT_FALSE(output.write_pong(batch, here, bytes_of("3")));
  const std::string all = drain();
  EXPECT_TRUE(all.ends_with(frame(Opcode::pong, "0") + frame(Opcode::pong, "2") + frame(Opcode::close, "xx") +
                            frame(Opcode::pong, "3")))
      << all.size();
}

TEST_F(OutputTest, AFailureIsRememberedAndDropsWhatIsWritten) {
  there.reset();
  output.begin_batch(batch);
  static_cast<void>(write(Opcode::text, "one"));
  output.flush_batch(batch, here);
  EXPECT_EQ(output.error(), EPIPE);
  EXPECT_FALSE(write(Opcode::text, "two"));
  EXPECT_FALSE(write(Opcode::text, std::string(1'000'000, 'x')));
  EXPECT_EQ(output.queued_bytes(), 0U);
  EXPECT_FALSE(output.blocked());
}

TEST_F(OutputTest, AMessageThatMemoryCannotHoldLeavesNoHalfFrame) {
  const std::byte byte{};
  const auto too_many = std::span(&byte, std::size_t{1} << 63);
  EXPECT_TRUE(write(Opcode::text, "before"));
  EXPECT_THROW(static_cast<void>(output.write_frame(batch, here, Opcode::binary, too_many)), std::bad_alloc);
  EXPECT_TRUE(write(Opcode::text, "after"));
  EXPECT_EQ(drain(), frame(Opcode::text, "before") + frame(Opcode::text, "after"));
}

TEST_F(OutputTest, EveryMixtureOfSizesPlacesAndReadsArrivesWhole) {
  constexpr unsigned seed = 20'260'101;
  RecordProperty("seed", static_cast<int>(seed));
  std::mt19937 random(seed);
  const auto below = [&](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
  };
  const std::string_view received(reinterpret_cast<const char*>(receive_buffer.data()), receive_buffer.size());
  std::string expected;
  std::string got;
  for (int turn = 0; turn < 400; ++turn) {
    const bool own_turn = below(3) != 0;
    if (own_turn) output.begin_batch(batch);
    for (std::size_t i = below(8); i > 0; --i) {
      const std::size_t size = below(4) == 0 ? below(100'000) : below(6000);
      const std::string_view payload = received.substr(below(1000), size);
      expected += frame(Opcode::binary, payload);
      static_cast<void>(below(2) == 0 ? write(Opcode::binary, payload) : write(Opcode::binary, std::string(payload)));
    }
    if (own_turn) {
      output.flush_batch(batch, here);
      batch.end();
    }
    if (below(2) == 0) got += read();
    if (below(2) == 0) output.flush(here);
  }
  got += drain();
  EXPECT_TRUE(got == expected) << got.size() << " of " << expected.size();
}

/// Else the time for it to move would run from long ago.
TEST_F(OutputTest, NotesThatTheKernelBeginsToRefuseWhatWasWrittenOutsideOfATurn) {
  fill_the_kernel();
  ASSERT_TRUE(write(Opcode::text, "no room at all"));
  output.flush(here);
  EXPECT_TRUE(output.blocked());
  EXPECT_TRUE(output.take_progress());
  output.flush(here);
  EXPECT_TRUE(output.blocked());
  EXPECT_FALSE(output.take_progress()) << "refused once more";
}

}  // namespace
}  // namespace mote::net

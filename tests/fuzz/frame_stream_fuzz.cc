// Feeds frames to a MessageReader in one piece and in pieces that the input itself chooses, as a server or as a client.
// Both feedings must give the same, and what comes out must be what the RFC allows.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "core/utf8.h"
#include "proto/close_code.h"
#include "proto/message_reader.h"
#include "tests/fuzz/input.h"

namespace {

using namespace mote::proto;
using mote::fuzz::check;

constexpr MessageRules kLimits{.message_bytes = 100'000, .fragments = 20};
constexpr std::size_t kOptionsBytes = 10;

using Bytes = std::span<const std::byte>;

// All events one after the other: kind, size, bytes. Vectors of bytes alone, so that MemorySanitizer can follow them.
class Recorder {
 public:
  explicit Recorder(bool stops) : stops_(stops) {}

  bool on_data(Opcode opcode, std::span<std::byte> bytes) {
    check(opcode == Opcode::text || opcode == Opcode::binary);
    check(bytes.size() <= kLimits.message_bytes);
    check(opcode != Opcode::text || mote::core::utf8_valid(bytes.data(), bytes.size()));
    return note(opcode, bytes);
  }
  bool on_control(Opcode opcode, std::span<std::byte> bytes) {
    check(opcode == Opcode::ping || opcode == Opcode::pong);
    check(bytes.size() <= kMaxControlBytes);
    return note(opcode, bytes);
  }
  bool on_close_frame(const ClosePayload& close) {
    check(close.code == mote::close_code::no_status || may_be_sent(close.code));
    check(close.reason.size() <= kMaxControlBytes - 2);
    const std::array code = {static_cast<std::byte>(close.code >> 8), static_cast<std::byte>(close.code & 0xFF)};
    log.insert(log.end(), code.begin(), code.end());
    const Bytes reason = std::as_bytes(std::span(close.reason));
    note(Opcode::close, reason);
    closed = true;
    return false;
  }

  std::vector<std::byte> log;
  bool closed = false;

 private:
  bool note(Opcode opcode, Bytes bytes) {
    const std::uint64_t size = bytes.size();
    std::array<std::byte, sizeof size> size_bytes;
    std::memcpy(size_bytes.data(), &size, sizeof size);
    log.push_back(static_cast<std::byte>(opcode));
    log.insert(log.end(), size_bytes.begin(), size_bytes.end());
    log.insert(log.end(), bytes.begin(), bytes.end());
    return !stops_;
  }

  bool stops_;
};

struct Outcome {
  std::vector<std::byte> log;
  Violation violation = Violation::none;
  bool closed = false;

  bool operator==(const Outcome&) const = default;
};

// A read of each size in turn, round and round; 0 stands for all that is left.
struct Feeding {
  Bytes sizes;
  bool direct = false;
  bool stops_at_each_event = false;
};

template <Role role>
Outcome feed(Bytes stream, const Feeding& feeding) {
  MessageReader reader;
  Recorder sink(feeding.stops_at_each_event);
  Violation violation = Violation::none;
  std::size_t at = 0;
  for (std::size_t i = 0; at < stream.size() && violation == Violation::none && !sink.closed; ++i) {
    const auto chosen = feeding.sizes.empty() ? 0U : std::to_integer<unsigned>(feeding.sizes[i % feeding.sizes.size()]);
    // Most reads are small; some are larger than the reader's threshold for its own memory.
    const std::size_t wanted = chosen == 0 ? stream.size() : chosen < 200 ? chosen : std::size_t{chosen - 199} * 1000;
    std::size_t size = std::min(wanted, stream.size() - at);
    const std::span<std::byte> room = feeding.direct ? reader.direct_room() : std::span<std::byte>();
    if (!room.empty()) {
      size = std::min(size, room.size());
      std::memcpy(room.data(), stream.data() + at, size);
      violation = reader.commit_direct(size, kLimits, sink);
      at += size;
      continue;
    }
    const std::unique_ptr<std::byte[]> block(new std::byte[size]);
    std::memcpy(block.get(), stream.data() + at, size);
    const auto result = reader.read<role>(std::span(block.get(), size), kLimits, sink);
    check(result.consumed <= size);
    check(result.violation != Violation::none || sink.closed || feeding.stops_at_each_event || result.consumed == size);
    check(result.violation != Violation::none || result.consumed != 0);
    violation = result.violation;
    at += result.consumed;
  }
  return {std::move(sink.log), violation, sink.closed};
}

// One other feeding for each input: a comparison with all of them would be a sixth as many inputs.
Feeding feeding_of(unsigned choice, Bytes sizes) {
  static constexpr std::array kOne = {std::byte{1}};
  switch (choice) {
    case 0:
      return {.sizes = kOne};
    case 1:
      return {.sizes = {}, .stops_at_each_event = true};
    case 2:
      return {.sizes = sizes};
    case 3:
      return {.sizes = sizes, .stops_at_each_event = true};
    case 4:
      return {.sizes = sizes, .direct = true};
    case 5:
      return {.sizes = sizes, .direct = true, .stops_at_each_event = true};
    default:
      return {.sizes = {}, .direct = true};
  }
}

template <Role role>
void compare(Bytes stream, const Feeding& feeding) {
  check(feed<role>(stream, feeding) == feed<role>(stream, {}));
}

// Fuzzers seldom write 60 KB: an octet 0xF1 as payload stands for many. Lengths are as the fuzzer wrote them.
std::vector<std::byte> inflate(Bytes input) {
  std::vector<std::byte> stream;
  for (const std::byte byte : input) {
    stream.insert(stream.end(), byte == std::byte{0xF1} && stream.size() < 300'000 ? 20'000 : 1, byte);
  }
  return stream;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < kOptionsBytes) return 0;
  const Bytes input = std::as_bytes(std::span(data, size));
  const bool large = (data[0] & 1) != 0;
  const Bytes sizes = input.subspan(1, kOptionsBytes - 1);
  const Bytes body = input.subspan(kOptionsBytes);
  const std::vector<std::byte> inflated = large ? inflate(body) : std::vector<std::byte>(body.begin(), body.end());
  const Feeding feeding = feeding_of(data[0] / 4U % 8U, sizes);
  (data[0] & 2) == 0 ? compare<Role::server>(inflated, feeding) : compare<Role::client>(inflated, feeding);
  return 0;
}

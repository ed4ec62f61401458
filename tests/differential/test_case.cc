#include "tests/differential/test_case.h"

#include <algorithm>
#include <array>
#include <vector>

#include "tests/differential/conversation.h"
#include "tests/differential/mutation.h"
#include "tests/differential/random.h"

namespace mote::differential {
namespace {

// Enough for the reader to offer its own memory (`direct_room`).
constexpr std::size_t kLargeBytes = 300'000;

Rules random_rules(Random& random, Mode mode) {
  static constexpr std::array<std::uint64_t, 5> bytes = {125, 200, 1'000, 66'000, 66'000};
  static constexpr std::array<std::uint32_t, 4> fragments = {3, 8, 19, 1'000};
  Rules rules{.message_bytes = random.pick(bytes), .fragments = random.pick(fragments)};
  if (mode == Mode::deflate) {
    const auto window_bits = static_cast<std::uint8_t>(random.one_in(2) ? 15 : random.between(9, 15));
    rules.deflate = Deflate{.context_takeover = random.one_in(2), .window_bits = window_bits};
  }
  return rules;
}

test::Feeding random_reads(Random& random, std::size_t size) {
  constexpr std::size_t few = 3'000;
  if (size < few && random.one_in(8)) return test::one_byte_at_a_time(size);
  const std::size_t largest = size >= few ? random.between(1'000, size) : random.between(2, 100);
  test::Feeding reads;
  for (std::size_t arrived = 0; arrived < size;) {
    arrived = std::min(size, arrived + random.between(1, random.one_in(4) ? 3 : largest));
    reads.push_back(arrived);
  }
  return reads;
}

}  // namespace

TestCase make_case(std::uint64_t seed, Mode mode) {
  Random random(seed);
  TestCase made{.role = random.one_in(4) ? proto::Role::client : proto::Role::server,
                .rules = random_rules(random, mode)};
  std::vector<Frame> frames = random_conversation(random, made.role, made.rules);
  if (random.one_in(200)) {
    made.rules.message_bytes = kLargeBytes;
    const std::vector<Frame> message = random_large_message(random, made.role, made.rules);
    frames.insert(frames.begin() + static_cast<std::ptrdiff_t>(random.below(frames.size() + 1)), message.begin(),
                  message.end());
  }
  // A third stays as it is; of the others one half is spoilt by frames, one by bytes, some by both.
  const bool spoils = !random.one_in(3);
  while (spoils && random.one_in(2)) mutate_frames(random, made.role, frames);
  for (const Frame& frame : frames) append(made.stream, frame);
  while (spoils && random.one_in(2)) mutate_bytes(random, made.stream);
  made.reads = random_reads(random, made.stream.size());
  made.direct = random.one_in(2);
  made.beast_bytes = random.one_in(2) ? made.stream.size() + 1 : random.between(1, 1 + made.stream.size() / 4);
  return made;
}

}  // namespace mote::differential

#include "tests/differential/mutation.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace mote::differential {
namespace {

using namespace mote::test;

std::uint64_t random_length(Random& random, std::uint64_t actual) {
  static constexpr std::array<std::uint64_t, 14> lengths = {0,
                                                            125,
                                                            126,
                                                            127,
                                                            128,
                                                            65'535,
                                                            65'536,
                                                            1ULL << 31,
                                                            1ULL << 32,
                                                            1ULL << 62,
                                                            (1ULL << 63) - 1,
                                                            1ULL << 63,
                                                            ~0ULL,
                                                            (1ULL << 32) + 5};
  if (random.one_in(2)) return random.pick(lengths);
  return random.one_in(2) ? actual + random.between(1, 3)
                          : actual - std::min<std::uint64_t>(actual, random.between(1, 3));
}

// A header that announces another length than it has a form for would be cut short.
LengthForm form_for(Random& random, std::uint64_t length) {
  if (length > 0xFFFF || random.one_in(2)) return LengthForm::eight_bytes;
  return LengthForm::two_bytes;
}

void flip_a_bit(Random& random, std::string& bytes, std::size_t at) {
  bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
}

// A payload whose frame stays right: compressed, it is mostly wrong then.
void mutate_payload(Random& random, std::string& payload) {
  if (payload.empty()) return;
  const std::size_t at = random.below(payload.size());
  switch (random.below(8)) {
    case 0:
      payload.insert(at, random.between(1, 3), static_cast<char>(random.below(256)));
      break;
    case 1:
      payload.erase(at, random.between(1, 3));
      break;
    case 2:
      payload[at] = static_cast<char>(random.below(256));
      break;
    case 3:
      payload.resize(at);
      break;
    default:
      flip_a_bit(random, payload, random.one_in(2) ? at : random.below(std::min<std::size_t>(payload.size(), 8)));
      break;
  }
}

void mutate_frame(Random& random, Frame& frame) {
  switch (random.below(9)) {
    case 0:
      frame.first = (frame.first & 0xF0) | static_cast<unsigned>(random.below(16));
      break;
    case 1:
      frame.first ^= kFin;
      break;
    case 2:
      frame.first ^= static_cast<unsigned>(random.between(1, 7)) << 4;
      break;
    case 3:
      frame.masked = !frame.masked;
      break;
    case 4:
      frame.form = form_for(random, frame.payload.size());
      break;
    case 5:
      frame.announced = random_length(random, frame.payload.size());
      if (random.one_in(4)) frame.form = form_for(random, *frame.announced);
      break;
    case 6:
    case 7:
      mutate_payload(random, frame.payload);
      break;
    default:
      frame.first = static_cast<unsigned>(random.below(256));
      break;
  }
}

}  // namespace

void mutate_frames(Random& random, proto::Role reader, std::vector<Frame>& frames) {
  if (frames.empty()) return frames.push_back(random_control_frame(random, reader));
  const auto at = static_cast<std::ptrdiff_t>(random.below(frames.size()));
  switch (random.below(10)) {
    case 0:
      std::swap(frames[static_cast<std::size_t>(at)], frames[random.below(frames.size())]);
      break;
    case 1: {
      const Frame copy = frames[static_cast<std::size_t>(at)];
      frames.insert(frames.begin() + at, copy);
      break;
    }
    case 2:
      frames.erase(frames.begin() + at);
      break;
    case 3:
      frames.insert(frames.begin() + at, random_control_frame(random, reader));
      break;
    default:
      mutate_frame(random, frames[static_cast<std::size_t>(at)]);
      break;
  }
}

void mutate_bytes(Random& random, std::string& stream) {
  if (stream.empty()) return;
  // Half of the time near the start, where headers are.
  const std::size_t reach = random.one_in(2) ? std::min<std::size_t>(stream.size(), 24) : stream.size();
  const std::size_t at = random.below(reach);
  const std::size_t size = std::min(stream.size() - at, random.between(1, 6));
  switch (random.below(6)) {
    case 0:
      flip_a_bit(random, stream, at);
      break;
    case 1:
      stream[at] = static_cast<char>(random.below(256));
      break;
    case 2:
      stream.insert(at, size, static_cast<char>(random.below(256)));
      break;
    case 3:
      stream.erase(at, size);
      break;
    case 4:
      stream.insert(at, stream.substr(at, random.one_in(2) ? size : random.between(1, 200)));
      break;
    default:
      stream.resize(random.below(stream.size() + 1));
      break;
  }
}

}  // namespace mote::differential

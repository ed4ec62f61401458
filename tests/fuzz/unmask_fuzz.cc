// A payload and a masking key: every kernel that this CPU has unmasks as RFC 6455 §5.3 says, in place or to elsewhere,
// at every alignment, whole or in pieces, and writes nothing beside it.

#include "core/unmask.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "tests/fuzz/input.h"

namespace {

using namespace mote::fuzz;
using Bytes = std::vector<std::byte>;

constexpr std::size_t kRoom = 64;  // before and behind: what is beside the payload must stay
constexpr auto kBeside = std::byte{0xA5};

struct Task {
  std::span<const std::byte> payload;
  std::array<std::byte, 4> key;
  std::size_t offset;
  bool in_place;

  [[nodiscard]] std::uint32_t key_word() const { return std::bit_cast<std::uint32_t>(key); }
};

// The payload at the task's offset, in the middle of other bytes.
Bytes framed(const Task& task, std::span<const std::byte> payload) {
  Bytes bytes(kRoom + task.offset + payload.size() + kRoom, kBeside);
  std::copy(payload.begin(), payload.end(), bytes.begin() + static_cast<std::ptrdiff_t>(kRoom + task.offset));
  return bytes;
}

std::byte* begin_of(Bytes& bytes, const Task& task) { return bytes.data() + kRoom + task.offset; }

template <class Unmask>
void check_unmasking(const Task& task, const Bytes& expected, Unmask unmask) {
  Bytes bytes = framed(task, task.payload);
  std::byte* const to = begin_of(bytes, task);
  unmask(to, task.in_place ? to : task.payload.data(), task.payload.size(), task.key_word());
  check(bytes == expected);
}

void check_pieces(const Task& task, const Bytes& expected, const mote::test::Feeding& feeding) {
  Bytes bytes = framed(task, task.payload);
  std::uint32_t key = task.key_word();
  std::size_t at = 0;
  for (const std::size_t arrived : feeding) {
    mote::core::unmask(begin_of(bytes, task) + at, arrived - at, key);
    key = mote::core::rotate_key(key, arrived - at);
    at = arrived;
  }
  check(bytes == expected);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 6) return 0;
  Input input(data, size);
  Task task{};
  const std::uint8_t place = input.octet();
  task.offset = place % 64U;
  task.in_place = place < 128;
  const std::size_t repeats = std::size_t{1} << input.octet() % 4;
  std::memcpy(task.key.data(), input.take(4).data(), 4);
  const std::string_view cuts = input.take_cuts();
  Bytes payload;
  const auto once = bytes_of(input.take_rest());
  // Long ones have loops in the kernels that short ones do not reach.
  for (std::size_t i = 0; i < repeats; ++i) payload.insert(payload.end(), once.begin(), once.end());
  task.payload = payload;
  Bytes plain = payload;
  for (std::size_t i = 0; i < plain.size(); ++i) plain[i] ^= task.key[i % 4];
  const Bytes expected = framed(task, plain);
  check_unmasking(task, expected, [](auto... of) { mote::core::unmask_copy(of...); });
  for (const auto& kernel : mote::core::unmask_kernels()) {
    if (kernel.supported()) check_unmasking(task, expected, kernel.run);
  }
  check_pieces(task, expected, feeding_of(cuts, payload.size()));
  return 0;
}

#include "core/utf8.h"

#include <array>

#include "core/cpu.h"
#include "core/utf8_kernels.h"

namespace mote::core {
namespace {

// A state machine whose state is a shift count: a byte's row holds every state's successor in six bits, and the
// successor of `state` is `row >> state`. The loop carries one shift and no load. (Per Vognsen's shift-based DFA.)
enum State : std::uint8_t {
  kReject = 0,  // a row's lowest six bits stay 0, so it is never left
  kAccept = 6,
  kOneMore = 12,  // one continuation byte is missing
  kTwoMore = 18,
  kThreeMore = 24,
  kAfterE0 = 30,  // these four allow only part of the continuation bytes
  kAfterEd = 36,
  kAfterF0 = 42,
  kAfterF4 = 48,
};

using Row = std::uint64_t;

constexpr Row transition(State from, State to) { return Row{to} << from; }

constexpr State after_lead(unsigned byte) {
  if (byte <= 0x7F) return kAccept;
  if (byte >= 0xC2 && byte <= 0xDF) return kOneMore;
  if (byte == 0xE0) return kAfterE0;
  if (byte == 0xED) return kAfterEd;
  if (byte >= 0xE1 && byte <= 0xEF) return kTwoMore;
  if (byte == 0xF0) return kAfterF0;
  if (byte >= 0xF1 && byte <= 0xF3) return kThreeMore;
  if (byte == 0xF4) return kAfterF4;
  return kReject;
}

constexpr Row row(unsigned byte) {
  Row result = transition(kAccept, after_lead(byte));
  if (byte < 0x80 || byte > 0xBF) return result;
  result |= transition(kOneMore, kAccept) | transition(kTwoMore, kOneMore) | transition(kThreeMore, kTwoMore);
  if (byte >= 0xA0) result |= transition(kAfterE0, kOneMore);  // below: overlong
  if (byte <= 0x9F) result |= transition(kAfterEd, kOneMore);  // above: surrogates
  if (byte >= 0x90) result |= transition(kAfterF0, kTwoMore);  // below: overlong
  if (byte <= 0x8F) result |= transition(kAfterF4, kTwoMore);  // above: over U+10FFFF
  return result;
}

constexpr auto kRows = [] {
  std::array<Row, 256> rows{};
  for (unsigned byte = 0; byte < rows.size(); ++byte) rows[byte] = row(byte);
  return rows;
}();

// `state` has its meaning in the lowest six bits; the others hold what the shift left behind.
Row step(Row state, std::byte byte) { return kRows[std::to_integer<std::size_t>(byte)] >> (state & 63); }

State run(Row state, const std::byte* data, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) state = step(state, data[i]);
  return static_cast<State>(state & 63);
}

// The number of bytes at the end, at most 3, that begin a sequence and do not finish it. Looks at lengths only: whether
// those bytes, and the ones before them, are valid is for the caller to check.
std::size_t unfinished_bytes(std::span<const std::byte> text) {
  const auto back = [&](std::size_t i) { return text[text.size() - i]; };
  if (!text.empty() && back(1) >= std::byte{0xC0}) return 1;
  if (text.size() >= 2 && back(2) >= std::byte{0xE0}) return 2;
  if (text.size() >= 3 && back(3) >= std::byte{0xF0}) return 3;
  return 0;
}

constexpr Utf8Kernel kKernels[] = {
#if defined(__x86_64__)
    {"avx512", &cpu::has_fast_avx512, &detail::utf8_valid_avx512},
    {"avx2", &cpu::has_avx2, &detail::utf8_valid_avx2},
    {"ssse3", &cpu::has_ssse3, &detail::utf8_valid_ssse3},
#elif defined(__aarch64__)
    {"neon", &cpu::has_baseline, &detail::utf8_valid_neon},
#endif
    {"scalar", &cpu::has_baseline, &detail::utf8_valid_scalar},
};

// Threads that meet here store the same pointer.
bool resolve(const std::byte* data, std::size_t size) noexcept {
  const auto valid = chosen_utf8_kernel().valid;
  detail::utf8_valid_long.store(valid, std::memory_order_relaxed);
  return valid(data, size);
}

}  // namespace

constinit std::atomic<decltype(Utf8Kernel::valid)> detail::utf8_valid_long{&resolve};

bool detail::utf8_valid_short(const std::byte* data, std::size_t size) noexcept {
  return run(kAccept, data, size) == kAccept;
}

bool detail::utf8_valid_scalar(const std::byte* data, std::size_t size) noexcept {
  Row state = kAccept;
  for (; size >= 8; data += 8, size -= 8) {
    if ((state & 63) == kAccept && (load_unaligned<std::uint64_t>(data) & 0x8080808080808080) == 0) continue;
    for (std::size_t i = 0; i < 8; ++i) state = step(state, data[i]);
  }
  return run(state, data, size) == kAccept;
}

std::span<const Utf8Kernel> utf8_kernels() noexcept { return kKernels; }

const Utf8Kernel& chosen_utf8_kernel() noexcept { return best_supported(utf8_kernels()); }

bool Utf8Validator::feed_any(std::span<const std::byte> bytes) noexcept {
  static_assert(kComplete == kAccept);
  // A pending sequence is over within three bytes; at a rejected one, `state_` no longer changes.
  std::size_t head = 0;
  while (head < bytes.size() && head < 3 && state_ != kComplete) state_ = run(state_, &bytes[head++], 1);
  if (head == bytes.size() || state_ != kComplete) return state_ != kReject;
  const std::span<const std::byte> rest = bytes.subspan(head);
  const std::size_t whole = rest.size() - unfinished_bytes(rest);
  state_ = utf8_valid(rest.data(), whole) ? run(kAccept, rest.data() + whole, rest.size() - whole) : kReject;
  return state_ != kReject;
}

}  // namespace mote::core

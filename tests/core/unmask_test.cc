#include "core/unmask.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/guarded_buffer.h"

namespace mote::core {
namespace {

using Bytes = std::vector<std::byte>;

constexpr std::size_t kMaxSize = 4096;
constexpr std::size_t kAlignments = 64;
constexpr std::size_t kPhases = 4;
constexpr std::uint32_t kSeed = 20260731;
constexpr std::array kKeyBytes = {std::byte{0x37}, std::byte{0xFA}, std::byte{0x21}, std::byte{0x8D}};

std::uint32_t key_of(std::array<std::byte, 4> bytes) { return std::bit_cast<std::uint32_t>(bytes); }

// RFC 6455 §5.3, as it stands there.
Bytes naive_unmask(const Bytes& from, std::array<std::byte, 4> key, std::size_t phase) {
  Bytes to(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) to[i] = from[i] ^ key[(i + phase) % 4];
  return to;
}

Bytes random_bytes(std::size_t size) {
  std::printf("seed %u\n", kSeed);
  std::mt19937 random(kSeed);
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

// The kernels that this CPU runs, and the inline functions in front of them.
std::vector<UnmaskKernel> subjects() {
  std::vector<UnmaskKernel> result = {{"public functions", nullptr, &unmask_copy}};
  for (const UnmaskKernel& kernel : unmask_kernels()) {
    if (kernel.supported()) {
      result.push_back(kernel);
    } else {
      std::printf("kernel %s left out: this CPU does not support it\n", kernel.name);
    }
  }
  return result;
}

// What every test below compares with: entry p is the unmasked source for a key that begins at phase p. The prefix of
// each is what a shorter source gives.
struct Reference {
  Bytes source = random_bytes(kMaxSize);
  std::array<Bytes, kPhases> unmasked;
  std::array<std::uint32_t, kPhases> keys;

  Reference() {
    for (std::size_t phase = 0; phase < kPhases; ++phase) {
      unmasked[phase] = naive_unmask(source, kKeyBytes, phase);
      std::array<std::byte, 4> rotated;
      for (std::size_t i = 0; i < 4; ++i) rotated[i] = kKeyBytes[(i + phase) % 4];
      keys[phase] = key_of(rotated);
    }
  }
};

constexpr std::byte kCanary{0xC5};

// Whether the `count` bytes from `from` on are still what they were filled with.
bool untouched(const std::byte* from, std::size_t count) {
  static const Bytes canaries(2 * kAlignments, kCanary);
  return std::memcmp(from, canaries.data(), count) == 0;
}

// A buffer of canaries, in which each check places `size` bytes, has them unmasked in place and puts canaries back.
class InPlace {
 public:
  InPlace() : buffer_(kMaxSize + 2 * kAlignments) { std::memset(buffer_.begin(), 0xC5, buffer_.size()); }

  // `gap` bytes lie between the data and the page behind it.
  [[nodiscard]] bool right_before_end(const UnmaskKernel& kernel, const Reference& reference, std::size_t size,
                                      std::size_t gap, std::size_t phase) {
    std::byte* const data = buffer_.end() - gap - size;
    return right_at(data, kernel, reference, size, phase) && untouched(data - kAlignments, kAlignments) &&
           untouched(data + size, gap) && clear(data, size);
  }

  // `gap` bytes lie between the page in front and the data.
  [[nodiscard]] bool right_after_begin(const UnmaskKernel& kernel, const Reference& reference, std::size_t size,
                                       std::size_t gap, std::size_t phase) {
    std::byte* const data = buffer_.begin() + gap;
    return right_at(data, kernel, reference, size, phase) && untouched(buffer_.begin(), gap) &&
           untouched(data + size, kAlignments) && clear(data, size);
  }

 private:
  static bool right_at(std::byte* data, const UnmaskKernel& kernel, const Reference& reference, std::size_t size,
                       std::size_t phase) {
    std::memcpy(data, reference.source.data(), size);
    kernel.run(data, data, size, reference.keys[phase]);
    return std::memcmp(data, reference.unmasked[phase].data(), size) == 0;
  }

  static bool clear(std::byte* data, std::size_t size) {
    std::memset(data, 0xC5, size);
    return true;
  }

  test::GuardedBuffer buffer_;
};

TEST(Unmask, EveryKernelEqualsTheReferenceAtEveryLengthAlignmentAndPhase) {
  const Reference reference;
  InPlace in_place;
  for (const UnmaskKernel& kernel : subjects()) {
    for (std::size_t size = 0; size <= kMaxSize; ++size) {
      for (std::size_t gap = 0; gap < kAlignments; ++gap) {
        for (std::size_t phase = 0; phase < kPhases; ++phase) {
          ASSERT_TRUE(in_place.right_before_end(kernel, reference, size, gap, phase))
              << kernel.name << ", " << size << " bytes, " << gap << " before the end, phase " << phase;
        }
      }
    }
  }
}

TEST(Unmask, EveryKernelStaysInsideABufferThatItsDataBegins) {
  const Reference reference;
  InPlace in_place;
  for (const UnmaskKernel& kernel : subjects()) {
    for (std::size_t size = 0; size <= kMaxSize; ++size) {
      for (const std::size_t gap : {0U, 1U, 2U, 6U, 14U}) {
        ASSERT_TRUE(in_place.right_after_begin(kernel, reference, size, gap, size % kPhases))
            << kernel.name << ", " << size << " bytes, " << gap << " after the begin";
      }
    }
  }
}

TEST(Unmask, EveryKernelCopiesAtEveryLengthAndPairOfAlignmentsAndLeavesTheSourceAlone) {
  const Reference reference;
  const test::GuardedBuffer from_buffer(kMaxSize + 2 * kAlignments);
  const test::GuardedBuffer to_buffer(kMaxSize + 2 * kAlignments);
  std::memset(to_buffer.begin(), 0xC5, to_buffer.size());
  for (const UnmaskKernel& kernel : subjects()) {
    for (std::size_t size = 0; size <= kMaxSize; ++size) {
      for (std::size_t gap = 0; gap < kAlignments; ++gap) {
        const std::size_t from_gap = (gap * 13 + size) % kAlignments;  // over the sizes, every pair comes up
        const std::size_t phase = (size + gap) % kPhases;
        std::byte* const from = from_buffer.end() - from_gap - size;
        std::byte* const to = to_buffer.end() - gap - size;
        std::memcpy(from, reference.source.data(), size);
        kernel.run(to, from, size, reference.keys[phase]);
        const bool right = std::memcmp(to, reference.unmasked[phase].data(), size) == 0 &&
                           std::memcmp(from, reference.source.data(), size) == 0 &&
                           untouched(to - kAlignments, kAlignments) && untouched(to + size, gap);
        ASSERT_TRUE(right) << kernel.name << ", " << size << " bytes, gaps " << from_gap << " and " << gap;
        std::memset(to, 0xC5, size);
      }
    }
  }
}

TEST(Unmask, UnmasksInPlaceWhatItMasked) {
  const Bytes source = random_bytes(kMaxSize);
  for (std::size_t size = 0; size <= kMaxSize; ++size) {
    Bytes data(source.begin(), source.begin() + static_cast<std::ptrdiff_t>(size));
    const Bytes original = data;
    unmask(data.data(), size, key_of(kKeyBytes));
    ASSERT_EQ(data, naive_unmask(original, kKeyBytes, 0));
    unmask(data.data(), size, key_of(kKeyBytes));
    ASSERT_EQ(data, original);
  }
}

TEST(Unmask, GoesOnWithARotatedKeyWhereverThePayloadIsSplit) {
  const Bytes source = random_bytes(300);
  const Bytes expected = naive_unmask(source, kKeyBytes, 0);
  const std::uint32_t key = key_of(kKeyBytes);
  for (std::size_t split = 0; split <= source.size(); ++split) {
    Bytes data = source;
    unmask(data.data(), split, key);
    unmask(data.data() + split, data.size() - split, rotate_key(key, split));
    ASSERT_EQ(data, expected) << "split at " << split;
  }
}

TEST(Unmask, RotatedKeyBeginsWithTheByteThatIsNext) {
  for (std::size_t consumed = 0; consumed < 20; ++consumed) {
    const auto rotated = std::bit_cast<std::array<std::byte, 4>>(rotate_key(key_of(kKeyBytes), consumed));
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(rotated[i], kKeyBytes[(consumed + i) % 4]);
  }
}

TEST(Unmask, ChosenKernelIsTheFirstSupportedOneAndTheLastRunsEverywhere) {
  for (const UnmaskKernel& kernel : unmask_kernels()) {
    if (!kernel.supported()) continue;
    EXPECT_STREQ(chosen_unmask_kernel().name, kernel.name);
    break;
  }
  EXPECT_TRUE(unmask_kernels().back().supported());
  std::printf("chosen kernel: %s\n", chosen_unmask_kernel().name);
}

// Stand for static objects of another source file, which may be constructed before anything of unmask.cc.
const auto kBeforeFirstCall = detail::unmask_large.load();
const Bytes kUnmaskedBeforeMain = [] {
  Bytes data(1000, std::byte{0});
  unmask(data.data(), data.size(), key_of(kKeyBytes));
  return data;
}();

TEST(Unmask, WorksWhileStaticObjectsAreConstructed) {
  EXPECT_EQ(kUnmaskedBeforeMain, naive_unmask(Bytes(1000, std::byte{0}), kKeyBytes, 0));
}

TEST(Unmask, ManyThreadsMayMakeTheFirstCall) {
  detail::unmask_large.store(kBeforeFirstCall);
  std::vector<Bytes> results(8, Bytes(1000, std::byte{0}));
  {
    std::vector<std::jthread> threads;
    for (Bytes& result : results) {
      threads.emplace_back([&result] { unmask(result.data(), result.size(), key_of(kKeyBytes)); });
    }
  }
  for (const Bytes& result : results) EXPECT_EQ(result, kUnmaskedBeforeMain);
  EXPECT_EQ(detail::unmask_large.load(), chosen_unmask_kernel().run);
}

}  // namespace
}  // namespace mote::core

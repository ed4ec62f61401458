#include "core/utf8.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/guarded_buffer.h"

namespace mote::core {
namespace {

using Bytes = std::vector<std::byte>;
using View = std::span<const std::byte>;

constexpr std::uint32_t kSeed = 20260731;

View view(std::string_view text) { return std::as_bytes(std::span(text)); }

// The reference: slow, and as RFC 3629 §3 puts it.

std::size_t length_after(unsigned lead) {
  if (lead < 0x80) return 1;
  if ((lead & 0xE0) == 0xC0) return 2;
  if ((lead & 0xF0) == 0xE0) return 3;
  if ((lead & 0xF8) == 0xF0) return 4;
  return 0;
}

// The length of the character that `text` (not empty) begins with; 0 where it begins with none.
std::size_t first_character(View text) {
  const auto lead = std::to_integer<unsigned>(text[0]);
  const std::size_t length = length_after(lead);
  if (length == 0 || length > text.size()) return 0;
  if (length == 1) return 1;
  unsigned value = lead & (0x7FU >> length);
  for (const std::byte byte : text.subspan(1, length - 1)) {
    const auto continuation = std::to_integer<unsigned>(byte);
    if ((continuation & 0xC0) != 0x80) return 0;
    value = value << 6 | (continuation & 0x3F);
  }
  constexpr std::array<unsigned, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  return value >= kLeast[length] && value <= 0x10FFFF && !surrogate ? length : 0;
}

bool reference_valid(View text) {
  while (!text.empty()) {
    const std::size_t length = first_character(text);
    if (length == 0) return false;
    text = text.subspan(length);
  }
  return true;
}

// Whether more bytes can make one character of `begun`. These six stand for all continuation bytes: no rule tells apart
// two that lie between them.
bool can_become_character(View begun) {
  if (begun.size() >= 4) return false;
  std::array<std::byte, 4> bytes{};
  std::ranges::copy(begun, bytes.begin());
  const View more(bytes.data(), begun.size() + 1);
  for (const unsigned next : {0x80U, 0x8FU, 0x90U, 0x9FU, 0xA0U, 0xBFU}) {
    bytes[begun.size()] = std::byte(next);
    if (first_character(more) == more.size() || can_become_character(more)) return true;
  }
  return false;
}

// The index of the first byte with which `text` can no longer be the beginning of valid text; its size if there is
// none.
std::size_t first_offending_byte(View text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = first_character(text.subspan(at));
    if (length == 0) break;
    at += length;
  }
  for (std::size_t end = at + 1; end <= text.size(); ++end) {
    const View begun = text.subspan(at, end - at);
    if (first_character(begun) != begun.size() && !can_become_character(begun)) return end - 1;
  }
  return text.size();
}

bool public_function(const std::byte* data, std::size_t size) noexcept { return utf8_valid(data, size); }

bool incremental(const std::byte* data, std::size_t size) noexcept {
  Utf8Validator validator;
  return validator.feed(View(data, size)) && validator.complete();
}

// The kernels that this CPU runs.
std::vector<Utf8Kernel> supported_kernels() {
  std::vector<Utf8Kernel> result;
  for (const Utf8Kernel& kernel : utf8_kernels()) {
    if (kernel.supported()) {
      result.push_back(kernel);
    } else {
      std::printf("kernel %s left out: this CPU does not support it\n", kernel.name);
    }
  }
  return result;
}

// The kernels, and the two public ways to them.
std::vector<Utf8Kernel> subjects() {
  std::vector<Utf8Kernel> result = supported_kernels();
  result.push_back({"utf8_valid", nullptr, &public_function});
  result.push_back({"Utf8Validator", nullptr, &incremental});
  return result;
}

std::mt19937 seeded_random() {
  std::printf("seed %u\n", kSeed);
  return std::mt19937(kSeed);
}

std::string hex(View text) {
  std::string result;
  for (const std::byte byte : text) {
    std::array<char, 4> digits{};
    std::snprintf(digits.data(), digits.size(), "%02X ", std::to_integer<unsigned>(byte));
    result += digits.data();
  }
  return result;
}

void append_character(Bytes& text, unsigned value) {
  const auto push = [&](unsigned byte) { text.push_back(static_cast<std::byte>(byte)); };
  if (value < 0x80) return push(value);
  if (value < 0x800) return push(0xC0 | value >> 6), push(0x80 | (value & 0x3F));
  if (value < 0x10000) {
    push(0xE0 | value >> 12);
  } else {
    push(0xF0 | value >> 18);
    push(0x80 | (value >> 12 & 0x3F));
  }
  push(0x80 | (value >> 6 & 0x3F));
  push(0x80 | (value & 0x3F));
}

// Exactly `size` bytes of valid text: runs of ASCII and runs of characters of one to four bytes.
Bytes random_text(std::mt19937& random, std::size_t size) {
  constexpr std::array<std::pair<unsigned, unsigned>, 5> kRanges = {
      {{0x20, 0x7F}, {0x80, 0x7FF}, {0x800, 0xD7FF}, {0xE000, 0xFFFF}, {0x10000, 0x10FFFF}}};
  Bytes text;
  while (text.size() < size) {
    const auto [least, greatest] = kRanges[random() % kRanges.size()];
    for (std::size_t left = random() % (random() % 8 == 0 ? 80 : 6) + 1; left > 0 && text.size() < size; --left) {
      const std::size_t before = text.size();
      append_character(text, least + static_cast<unsigned>(random() % (greatest - least + 1)));
      if (text.size() > size) {
        text.resize(before);
        append_character(text, 'x');
      }
    }
  }
  return text;
}

// Bytes at the edges of all ranges of RFC 3629 §4.
constexpr std::array<unsigned char, 26> kEdges = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xAF,
                                                  0xB0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC,
                                                  0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5};

// Up to three bytes replaced, removed (what follows moves up) or cut off.
void mutate(std::mt19937& random, Bytes& text) {
  for (std::size_t left = random() % 4; left > 0 && !text.empty(); --left) {
    const std::size_t at = random() % text.size();
    switch (random() % 4) {
      case 0:
        text[at] = static_cast<std::byte>(random());
        break;
      case 1:
        text[at] = std::byte{kEdges[random() % kEdges.size()]};
        break;
      case 2:
        text.erase(text.begin() + static_cast<std::ptrdiff_t>(at));
        text.push_back(std::byte{'y'});
        break;
      default:
        text.pop_back();
    }
  }
}

// Puts strings into ASCII text, where each has the verdict that it has alone: only then do kernels see them in vectors.
class Embedding {
 public:
  explicit Embedding(std::size_t size) : text_(size, std::byte{'a'}) {}

  [[nodiscard]] std::size_t size() const { return text_.size(); }

  // The first subject that says something else than `expected`, or null.
  const char* first_wrong(const std::vector<Utf8Kernel>& subjects, View string, std::size_t at, bool expected) {
    std::memcpy(text_.data() + at, string.data(), string.size());
    const char* wrong = nullptr;
    for (const Utf8Kernel& subject : subjects) {
      if (subject.valid(text_.data(), text_.size()) != expected && wrong == nullptr) wrong = subject.name;
    }
    std::memset(text_.data() + at, 'a', string.size());
    return wrong;
  }

 private:
  Bytes text_;
};

// Every string of `length` bytes with a first byte from `first` to `last`: alone in utf8_valid(), and inside of 64
// bytes in every kernel.
void test_all_strings(std::size_t length, unsigned first, unsigned last) {
  const std::vector<Utf8Kernel> all = supported_kernels();
  Embedding embedding(64);
  std::array<std::byte, 4> bytes{};
  const View string(bytes.data(), length);
  for (unsigned lead = first; lead <= last; ++lead) {
    bytes[0] = std::byte(lead);
    const std::uint32_t count = 1U << (8 * (length - 1));
    for (std::uint32_t rest = 0; rest < count; ++rest) {
      for (std::size_t i = 1; i < length; ++i) bytes[i] = static_cast<std::byte>(rest >> (8 * (i - 1)));
      const bool expected = reference_valid(string);
      const std::size_t at = (rest / 64) % (embedding.size() - length);
      if (utf8_valid(string.data(), length) != expected) FAIL() << "utf8_valid on " << hex(string);
      if (const char* wrong = embedding.first_wrong(all, string, at, expected))
        FAIL() << wrong << " on " << hex(string);
    }
  }
}

TEST(Utf8, EveryKernelEqualsTheReferenceOnAllStringsOfOneByte) { test_all_strings(1, 0x00, 0xFF); }
TEST(Utf8, EveryKernelEqualsTheReferenceOnAllStringsOfTwoBytes) { test_all_strings(2, 0x00, 0xFF); }
TEST(Utf8, EveryKernelEqualsTheReferenceOnAllStringsOfThreeBytes) { test_all_strings(3, 0x00, 0xFF); }
TEST(Utf8, EveryKernelEqualsTheReferenceOnAllStringsOfFourBytesFromF0ToF4) { test_all_strings(4, 0xF0, 0xF4); }

// Strings of four edge bytes, at every place around the ends of vectors, blocks and runs, and at the text's own end.
TEST(Utf8, EveryKernelEqualsTheReferenceAcrossEveryBoundary) {
  const std::vector<Utf8Kernel> all = subjects();
  std::vector<Embedding> embeddings;
  for (const std::size_t size : {64U, 128U, 131U, 353U, 481U}) embeddings.emplace_back(size);
  std::array<std::byte, 4> string{};
  constexpr std::size_t kCount = kEdges.size() * kEdges.size() * kEdges.size() * kEdges.size();
  for (std::size_t number = 0; number < kCount; ++number) {
    std::size_t rest = number;
    for (std::byte& byte : string) {
      byte = std::byte{kEdges[rest % kEdges.size()]};
      rest /= kEdges.size();
    }
    const bool expected = reference_valid(string);
    // Each string at one place of each text; over all strings every place comes up thousands of times.
    for (Embedding& embedding : embeddings) {
      const std::size_t at = number % (embedding.size() - 3);
      if (const char* wrong = embedding.first_wrong(all, string, at, expected)) {
        FAIL() << wrong << " on " << hex(string) << "at " << at << " of " << embedding.size() << " bytes";
      }
    }
  }
}

TEST(Utf8, EveryKernelEqualsTheReferenceOnMutatedTextOfEveryLength) {
  std::mt19937 random = seeded_random();
  const std::vector<Utf8Kernel> all = subjects();
  const test::GuardedBuffer buffer(4096);
  std::size_t valid = 0;
  std::size_t invalid = 0;
  for (std::size_t size = 0; size <= 600; ++size) {
    for (int round = 0; round < (size <= 200 ? 300 : 30); ++round) {
      Bytes text = random_text(random, size);
      mutate(random, text);
      const std::span<std::byte> placed = buffer.last(text.size());
      std::ranges::copy(text, placed.begin());
      const bool expected = reference_valid(text);
      ++(expected ? valid : invalid);
      for (const Utf8Kernel& subject : all) {
        ASSERT_EQ(subject.valid(placed.data(), placed.size()), expected) << subject.name << " on " << hex(text);
      }
    }
  }
  EXPECT_GT(valid, 10000U);
  EXPECT_GT(invalid, 10000U);
}

TEST(Utf8, EveryKernelIsRightAndReadsNoNeighbourAtEveryLengthAndAlignment) {
  std::mt19937 random = seeded_random();
  const std::vector<Utf8Kernel> all = subjects();
  const test::GuardedBuffer buffer(4096 + 64);
  std::ranges::fill(buffer.first(buffer.size()), std::byte{0xFF});  // what no kernel may take for text
  for (std::size_t size = 0; size <= 4096; ++size) {
    const Bytes text = random_text(random, size);
    const auto check = [&](std::byte* at) {
      std::ranges::copy(text, at);
      for (const Utf8Kernel& subject : all) {
        ASSERT_TRUE(subject.valid(at, size)) << subject.name << ", " << size << " bytes";
        if (size == 0) continue;
        const std::size_t wrong = random() % size;
        at[wrong] = std::byte{0xFF};
        ASSERT_FALSE(subject.valid(at, size)) << subject.name << ", " << size << " bytes, wrong at " << wrong;
        at[wrong] = text[wrong];
      }
      std::fill_n(at, size, std::byte{0xFF});
    };
    for (std::size_t gap = 0; gap < 64; gap += size <= 300 ? 1 : 21) check(buffer.end() - gap - size);
    check(buffer.begin());
    if (HasFatalFailure()) return;
  }
}

struct OffendingCase {
  const char* name;
  std::string_view text;
  std::size_t offending;  // the text's size if it can go on
  bool complete;
};

// RFC 3629 §4 allows exactly these.
constexpr std::array kOffendingCases = {
    OffendingCase{"nothing", "", 0, true},
    OffendingCase{"ASCII", "mote", 4, true},
    OffendingCase{"U+0080, the least of two bytes", "\xC2\x80", 2, true},
    OffendingCase{"U+07FF, the greatest of two bytes", "\xDF\xBF", 2, true},
    OffendingCase{"U+0800, the least of three bytes", "\xE0\xA0\x80", 3, true},
    OffendingCase{"U+D7FF, below the surrogates", "\xED\x9F\xBF", 3, true},
    OffendingCase{"U+E000, above the surrogates", "\xEE\x80\x80", 3, true},
    OffendingCase{"U+10000, the least of four bytes", "\xF0\x90\x80\x80", 4, true},
    OffendingCase{"U+10FFFF, the greatest", "\xF4\x8F\xBF\xBF", 4, true},
    OffendingCase{"continuation without lead", "a\x80", 1, false},
    OffendingCase{"C0 begins overlong forms alone", "\xC0", 0, false},
    OffendingCase{"C1 begins overlong forms alone", "\xC1", 0, false},
    OffendingCase{"overlong form of three bytes", "\xE0\x80", 1, false},
    OffendingCase{"overlong form of four bytes", "\xF0\x8F", 1, false},
    OffendingCase{"surrogate", "\xED\xA0", 1, false},
    OffendingCase{"above U+10FFFF", "\xF4\x90", 1, false},
    OffendingCase{"F5", "\xF5", 0, false},
    OffendingCase{"FF", "\xFF", 0, false},
    OffendingCase{"ASCII in a sequence", "\xE2\x82z", 2, false},
    OffendingCase{"lead in a sequence", "\xE2\x82\xE2", 2, false},
    OffendingCase{"two of three bytes", "\xE2\x82", 2, false},
    OffendingCase{"three of four bytes", "\xF0\x9F\x98", 3, false},
};

TEST(Utf8Validator, FailsAtTheFirstByteThatNoValidTextCanHaveThere) {
  for (const OffendingCase& row : kOffendingCases) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(first_offending_byte(view(row.text)), row.offending);
    EXPECT_EQ(reference_valid(view(row.text)), row.complete);
    Utf8Validator validator;
    for (std::size_t i = 0; i < row.text.size(); ++i) {
      EXPECT_EQ(validator.feed(view(row.text).subspan(i, 1)), i < row.offending) << "byte " << i;
    }
    EXPECT_EQ(validator.complete(), row.complete);
    validator.reset();
    EXPECT_EQ(validator.feed(view(row.text)), row.offending == row.text.size());
    EXPECT_EQ(validator.complete(), row.complete);
  }
}

// Feeds `text` in the pieces that end at `ends`, and checks each answer against the reference.
void test_pieces(View text, std::size_t offending, bool valid, std::span<const std::size_t> ends) {
  Utf8Validator validator;
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    const bool expected = end <= offending;
    ASSERT_EQ(validator.feed(text.subspan(begin, end - begin)), expected)
        << hex(text) << "in a piece from " << begin << " to " << end << ", offending byte " << offending;
    begin = end;
  }
  ASSERT_EQ(validator.complete(), valid) << hex(text);
}

void test_splits(View text) {
  const std::size_t offending = first_offending_byte(text);
  const bool valid = reference_valid(text);
  for (std::size_t split = 0; split <= text.size(); ++split) {
    test_pieces(text, offending, valid, std::array{split, text.size()});
    if (testing::Test::HasFatalFailure()) return;
  }
  std::vector<std::size_t> each_byte(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) each_byte[i] = i + 1;
  test_pieces(text, offending, valid, each_byte);
}

TEST(Utf8Validator, EverySplitOfMutatedTextGivesTheReferencesAnswerAtTheSameByte) {
  std::mt19937 random = seeded_random();
  for (std::size_t size = 0; size <= 200; ++size) {
    for (int round = 0; round < 40; ++round) {
      Bytes text = random_text(random, size);
      mutate(random, text);
      test_splits(text);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(Utf8Validator, EverySplitOfFourEdgeBytesGivesTheReferencesAnswerAtTheSameByte) {
  std::array<std::byte, 4> text{};
  for (const unsigned char a : kEdges) {
    for (const unsigned char b : kEdges) {
      for (const unsigned char c : kEdges) {
        for (const unsigned char d : kEdges) {
          text = {std::byte{a}, std::byte{b}, std::byte{c}, std::byte{d}};
          test_splits(text);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST(Utf8Validator, ManyPiecesOfLongTextGiveTheReferencesAnswerAtTheSameByte) {
  std::mt19937 random = seeded_random();
  for (int round = 0; round < 2000; ++round) {
    Bytes text = random_text(random, random() % 5000);
    if (round % 4 != 0) mutate(random, text);
    std::vector<std::size_t> ends;
    for (std::size_t end = 0; end < text.size(); ends.push_back(end)) {
      end = std::min(text.size(), end + random() % (random() % 2 == 0 ? 8 : 600));
    }
    test_pieces(text, first_offending_byte(text), text.empty() || reference_valid(text), ends);
    if (HasFatalFailure()) return;
  }
}

TEST(Utf8Validator, StaysFailedUntilReset) {
  Utf8Validator validator;
  EXPECT_FALSE(validator.feed(view("\xFF")));
  EXPECT_FALSE(validator.feed(view("a")));
  EXPECT_FALSE(validator.feed({}));
  EXPECT_FALSE(validator.feed(view(std::string(1000, 'a'))));
  EXPECT_FALSE(validator.complete());
  validator.reset();
  EXPECT_TRUE(validator.feed(view("a")));
  EXPECT_TRUE(validator.complete());
}

TEST(Utf8Validator, CopiesGoOnIndependently) {
  static_assert(std::is_trivially_copyable_v<Utf8Validator>);
  static_assert(sizeof(Utf8Validator) <= 8);
  Utf8Validator validator;
  EXPECT_TRUE(validator.feed(view("\xE2\x82")));
  Utf8Validator copy = validator;
  EXPECT_FALSE(validator.feed(view("x")));
  EXPECT_TRUE(copy.feed(view("\xAC")));
  EXPECT_TRUE(copy.complete());
}

TEST(Utf8, ChosenKernelIsTheFirstSupportedOneAndTheLastRunsEverywhere) {
  for (const Utf8Kernel& kernel : utf8_kernels()) {
    if (!kernel.supported()) continue;
    EXPECT_STREQ(chosen_utf8_kernel().name, kernel.name);
    break;
  }
  EXPECT_TRUE(utf8_kernels().back().supported());
  std::printf("chosen kernel: %s\n", chosen_utf8_kernel().name);
}

// Stand for static objects of another source file, which may be constructed before anything of utf8.cc.
const auto kBeforeFirstCall = detail::utf8_valid_long.load();
const bool kValidBeforeMain = utf8_valid(view(std::string(1000, 'a')).data(), 1000);
const bool kInvalidBeforeMain = utf8_valid(view(std::string(1000, '\xFF')).data(), 1000);

TEST(Utf8, WorksWhileStaticObjectsAreConstructed) {
  EXPECT_TRUE(kValidBeforeMain);
  EXPECT_FALSE(kInvalidBeforeMain);
}

TEST(Utf8, ManyThreadsMayMakeTheFirstCall) {
  detail::utf8_valid_long.store(kBeforeFirstCall);
  const std::string text(1000, 'a');
  std::array<bool, 8> results{};
  {
    std::vector<std::jthread> threads;
    for (bool& result : results) {
      threads.emplace_back([&] { result = utf8_valid(view(text).data(), text.size()); });
    }
  }
  EXPECT_TRUE(std::ranges::all_of(results, [](bool result) { return result; }));
  EXPECT_EQ(detail::utf8_valid_long.load(), chosen_utf8_kernel().valid);
}

}  // namespace
}  // namespace mote::core

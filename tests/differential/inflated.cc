#include "tests/differential/inflated.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace mote::differential {
namespace {

constexpr std::size_t kMostCodeBits = 15;
constexpr int kEndOfBlock = 256;

// Thrown where the data ends, and where it is wrong.
struct Unfinished {};
struct Wrong {};

class Bits {
 public:
  explicit Bits(std::string_view data) : data_(data) {}

  [[nodiscard]] std::size_t left() const { return 8 * data_.size() - position_; }
  unsigned next() {
    if (left() == 0) throw Unfinished{};
    const unsigned byte = static_cast<unsigned char>(data_[position_ / 8]);
    return byte >> (position_++ % 8) & 1;
  }
  unsigned next(unsigned count) {
    unsigned value = 0;
    for (unsigned i = 0; i < count; ++i) value |= next() << i;
    return value;
  }
  void skip_to_byte() { position_ = (position_ + 7) / 8 * 8; }

 private:
  std::string_view data_;
  std::size_t position_ = 0;
};

// A Huffman code by the lengths of its symbols (RFC 1951 §3.2.2).
class Code {
 public:
  explicit Code(std::span<const std::uint8_t> lengths) {
    for (std::uint8_t length = 1; length <= kMostCodeBits; ++length) {
      for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol) {
        if (lengths[symbol] == length) by_code_[length].push_back(static_cast<int>(symbol));
      }
      if (!by_code_[length].empty()) longest_ = length;
      left_over_ = 2 * left_over_ - count(length);
      if (left_over_ < 0) throw Wrong{};
    }
  }

  // Whether every sequence of bits means something.
  [[nodiscard]] bool complete() const { return left_over_ == 0; }
  [[nodiscard]] std::size_t longest() const { return longest_; }

  int next_symbol(Bits& bits) const {
    int code = 0;
    int first = 0;  // the first code of the length
    for (std::size_t length = 1; length <= std::max<std::size_t>(longest_, 1); ++length) {
      code |= static_cast<int>(bits.next());
      if (code - first < count(length)) return by_code_[length][static_cast<std::size_t>(code - first)];
      first = 2 * (first + count(length));
      code *= 2;
    }
    throw Wrong{};
  }

 private:
  [[nodiscard]] int count(std::size_t length) const { return static_cast<int>(by_code_[length].size()); }

  std::array<std::vector<int>, kMostCodeBits + 1> by_code_;  // for each length the symbols in order
  std::size_t longest_ = 0;
  int left_over_ = 1;
};

// What a length or distance symbol stands for: its base, and how many bits are added (§3.2.5).
struct Symbol {
  std::size_t base;
  unsigned extra_bits;
};

Symbol length_symbol(int symbol) {
  const auto index = static_cast<unsigned>(symbol - 257);
  if (index < 8) return {3 + index, 0};
  if (index == 28) return {258, 0};
  if (index > 28) throw Wrong{};
  const unsigned extra = index / 4 - 1;
  return {3 + (std::size_t{4 + index % 4} << extra), extra};
}

Symbol distance_symbol(int symbol) {
  const auto index = static_cast<unsigned>(symbol);
  if (index < 4) return {1 + index, 0};
  if (index > 29) throw Wrong{};
  const unsigned extra = index / 2 - 1;
  return {1 + (std::size_t{2 + index % 2} << extra), extra};
}

Code fixed_literals() {
  std::vector<std::uint8_t> lengths(288, 8);
  std::fill(lengths.begin() + 144, lengths.begin() + 256, 9);
  std::fill(lengths.begin() + 256, lengths.begin() + 280, 7);
  return Code(lengths);
}

class Inflating {
 public:
  Inflating(std::string_view data, std::string_view history, std::size_t most_bytes)
      : bits_(data), out_(history), start_(history.size()), most_bytes_(most_bytes) {}

  Inflated run() {
    try {
      while (bits_.left() != 0 && !full()) block();
    } catch (const Unfinished&) {
    } catch (const Wrong&) {
      result_.wrong = true;
    }
    result_.bytes = out_.substr(start_);
    return result_;
  }

 private:
  [[nodiscard]] bool full() const { return out_.size() - start_ > most_bytes_; }

  void block() {
    const bool last = bits_.next() != 0;
    result_.has_final_block = result_.has_final_block || last;
    switch (bits_.next(2)) {
      case 0:
        stored();
        break;
      case 1: {
        static const Code literals = fixed_literals();
        static const Code distances(std::vector<std::uint8_t>(30, 5));
        compressed(literals, distances);
        break;
      }
      case 2:
        dynamic();
        break;
      default:
        throw Wrong{};
    }
    if (last) bits_.skip_to_byte();
  }

  void stored() {
    bits_.skip_to_byte();
    result_.ends_as_asked = bits_.left() == 0;
    const unsigned length = bits_.next(16);
    if ((length ^ bits_.next(16)) != 0xFFFF) throw Wrong{};
    for (unsigned i = 0; i < length && !full(); ++i) out_ += static_cast<char>(bits_.next(8));
  }

  void dynamic() {
    static constexpr std::array<std::size_t, 19> order = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                          11, 4,  12, 3, 13, 2, 14, 1, 15};
    const std::size_t literals = bits_.next(5) + 257;
    const std::size_t distances = bits_.next(5) + 1;
    const std::size_t code_lengths = bits_.next(4) + 4;
    if (literals > 286 || distances > 30) throw Wrong{};
    std::array<std::uint8_t, 19> meta{};
    for (std::size_t i = 0; i < code_lengths; ++i) meta[order[i]] = static_cast<std::uint8_t>(bits_.next(3));
    const Code code(meta);
    if (code.longest() == 0) {
      // Every bit means the length 0, so that there is no end of a block.
      for (std::size_t i = 0; i < literals + distances; ++i) bits_.next();
      throw Wrong{};
    }
    if (!code.complete()) throw Wrong{};
    const std::vector<std::uint8_t> lengths = read_lengths(code, literals + distances);
    if (lengths[kEndOfBlock] == 0) throw Wrong{};
    const std::span all(lengths);
    const Code literal_code(all.first(literals));
    const Code distance_code(all.subspan(literals));
    for (const Code* each : {&literal_code, &distance_code}) {
      // One symbol alone may have a code of one bit (§3.2.7).
      if (!each->complete() && each->longest() > 1) throw Wrong{};
    }
    compressed(literal_code, distance_code);
  }

  std::vector<std::uint8_t> read_lengths(const Code& code, std::size_t count) {
    std::vector<std::uint8_t> lengths;
    while (lengths.size() < count) {
      const int symbol = code.next_symbol(bits_);
      if (symbol < 16) {
        lengths.push_back(static_cast<std::uint8_t>(symbol));
        continue;
      }
      if (symbol == 16 && lengths.empty()) {
        bits_.next(2);
        throw Wrong{};
      }
      const std::uint8_t repeated = symbol == 16 ? lengths.back() : 0;
      const std::size_t times = symbol == 16   ? 3 + bits_.next(2)
                                : symbol == 17 ? 3 + bits_.next(3)
                                               : 11 + bits_.next(7);
      if (lengths.size() + times > count) throw Wrong{};
      lengths.insert(lengths.end(), times, repeated);
    }
    return lengths;
  }

  void compressed(const Code& literals, const Code& distances) {
    while (!full()) {
      const int symbol = literals.next_symbol(bits_);
      if (symbol == kEndOfBlock) return;
      if (symbol < kEndOfBlock) {
        out_ += static_cast<char>(symbol);
        continue;
      }
      const std::size_t length = value_of(length_symbol(symbol));
      const std::size_t distance = value_of(distance_symbol(distances.next_symbol(bits_)));
      result_.farthest = std::max(result_.farthest, distance);
      result_.too_far = distance > out_.size();
      if (result_.too_far) throw Wrong{};
      for (std::size_t i = 0; i < length && !full(); ++i) out_ += out_[out_.size() - distance];
    }
  }

  std::size_t value_of(const Symbol& symbol) { return symbol.base + bits_.next(symbol.extra_bits); }

  Bits bits_;
  std::string out_;  // behind the history
  std::size_t start_;
  std::size_t most_bytes_;
  Inflated result_;
};

}  // namespace

Inflated inflate_slowly(std::string_view data, std::string_view history, std::size_t most_bytes) {
  return Inflating(data, history, most_bytes).run();
}

}  // namespace mote::differential

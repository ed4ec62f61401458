#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <numeric>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace mote::test {

/// A copy of some bytes in a heap block of exactly their size, so that AddressSanitizer sees the first byte read
/// beyond.
class ExactBlock {
 public:
  explicit ExactBlock(std::string_view bytes) : size_(bytes.size()), block_(new char[bytes.size()]) {
    std::copy(bytes.begin(), bytes.end(), block_.get());
  }

  [[nodiscard]] std::string_view view() const { return {block_.get(), size_}; }
  [[nodiscard]] char* data() { return block_.get(); }

 private:
  std::size_t size_;
  std::unique_ptr<char[]> block_;
};

/// How many bytes of a stream have arrived after each read.
using Feeding = std::vector<std::size_t>;

inline Feeding at_once(std::size_t size) { return {size}; }

inline Feeding one_byte_at_a_time(std::size_t size) {
  Feeding feeding(size);
  std::iota(feeding.begin(), feeding.end(), std::size_t{1});
  return feeding;
}

/// Calls `feed(feeding)` for every way in which a parser must give the same answer: at once, every split in two, one
/// byte at a time.
template <class Feed>
void for_every_feeding(std::size_t size, Feed feed) {
  feed(at_once(size));
  for (std::size_t split = 0; split < size; ++split) feed(Feeding{split, size});
  feed(one_byte_at_a_time(size));
}

/// Where a row of a table comes from: RFC and section, and the line of tests/conformance/checklist.tsv (0: none). An
/// attack of attacks.tsv goes into the section, as checklist.py says.
struct Source {
  const char* name;  ///< Of the row, in PascalCase: it becomes part of the test's name.
  const char* section;
  int checklist = 0;
};

inline std::ostream& operator<<(std::ostream& out, const Source& source) {
  return out << source.name << " (" << source.section << ", checklist " << source.checklist << ')';
}

/// Names the instances of a parameterised test after their rows.
struct RowName {
  template <class Info>
  std::string operator()(const Info& info) const {
    return info.param.source.name;
  }
};

}  // namespace mote::test

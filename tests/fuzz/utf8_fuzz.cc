// A text, whole and in pieces that the input itself chooses: every kernel that this CPU has says of it what the slow
// reference says, and so does the validator, with the very byte that no valid text can have.

#include "core/utf8.h"

#include <string_view>

#include "tests/differential/random_text.h"
#include "tests/fuzz/input.h"

namespace {

using namespace mote::fuzz;
using mote::test::ExactBlock;

/// How many bytes were fed before the validator refused one; more than all: it is content and could end here.
std::size_t judged_in_pieces(std::string_view text, const mote::test::Feeding& feeding) {
  mote::core::Utf8Validator validator;
  std::size_t fed = 0;
  for (const std::size_t arrived : feeding) {
    const ExactBlock piece(text.substr(fed, arrived - fed));
    if (!validator.feed(bytes_of(piece.view()))) return arrived;
    fed = arrived;
  }
  return validator.complete() ? text.size() + 1 : text.size();
}

// Where the reference refuses.
void check_pieces(std::string_view text, std::string_view cuts, bool valid) {
  const std::size_t whole = judged_in_pieces(text, {text.size()});
  const std::size_t cut = judged_in_pieces(text, feeding_of(cuts, text.size()));
  check((whole > text.size()) == valid && (cut > text.size()) == valid);
}

void check_each_byte(std::string_view text) {
  mote::core::Utf8Validator validator;
  for (std::size_t size = 1; size <= text.size(); ++size) {
    const bool begins = mote::differential::begins_utf8(text.substr(0, size));
    check(validator.feed(bytes_of(text.substr(size - 1, 1))) == begins);
    if (!begins) return check(!validator.complete());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const std::string_view cuts = input.take_cuts();
  const ExactBlock block(input.take_rest());
  const std::string_view text = block.view();
  const auto bytes = bytes_of(text);
  const bool valid = mote::differential::is_utf8(text);
  check(mote::core::utf8_valid(bytes.data(), bytes.size()) == valid);
  for (const auto& kernel : mote::core::utf8_kernels()) {
    if (kernel.supported()) check(kernel.valid(bytes.data(), bytes.size()) == valid);
  }
  check_pieces(text, cuts, valid);
  // The reference begins anew for each byte.
  if (text.size() <= 24) check_each_byte(text);
  return 0;
}

// Compressed messages of one peer, right or wrong: the inflater finds what the slow one finds that shares no code with
// zlib, the same whether or not a message comes in pieces, never gives more than the limit and one byte, and is fit for
// the next peer afterwards.

#include "proto/inflater.h"

#include <string>

#include "tests/differential/inflated.h"
#include "tests/fuzz/input.h"
#include "tests/support/deflate.h"

namespace {

using namespace mote::fuzz;
using mote::core::ByteBuffer;
using mote::proto::Inflater;
using mote::proto::Violation;
using mote::test::ExactBlock;

constexpr std::uint64_t kLimit = 5'000;
constexpr std::size_t kSlowBytes = 256;  // the slow one is that

struct Outcome {
  std::string bytes;
  Violation violation = Violation::none;

  bool operator==(const Outcome&) const = default;
};

Outcome inflated(Inflater& inflater, std::string_view payload, const mote::test::Feeding& feeding) {
  ByteBuffer out;
  Outcome outcome;
  std::size_t fed = 0;
  for (const std::size_t arrived : feeding) {
    const ExactBlock piece(payload.substr(fed, arrived - fed));
    outcome.violation = inflater.inflate(bytes_of(piece.view()), kLimit, out);
    fed = arrived;
    if (outcome.violation != Violation::none) break;
  }
  if (outcome.violation == Violation::none) outcome.violation = inflater.finish();
  check(out.size() <= kLimit + 1);
  outcome.bytes = text_of(out.bytes());
  return outcome;
}

void check_slowly(std::string_view payload, const Outcome& outcome) {
  const auto slow = mote::differential::inflate_slowly(payload, {}, kLimit + 1);
  if (slow.bytes.size() > kLimit) return check(outcome.violation == Violation::message_too_big);
  check(outcome.bytes == slow.bytes);
  check((outcome.violation == Violation::none) == (!slow.wrong && slow.ends_as_asked));
}

void check_fit(Inflater& inflater) {
  static const std::string kHello = mote::test::deflated("Hello");
  inflater.forget();
  const Outcome next = inflated(inflater, kHello, {kHello.size()});
  check(next == Outcome{"Hello", Violation::none});
  inflater.forget();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Inflater large(15);
  static Inflater small(9);
  Input input(data, size);
  const std::string_view cuts = input.take_cuts();
  const std::string_view payload = input.take_rest();
  if (payload.empty()) return 0;
  const Outcome whole = inflated(large, payload, {payload.size()});
  check_fit(large);
  check(inflated(large, payload, feeding_of(cuts, payload.size())) == whole);
  check_fit(large);
  if (payload.size() <= kSlowBytes) check_slowly(payload, whole);
  // What refers back beyond a small window is refused or not, as the reads have it; the rest is the same.
  const Outcome narrow = inflated(small, payload, feeding_of(cuts, payload.size()));
  check(narrow == whole ||
        (narrow.violation == Violation::compressed_data_invalid && whole.bytes.starts_with(narrow.bytes)));
  check_fit(small);
  return 0;
}

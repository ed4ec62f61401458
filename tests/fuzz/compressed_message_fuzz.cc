// Compressed messages of one peer, cut and damaged at will: the reader says the same however they are cut, never gives
// more than the limit, and leaves the pool's inflaters fit for the next connection.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/fuzz/input.h"
#include "tests/support/deflate.h"
#include "tests/support/frame_stream.h"

namespace {

using namespace mote::test;
using mote::fuzz::check;
using mote::proto::DeflatePool;
using mote::proto::MessageRules;
using mote::proto::Role;
using mote::proto::Violation;

constexpr mote::Compression kOn{.mode = mote::CompressionMode::on};
constexpr std::uint64_t kLimit = 20'000;
constexpr unsigned kRsv1 = 0x40;

/// Messages out of the input: each byte of control says how the next one is framed.
std::string stream_from(std::string_view input) {
  std::string stream;
  bool inside = false;
  while (!input.empty()) {
    const auto control = static_cast<std::uint8_t>(input.front());
    input.remove_prefix(1);
    const std::size_t wanted = std::size_t{control} >> 3 << ((control & 1) != 0 ? 3 : 0);
    const std::size_t size = std::min(wanted, input.size());
    const bool fin = (control & 2) != 0;
    const unsigned opcode = inside ? kMore : (control & 4) != 0 ? kText | kRsv1 : kBinary | kRsv1;
    append_frame(stream, Role::server, {(fin ? kFin : 0U) | opcode, std::string(input.substr(0, size))});
    input.remove_prefix(size);
    inside = !fin;
  }
  return stream;
}

bool stops_short_of(const Outcome& refused, const Outcome& other) {
  return refused.violation == Violation::compressed_data_invalid && refused.events.size() <= other.events.size() &&
         std::equal(refused.events.begin(), refused.events.end(), other.events.begin());
}

/// With context takeover what refers back beyond a window that is not the largest is refused where the bytes are no
/// longer at hand, which the reads decide.
bool agree(const Outcome& one, const Outcome& other, int window_bits) {
  if (one.events == other.events && one.violation == other.violation) return true;
  return window_bits < 15 && (stops_short_of(one, other) || stops_short_of(other, one));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const bool takeover = (data[0] & 1) != 0;
  const std::string stream = stream_from({reinterpret_cast<const char*>(data + 2), size - 2});
  static DeflatePool pool(kOn);
  const MessageRules rules{.message_bytes = kLimit,
                           .fragments = 1000,
                           .deflate = &pool,
                           .context_takeover = takeover,
                           .window_bits = static_cast<std::uint8_t>(9 + (data[0] >> 1) % 7)};
  const Outcome whole = outcome_of(Role::server, stream, at_once(stream.size()), rules);
  for (const std::string& event : whole.events) check(event.size() <= kLimit + std::string_view("binary:").size());
  Feeding pieces;
  for (std::size_t at = 0; at < stream.size();)
    pieces.push_back(at += std::min<std::size_t>(1 + data[1], stream.size() - at));
  const Outcome cut = outcome_of(Role::server, stream, pieces, rules);
  check(agree(cut, whole, takeover ? rules.window_bits : 15));
  // Whoever takes a spare inflater next finds nothing of this connection.
  static const std::string hello = stream_of(Role::server, {{kFin | kRsv1 | kText, deflated("Hello")}});
  const Outcome next = outcome_of(Role::server, hello, at_once(hello.size()), rules);
  check(next.violation == Violation::none && next.events == std::vector<std::string>{"text:Hello"});
  return 0;
}

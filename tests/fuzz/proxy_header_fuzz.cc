// Feeds a PROXY header in one piece and in pieces that the input itself chooses: both must agree, to the byte.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <mote/headers.h>

#include "proto/forwarded_for.h"
#include "proto/proxy_header.h"
#include "tests/fuzz/input.h"

namespace {

using namespace mote::proto;
using namespace mote::fuzz;
using mote::test::ExactBlock;

struct Outcome {
  ProxyHeader::Progress progress = ProxyHeader::Progress::incomplete;
  std::size_t needed = 0;
  ProxyHeaderFault fault = ProxyHeaderFault::none;
  std::optional<Endpoint> client;

  bool operator==(const Outcome&) const = default;
};

Outcome parse(std::string_view stream, const mote::test::Feeding& feeding) {
  ProxyHeader header;
  Outcome outcome;
  for (const std::size_t arrived : feeding) {
    if (outcome.progress != ProxyHeader::Progress::incomplete) break;
    const ExactBlock block(stream.substr(outcome.needed, arrived - outcome.needed));
    const auto step = header.feed(std::as_bytes(std::span(block.view())));
    check(step.consumed <= block.view().size());
    check(step.progress != ProxyHeader::Progress::incomplete || step.consumed == block.view().size());
    outcome.needed += step.consumed;
    outcome.progress = step.progress;
  }
  outcome.fault = header.fault();
  outcome.client = header.client();
  check(outcome.needed <= ProxyHeader::kMostBytes);
  check((outcome.progress == ProxyHeader::Progress::refused) == (outcome.fault != ProxyHeaderFault::none));
  check(!outcome.client || outcome.progress == ProxyHeader::Progress::complete);
  return outcome;
}

// The rest of a request's head has been read by then: a value has no control characters.
void read_forwarded_for(std::string_view bytes) {
  static const TrustedProxies kTrusted({"10.0.0.0/8", "::/1"});
  std::string lines = "X-Forwarded-For: ";
  for (const char c : bytes) lines.push_back(static_cast<unsigned char>(c) < 0x20 ? ',' : c);
  const ExactBlock block(lines.append("\r\n"));
  static_cast<void>(forwarded_for(mote::Headers(block.view()), kTrusted));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const std::string_view cuts = input.take_cuts();
  const std::string_view stream = input.take_rest();
  const Outcome whole = parse(stream, {stream.size()});
  check(parse(stream, feeding_of(cuts, stream.size())) == whole);
  check(parse(stream, mote::test::one_byte_at_a_time(stream.size())) == whole);
  read_forwarded_for(stream);
  return 0;
}

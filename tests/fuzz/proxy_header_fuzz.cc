// Feeds a PROXY header in one piece and in pieces that the input itself chooses: both must agree, to the byte.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <mote/headers.h>

#include "proto/forwarded_for.h"
#include "proto/proxy_header.h"
#include "tests/support/feed.h"

namespace {

using namespace mote::proto;
using mote::test::ExactBlock;

void check(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  ProxyHeader::Progress progress = ProxyHeader::Progress::incomplete;
  std::size_t needed = 0;
  ProxyHeaderFault fault = ProxyHeaderFault::none;
  std::optional<Endpoint> client;

  bool operator==(const Outcome&) const = default;
};

// `cuts` is walked round and round: each octet is the size of a read, less one.
Outcome parse(std::string_view stream, std::string_view cuts) {
  ProxyHeader header;
  Outcome outcome;
  for (std::size_t i = 0; outcome.progress == ProxyHeader::Progress::incomplete && outcome.needed < stream.size();
       ++i) {
    const std::size_t read =
        cuts.empty() ? stream.size() : std::size_t{static_cast<std::uint8_t>(cuts[i % cuts.size()])} + 1;
    const ExactBlock block(stream.substr(outcome.needed, read));
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
  if (size == 0) return 0;
  const std::string bytes(data, data + size);
  const std::size_t cut_count = std::min<std::size_t>(data[0] % 8, size - 1);
  const std::string_view cuts = std::string_view(bytes).substr(1, cut_count);
  const std::string_view stream = std::string_view(bytes).substr(1 + cut_count);
  const Outcome whole = parse(stream, {});
  check(parse(stream, cuts) == whole);
  check(parse(stream, std::string_view("\0", 1)) == whole);
  read_forwarded_for(stream);
  return 0;
}

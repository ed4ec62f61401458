// Feeds a request head in one piece and in pieces that the input itself chooses, and judges what comes of it. Both must
// agree, and every view must lie inside the input.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "proto/handshake.h"
#include "proto/request_head.h"
#include "tests/support/feed.h"

namespace {

using namespace mote::proto;
using mote::test::ExactBlock;

constexpr HeadLimits kLimits{.head_bytes = 2048, .header_lines = 20, .target_bytes = 512};

void check(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  HeadProgress progress = HeadProgress::incomplete;
  std::size_t needed = 0;  // bytes that had arrived when it was decided
  std::string text;

  bool agrees_with(const Outcome& other) const { return progress == other.progress && text == other.text; }
};

void check_inside(std::string_view part, std::string_view whole) {
  const bool constant = part == "/" || part.empty();  // the path of `http://host`
  check(constant || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size()));
}

std::string judged(const RequestHead& head, std::string_view input) {
  static const std::vector<std::string> kSubprotocols = {"chat", "v2"};
  const UpgradeVerdict verdict = judge_upgrade(head, {.subprotocols = kSubprotocols});
  std::string text = std::to_string(static_cast<int>(verdict.kind));
  text.append(verdict.refusal.text).append("|").append(verdict.key).append("|").append(verdict.subprotocol);
  if (verdict.kind == UpgradeVerdict::Kind::accept) {
    check_inside(verdict.key, input);
    check(verdict.key.size() == 24);
    check(verdict.subprotocol.empty() || offers_subprotocol(head.headers(), verdict.subprotocol));
    append_switching_protocols(text, verdict.key, {verdict.subprotocol, verdict.deflate}, {});
  }
  return text;
}

std::string described(const RequestHead& head, std::string_view input) {
  std::string text;
  for (const std::string_view part : {head.method(), head.target(), head.path(), head.query(), head.host()}) {
    check_inside(part, input);
    text.append(part).append("|");
  }
  check(head.size() <= input.size() && input.substr(0, head.size()).ends_with("\r\n\r\n"));
  for (const mote::Header& field : head.headers()) {
    check_inside(field.name, input);
    check_inside(field.value, input);
    check(!field.name.empty() && field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
    text.append(field.name).append(":").append(field.value).append("|");
  }
  for (const mote::Cookie& cookie : mote::Cookies(head.headers())) text.append(cookie.name).append(cookie.value);
  for (const bool flag : {head.has_body(), head.keep_alive(), head.connection_upgrade(), head.expects_continue()}) {
    text.push_back(flag ? '1' : '0');
  }
  return text + judged(head, input);
}

// `cuts` is walked round and round: each octet is the size of a read, less one.
Outcome parse(std::string_view stream, std::string_view cuts) {
  RequestHead head;
  Outcome outcome;
  std::size_t arrived = 0;
  for (std::size_t i = 0; outcome.progress == HeadProgress::incomplete && arrived < stream.size(); ++i) {
    const std::size_t read =
        cuts.empty() ? stream.size() : std::size_t{static_cast<std::uint8_t>(cuts[i % cuts.size()])} + 1;
    arrived = std::min(arrived + read, stream.size());
    const ExactBlock block(stream.substr(0, arrived));
    outcome.progress = head.parse(block.view(), kLimits);
    if (outcome.progress == HeadProgress::complete) outcome.text = described(head, block.view());
  }
  if (outcome.progress == HeadProgress::refused) outcome.text = head.refusal().text;
  outcome.needed = arrived;
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string bytes(data, data + size);
  const std::size_t cut_count = std::min<std::size_t>(data[0] % 8, size - 1);
  const std::string_view cuts = std::string_view(bytes).substr(1, cut_count);
  const std::string_view stream = std::string_view(bytes).substr(1 + cut_count);
  const Outcome whole = parse(stream, {});
  check(whole.agrees_with(parse(stream, cuts)));
  const Outcome bytewise = parse(stream, std::string_view("\0", 1));
  check(whole.agrees_with(bytewise));
  // Nothing behind the byte that decided has a say.
  check(whole.progress == HeadProgress::incomplete || whole.agrees_with(parse(stream.substr(0, bytewise.needed), {})));
  return 0;
}

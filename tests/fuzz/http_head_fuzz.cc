// Feeds a request head in one piece and in pieces that the input itself chooses, and judges what comes of it. Both must
// agree, and every view must lie inside the input.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto/handshake.h"
#include "proto/request_head.h"
#include "tests/fuzz/input.h"

namespace {

using namespace mote::proto;
using namespace mote::fuzz;
using mote::test::ExactBlock;
using mote::test::Feeding;

constexpr HeadLimits kLimits{.head_bytes = 2048, .header_lines = 20, .target_bytes = 512};

struct Outcome {
  HeadProgress progress = HeadProgress::incomplete;
  std::size_t needed = 0;  // bytes that had arrived when it was decided
  std::string text;

  bool agrees_with(const Outcome& other) const { return progress == other.progress && text == other.text; }
};

void check_inside_or_constant(std::string_view part, std::string_view whole) {
  if (part != "/" && !part.empty()) check_inside(part, whole);  // the path of `http://host`
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
    check_inside_or_constant(part, input);
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

Outcome parse(std::string_view stream, const Feeding& feeding) {
  RequestHead head;
  Outcome outcome;
  for (const std::size_t arrived : feeding) {
    const ExactBlock block(stream.substr(0, arrived));
    outcome.needed = arrived;
    outcome.progress = head.parse(block.view(), kLimits);
    if (outcome.progress == HeadProgress::complete) outcome.text = described(head, block.view());
    if (outcome.progress != HeadProgress::incomplete) break;
  }
  if (outcome.progress == HeadProgress::refused) outcome.text = head.refusal().text;
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const std::string_view cuts = input.take_cuts();
  const std::string_view stream = input.take_rest();
  const Outcome whole = parse(stream, {stream.size()});
  check(whole.agrees_with(parse(stream, feeding_of(cuts, stream.size()))));
  const Outcome bytewise = parse(stream, mote::test::one_byte_at_a_time(stream.size()));
  check(whole.agrees_with(bytewise));
  // Nothing behind the byte that decided has a say.
  check(whole.progress == HeadProgress::incomplete ||
        whole.agrees_with(parse(stream.substr(0, bytewise.needed), {bytewise.needed})));
  return 0;
}

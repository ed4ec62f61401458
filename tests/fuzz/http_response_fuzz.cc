// What a server, or a proxy, answers to a client: read in one piece and in pieces that the input itself chooses, and
// judged. All must agree, every view must lie inside the input, and an accepted handshake has only what was asked for.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "proto/client_handshake.h"
#include "proto/handshake.h"
#include "proto/http_connect.h"
#include "proto/response_head.h"
#include "proto/socks5.h"
#include "tests/fuzz/input.h"
#include "tests/support/dialogue.h"

namespace {

using namespace mote::proto;
using namespace mote::fuzz;
using mote::test::ExactBlock;
using mote::test::Feeding;

constexpr ResponseLimits kLimits{.head_bytes = 2048, .header_lines = 20};
constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";
// The beginning of a response that is accepted: no fuzzer finds a SHA-1 by itself.
constexpr std::string_view kBeginning =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

mote::ClientOptions options_of(std::uint8_t choice) {
  mote::ClientOptions options;
  options.subprotocols = {"chat", "v2"};
  if ((choice & 1) != 0) options.compression.mode = mote::CompressionMode::on;
  options.compression.server_context_takeover = (choice & 2) != 0;
  options.compression.client_context_takeover = (choice & 4) != 0;
  options.compression.server_max_window_bits = 8 + choice / 8 % 8;
  options.compression.client_max_window_bits = 8 + choice % 8;
  return options;
}

void check_accepted(const ResponseHead& head, const ResponseVerdict& verdict, const mote::Compression& offered) {
  check(head.status() == 101 && head.headers()["Sec-WebSocket-Accept"] == accept_value(kKey));
  check(head.headers()["Sec-WebSocket-Protocol"] == verdict.subprotocol);
  if (!verdict.deflate) return;
  check(offered.mode == mote::CompressionMode::on);
  for (const auto& [side, bits, takeover] :
       {std::tuple(Role::server, offered.server_max_window_bits, offered.server_context_takeover),
        std::tuple(Role::client, offered.client_max_window_bits, offered.client_context_takeover)}) {
    const CompressorLimits limits = verdict.deflate->compressor_of(side);
    check(limits.window_bits >= kMinWindowBits && limits.window_bits <= bits);
    check(takeover || !limits.takeover);
  }
}

std::string judged(const ResponseHead& head, const mote::ClientOptions& options) {
  const ResponseVerdict verdict = judge_response(head, {.key = kKey, .options = options});
  const bool accepted = verdict.kind == ResponseVerdict::Kind::accepted;
  check((verdict.kind == ResponseVerdict::Kind::broken) == (verdict.fault != ResponseFault::none));
  if (accepted) check_accepted(head, verdict, options.compression);
  std::string text = std::to_string(static_cast<int>(verdict.kind));
  text.append(info_of(verdict.fault).text).append("|").append(verdict.subprotocol);
  return verdict.deflate ? text.append(verdict.deflate->to_string()) : text;
}

std::string described(const ResponseHead& head, std::string_view input, const mote::ClientOptions& options) {
  check(head.size() <= input.size() && input.substr(0, head.size()).ends_with("\r\n\r\n"));
  check(head.status() >= 100 && head.status() <= 999);
  check_inside(head.reason(), input);
  std::string text = std::to_string(head.status()).append(head.reason()).append("|");
  for (const mote::Header& field : head.headers()) {
    check_inside(field.name, input);
    check_inside(field.value, input);
    check(!field.name.empty() && field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
    text.append(field.name).append(":").append(field.value).append("|");
  }
  return text.append(judged(head, options));
}

// Empty while it is incomplete. `needed`: bytes that had arrived when it was decided.
std::string parse(std::string_view stream, const Feeding& feeding, const mote::ClientOptions& options,
                  std::size_t& needed) {
  ResponseHead head;
  for (const std::size_t arrived : feeding) {
    const ExactBlock block(stream.substr(0, arrived));
    needed = arrived;
    switch (head.parse(block.view(), kLimits)) {
      case HeadProgress::incomplete:
        break;
      case HeadProgress::refused:
        return std::string(info_of(head.fault()).text);
      case HeadProgress::complete:
        return described(head, block.view(), options);
    }
  }
  return {};
}

void check_head(std::string_view stream, const Feeding& cut, const mote::ClientOptions& options) {
  std::size_t needed = 0;
  const std::string whole = parse(stream, {stream.size()}, options, needed);
  check(whole == parse(stream, cut, options, needed));
  check(whole == parse(stream, mote::test::one_byte_at_a_time(stream.size()), options, needed));
  // Nothing behind the byte that decided has a say.
  check(whole == parse(stream.substr(0, needed), {needed}, options, needed));
}

// However it is cut, the outcome is the same, and so is all that the proxy is sent.
template <class Dialogue, class... Arguments>
void check_dialogue(std::string_view stream, const Feeding& cut, const Arguments&... arguments) {
  const auto told = [&](const Feeding& feeding) {
    Dialogue dialogue("host.example", 443, arguments...);
    std::string text = mote::test::conversation(dialogue, stream, feeding);
    for (std::size_t at = 0; (at = text.find(" | ", at)) != std::string::npos;) text.erase(at, 3);
    return text;
  };
  const std::string whole = told({stream.size()});
  check(whole == told(cut));
  check(whole == told(mote::test::one_byte_at_a_time(stream.size())));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  Input input(data, size);
  const std::uint8_t first = input.octet();
  const std::uint8_t choice = input.octet();
  const std::string_view cuts = input.take(first % 8U);
  std::string stream(choice < 128 ? "" : kBeginning);
  stream.append(input.take_rest());
  const Feeding cut = feeding_of(cuts, stream.size());
  static const std::optional<Credentials> kCredentials = Credentials{"user", "password"};
  switch (first / 8 % 4) {
    case 0:
      check_head(stream, cut, options_of(choice));
      break;
    case 1:
      check_dialogue<HttpConnect>(stream, cut, kCredentials, kLimits);
      break;
    case 2:
      check_dialogue<Socks5>(stream, cut, kCredentials);
      break;
    default:
      check_dialogue<Socks5>(stream, cut, std::optional<Credentials>());
  }
  return 0;
}

// An offer of extensions, whatever it holds: it is judged without harm, what is agreed on is within what was wanted,
// and the answer is an offer that the same judge understands in the same way.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proto/deflate_parameters.h"
#include "tests/fuzz/input.h"

namespace {

using mote::Compression;
using mote::fuzz::check;
using mote::proto::DeflateParameters;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Compression settings{.mode = mote::CompressionMode::on,
                             .server_max_window_bits = 8 + data[0] % 8,
                             .client_max_window_bits = 8 + data[0] / 8 % 8,
                             .server_context_takeover = (data[1] & 1) != 0,
                             .client_context_takeover = (data[1] & 2) != 0};
  std::string value(reinterpret_cast<const char*>(data + 2), size - 2);
  std::replace(value.begin(), value.end(), '\r', ' ');  // a field's value has none
  const mote::test::ExactBlock lines("Sec-WebSocket-Extensions: " + value + "\r\n");
  const auto verdict = mote::proto::judge_extensions(mote::Headers(lines.view()), settings);
  if (!verdict.deflate) return 0;
  const DeflateParameters& agreed = *verdict.deflate;
  check(agreed.server_max_window_bits >= 8 && agreed.server_max_window_bits <= settings.server_max_window_bits);
  check(agreed.client_max_window_bits >= 8 && agreed.client_max_window_bits <= 15);
  check(agreed.server_no_context_takeover || settings.server_context_takeover);
  check(agreed.client_no_context_takeover || settings.client_context_takeover);
  check(agreed.client_no_context_takeover || agreed.client_max_window_bits <= settings.client_max_window_bits);
  // As if it were an offer to somebody who takes everything.
  const Compression everything{
      .mode = mote::CompressionMode::on, .server_context_takeover = true, .client_context_takeover = true};
  const std::string answer = "Sec-WebSocket-Extensions: " + agreed.to_string() + "\r\n";
  const auto again = mote::proto::judge_extensions(mote::Headers(answer), everything);
  check(!again.malformed && again.deflate && *again.deflate == agreed);
  return 0;
}

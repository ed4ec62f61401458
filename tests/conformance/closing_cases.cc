#include <array>

#include "tests/conformance/script.h"

namespace mote::conformance {
namespace {

constexpr unsigned kNoCode = 1005;
constexpr unsigned kProtocolError = 1002;
constexpr unsigned kInvalidPayload = 1007;

const std::string kHello = "Hello World!";

Case closes_with(std::string id, unsigned code, unsigned answer) {
  return {std::move(id), "Close " + std::to_string(code) + ": Close " + std::to_string(answer),
          is_closed(answer, {close_of(code)})};
}

std::vector<Case> order() {
  const Frame close = close_of(1000);
  const std::string large = std::string(256 * 1024, 'x');
  return {
      {"7.1.1", "text, then Close: the echo, Close 1000",
       is_closed(1000, {text(kHello), close}, kTogether, {text(kHello)})},
      {"7.1.2", "two Closes: one Close 1000", is_closed(1000, {close, {kClose}})},
      {"7.1.3", "ping after Close: Close 1000 and no pong", is_closed(1000, {close, ping()})},
      {"7.1.4", "text after Close: Close 1000 and no echo", is_closed(1000, {close, text(kHello)})},
      {"7.1.5", "Close inside a fragmented text: Close 1000 and no echo",
       is_closed(1000, {first_of_text("fragment1"), close, last("fragment2")})},
      {"7.1.6", "text of 256 KiB, text, Close, ping: both echoes, Close 1000 and no pong",
       is_closed(1000, {text(large), text(kHello), close, ping()}, kTogether, {text(large), text(kHello)})},
  };
}

std::vector<Case> payloads() {
  const std::string not_utf8 =
      "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5\xED\xA0\x80"
      "edited";
  return {
      {"7.3.1", "Close without a code: Close without a code", is_closed(kNoCode, {{kClose}})},
      {"7.3.2", "Close of one octet: Close 1002", is_closed(kProtocolError, {{kClose, "a"}})},
      {"7.3.3", "Close 1000: Close 1000", is_closed(1000, {close_of(1000)})},
      {"7.3.4", "Close 1000 with a reason: Close 1000", is_closed(1000, {close_of(1000, kHello)})},
      {"7.3.5", "Close with a reason of 123 octets: Close 1000",
       is_closed(1000, {close_of(1000, std::string(123, '*'))})},
      {"7.3.6", "Close with a reason of 124 octets: Close 1002",
       is_closed(kProtocolError, {close_of(1000, std::string(124, '*'))})},
      {"7.5.1", "Close with a reason that is no UTF-8: Close 1007",
       is_closed(kInvalidPayload, {close_of(1000, not_utf8)})},
  };
}

}  // namespace

std::vector<Case> closing_cases() {
  std::vector<Case> cases = order();
  for (Case& one : payloads()) cases.push_back(std::move(one));
  constexpr std::array valid = {1000U, 1001U, 1002U, 1003U, 1007U, 1008U, 1009U,
                                1010U, 1011U, 3000U, 3999U, 4000U, 4999U};
  constexpr std::array invalid = {0U, 999U, 1004U, 1005U, 1006U, 1016U, 1100U, 2000U, 2999U};
  int number = 0;
  for (const unsigned code : valid) {
    cases.push_back(closes_with("7.7." + std::to_string(++number), code, code));
  }
  number = 0;
  for (const unsigned code : invalid) {
    cases.push_back(closes_with("7.9." + std::to_string(++number), code, kProtocolError));
  }
  cases.push_back(closes_with("7.13.1", 5000, kProtocolError));
  cases.push_back(closes_with("7.13.2", 65535, kProtocolError));
  return cases;
}

}  // namespace mote::conformance

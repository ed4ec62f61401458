// The payload of a Close frame: taken where RFC 6455 §5.5.1 and §7.4 allow it, refused for the right reason elsewhere,
// and what is written to answer it can be read again, however long the reason was.

#include "proto/close_code.h"

#include <string>

#include "tests/differential/random_text.h"
#include "tests/fuzz/input.h"

namespace {

using namespace mote::fuzz;
using mote::differential::is_utf8;
using mote::proto::Violation;

constexpr std::size_t kMostControlBytes = 125;

unsigned code_of(std::string_view payload) {
  return unsigned{static_cast<unsigned char>(payload[0])} << 8 | static_cast<unsigned char>(payload[1]);
}

// The registry of IANA, and the ranges of §7.4.2.
bool may_be_received(unsigned code) {
  switch (code) {
    case 1004:
    case 1005:
    case 1006:
      return false;
    default:
      return (code >= 1000 && code <= 1014) || (code >= 3000 && code <= 4999);
  }
}

Violation expected_of(std::string_view payload) {
  if (payload.empty()) return Violation::none;
  if (payload.size() == 1) return Violation::close_one_byte;
  if (!may_be_received(code_of(payload))) return Violation::close_code;
  return is_utf8(payload.substr(2)) ? Violation::none : Violation::close_reason_not_utf8;
}

void check_parsed(std::string_view payload) {
  const mote::test::ExactBlock block(payload);
  const auto close = mote::proto::parse_close(bytes_of(block.view()));
  check(close.violation == expected_of(payload));
  if (close.violation != Violation::none) return;
  check(close.code == (payload.empty() ? 1005 : code_of(payload)));
  check(close.reason == (payload.empty() ? payload : payload.substr(2)));
}

// Cut at a character, and not before it must be.
void check_written(std::uint16_t code, std::string_view reason) {
  const mote::test::ExactBlock block(reason);
  const std::string payload = mote::proto::close_payload(code, block.view());
  check(payload.size() <= kMostControlBytes);
  if (code == mote::close_code::no_status) return check(payload.empty());
  check(code_of(payload) == code);
  const std::string_view written = std::string_view(payload).substr(2);
  check(reason.starts_with(written) && is_utf8(written));
  check(written == reason || payload.size() + 3 >= kMostControlBytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = Input(data, size).take_rest();
  check_parsed(bytes.substr(0, kMostControlBytes));
  if (bytes.size() < 2) return 0;
  const std::string_view reason = bytes.substr(2);
  if (is_utf8(reason)) check_written(static_cast<std::uint16_t>(code_of(bytes)), reason);
  return 0;
}

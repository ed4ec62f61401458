#include "proto/close_code.h"

#include "core/utf8.h"

namespace mote::proto {
namespace {

constexpr std::size_t kMaxReasonBytes = 123;  // a control frame's 125 less the code (RFC 6455 §5.5)

constexpr bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::string_view cut(std::string_view reason) {
  if (reason.size() <= kMaxReasonBytes) return reason;
  std::size_t size = kMaxReasonBytes;
  while (size > 0 && continues_character(reason[size])) --size;
  return reason.substr(0, size);
}

}  // namespace

ClosePayload parse_close(std::span<const std::byte> payload) {
  ClosePayload close;
  if (payload.empty()) return close;
  if (payload.size() == 1) {
    close.violation = Violation::close_one_byte;
    return close;
  }
  close.code =
      static_cast<std::uint16_t>(std::to_integer<unsigned>(payload[0]) << 8 | std::to_integer<unsigned>(payload[1]));
  const auto reason = payload.subspan(2);
  close.reason = {reinterpret_cast<const char*>(reason.data()), reason.size()};
  if (!may_be_sent(close.code)) {
    close.violation = Violation::close_code;
  } else if (!core::utf8_valid(reason.data(), reason.size())) {
    close.violation = Violation::close_reason_not_utf8;
  }
  return close;
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
  std::string payload;
  if (code == close_code::no_status) return payload;
  payload += static_cast<char>(code >> 8);
  payload += static_cast<char>(code & 0xFF);
  payload += cut(reason);
  return payload;
}

}  // namespace mote::proto

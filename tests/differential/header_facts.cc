#include "tests/differential/header_facts.h"

#include <algorithm>
#include <cstddef>

namespace mote::differential {
namespace {

using enum proto::Violation;

struct Header {
  unsigned first = 0;
  unsigned second = 0;
  std::size_t length_bytes = 0;  // behind the second byte
  std::uint64_t length = 0;
  std::size_t size = 0;

  [[nodiscard]] bool fin() const { return (first & 0x80) != 0; }
  [[nodiscard]] unsigned opcode() const { return first & 0x0F; }
  [[nodiscard]] bool masked() const { return (second & 0x80) != 0; }
  [[nodiscard]] bool control() const { return opcode() >= 8; }
};

// False where the stream ends inside of it.
bool read_header(std::string_view from, Header& header) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned>(static_cast<unsigned char>(from[at])); };
  if (from.size() < 2) return false;
  header.first = byte(0);
  header.second = byte(1);
  const unsigned length = header.second & 0x7F;
  header.length_bytes = length == 127 ? 8 : length == 126 ? 2 : 0;
  header.size = 2 + header.length_bytes + (header.masked() ? 4 : 0);
  if (from.size() < header.size) return false;
  header.length = header.length_bytes == 0 ? length : 0;
  for (std::size_t i = 0; i < header.length_bytes; ++i) header.length = header.length << 8 | byte(2 + i);
  return true;
}

std::string unmasked(const Header& header, std::string_view frame) {
  std::string payload(frame.substr(header.size));
  if (!header.masked()) return payload;
  const std::string_view key = frame.substr(header.size - 4, 4);
  for (std::size_t i = 0; i < payload.size(); ++i) {
    payload[i] = static_cast<char>(payload[i] ^ key[i % 4]);
  }
  return payload;
}

std::vector<proto::Violation> broken_by(const Header& header, proto::Role reader, bool inside_message) {
  std::vector<proto::Violation> broken;
  const auto check = [&](bool breaks, proto::Violation rule) {
    if (breaks) broken.push_back(rule);
  };
  const unsigned opcode = header.opcode();
  check((header.first & 0x70) != 0, reserved_bits);
  check((opcode >= 3 && opcode <= 7) || opcode >= 11, unknown_opcode);
  check(reader == proto::Role::server && !header.masked(), unmasked_frame);
  check(reader == proto::Role::client && header.masked(), masked_frame);
  check(header.control() && !header.fin(), control_fragmented);
  check(header.control() && (header.second & 0x7F) > 125, control_too_long);
  check(opcode == 0 && !inside_message, stray_continuation);
  check((opcode == 1 || opcode == 2) && inside_message, interleaved_message);
  check(header.length_bytes == 2 && header.length < 126, length_not_minimal);
  check(header.length_bytes == 8 && header.length < 65'536, length_not_minimal);
  check(header.length_bytes == 8 && header.length >> 63 != 0, length_high_bit);
  return broken;
}

}  // namespace

HeaderFacts look_at_headers(proto::Role reader, std::string_view stream) {
  HeaderFacts facts;
  Header header;
  std::uint32_t fragments = 0;  // of the open message
  while (read_header(stream, header)) {
    facts.broken = broken_by(header, reader, fragments != 0);
    if (!facts.broken.empty()) return facts;
    if (!header.control()) {
      ++fragments;
      facts.most_fragments = std::max(facts.most_fragments, fragments);
      if (header.fin()) fragments = 0;
    }
    if (header.length > stream.size() - header.size) break;
    const std::string_view frame = stream.substr(0, header.size + static_cast<std::size_t>(header.length));
    if (header.opcode() == 8) {
      facts.close = unmasked(header, frame);
      break;
    }
    stream.remove_prefix(frame.size());
  }
  return facts;
}

}  // namespace mote::differential

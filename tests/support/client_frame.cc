#include "tests/support/client_frame.h"

#include <array>
#include <cstring>

namespace mote::test {
namespace {

void append_big_endian(std::string& to, std::uint64_t value, unsigned bytes) {
  for (unsigned i = bytes; i-- > 0;) to += static_cast<char>(value >> (8 * i));
}

}  // namespace

std::string client_frame(unsigned opcode, std::string_view payload, const FrameBits& bits) {
  std::string frame;
  frame += static_cast<char>((bits.fin ? 0x80U : 0U) | bits.reserved << 4 | opcode);
  const std::uint64_t size = bits.announced.value_or(payload.size());
  const unsigned mask_bit = bits.masked ? 0x80 : 0;
  if (bits.length_bytes == 8 || (bits.length_bytes == 0 && size > 0xFFFF)) {
    frame += static_cast<char>(mask_bit | 127);
    append_big_endian(frame, size, 8);
  } else if (bits.length_bytes == 2 || size > 125) {
    frame += static_cast<char>(mask_bit | 126);
    append_big_endian(frame, size, 2);
  } else {
    frame += static_cast<char>(mask_bit | size);
  }
  if (!bits.masked) return frame.append(payload);
  std::array<char, 4> key{};
  std::memcpy(key.data(), &bits.key, 4);
  frame.append(key.data(), 4);
  const std::size_t begin = frame.size();
  frame.append(payload);
  for (std::size_t i = 0; i < payload.size(); ++i) frame[begin + i] = static_cast<char>(frame[begin + i] ^ key[i % 4]);
  return frame;
}

std::string close_frame(std::uint16_t code, std::string_view reason) {
  std::string payload;
  append_big_endian(payload, code, 2);
  return client_frame(8, payload.append(reason));
}

std::string upgrade_request(std::string_view target, std::string_view lines) {
  return std::string("GET ")
      .append(target)
      .append(
          " HTTP/1.1\r\nHost: test.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n")
      .append(lines)
      .append("\r\n");
}

}  // namespace mote::test

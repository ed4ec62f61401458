#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mote::test {

/// A PROXY header of version 2: `command` and `family` as the specification has those bytes, then the block.
inline std::string proxy_header_v2(unsigned command, unsigned family, std::string_view block) {
  std::string header("\r\n\r\n\0\r\nQUIT\n", 12);
  header.push_back(static_cast<char>(command));
  header.push_back(static_cast<char>(family));
  header.push_back(static_cast<char>(block.size() >> 8));
  header.push_back(static_cast<char>(block.size() & 0xFF));
  return header.append(block);
}

/// The block of a client at 192.0.2.1, port 0x1234, that connected to 198.51.100.2, port 0x01BB.
inline std::string proxy_block_v4() { return {"\xC0\x00\x02\x01\xC6\x33\x64\x02\x12\x34\x01\xBB", 12}; }

/// Of a client at 2001:db8::1, port 0x1234.
inline std::string proxy_block_v6() {
  std::string block("\x20\x01\x0D\xB8", 4);
  block.append(11, '\0').append("\x01");
  return block.append(15, '\0').append("\x02\x12\x34\x01\xBB");
}

/// A value behind the addresses.
inline std::string proxy_value(unsigned type, std::string_view value) {
  std::string bytes;
  bytes.push_back(static_cast<char>(type));
  bytes.push_back(static_cast<char>(value.size() >> 8));
  bytes.push_back(static_cast<char>(value.size() & 0xFF));
  return bytes.append(value);
}

}  // namespace mote::test

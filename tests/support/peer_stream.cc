#include "tests/support/peer_stream.h"

#include <utility>

namespace mote::test {

void PeerStream::upgrade(std::string_view target, std::string_view lines) {
  send(upgrade_request(target, lines));
  const std::string head = read_head();
  if (!head.starts_with("HTTP/1.1 101 ")) throw std::runtime_error("no 101 but " + head);
}

std::string PeerStream::read_exactly(std::size_t size) {
  while (buffer_.size() < size) fill();
  std::string bytes = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return bytes;
}

std::string PeerStream::read_head() {
  std::size_t end = std::string::npos;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) fill();
  return read_exactly(end + 4);
}

std::string PeerStream::read_response() {
  std::string response = read_head();
  constexpr std::string_view name = "\r\nContent-Length: ";
  const std::size_t at = response.find(name);
  if (at == std::string::npos) return response;
  return response + read_exactly(std::stoul(response.substr(at + name.size())));
}

Frame PeerStream::read_frame() {
  const std::string start = read_exactly(2);
  Frame frame;
  frame.opcode = static_cast<unsigned char>(start[0]) & 0x0FU;
  frame.fin = (static_cast<unsigned char>(start[0]) & 0x80U) != 0;
  frame.compressed = (start[0] & 0x40) != 0;
  if ((start[0] & (compression_ ? 0x30 : 0x70)) != 0) throw std::runtime_error("reserved bit in a frame");
  std::uint64_t size = static_cast<unsigned char>(start[1]);
  if (size > 127 && !masked_) throw std::runtime_error("masked frame from the server");
  if (size <= 127 && masked_) throw std::runtime_error("unmasked frame from the client");
  size &= 127U;
  if (size >= 126) {
    const std::string length = read_exactly(size == 126 ? 2 : 8);
    size = 0;
    for (const char c : length) size = size << 8 | static_cast<unsigned char>(c);
    if (size < (length.size() == 2 ? 126U : 65536U)) throw std::runtime_error("length is not minimal");
  }
  const std::string key = masked_ ? read_exactly(4) : std::string(4, '\0');
  frame.payload = read_exactly(size);
  for (std::size_t i = 0; masked_ && i < size; ++i) frame.payload[i] = static_cast<char>(frame.payload[i] ^ key[i % 4]);
  return frame;
}

std::string PeerStream::read_to_end() {
  try {
    for (;;) fill();
  } catch (const std::runtime_error& error) {
    if (std::string_view(error.what()).starts_with("nothing")) throw;
  }
  return std::exchange(buffer_, {});
}

std::uint16_t PeerStream::read_close_code() {
  try {
    Frame frame = read_frame();
    while (frame.opcode == 9) frame = read_frame();
    if (frame.opcode != 8)
      throw std::logic_error("a frame of opcode " + std::to_string(frame.opcode) + " before Close");
    if (frame.payload.empty()) return 1005;
    return static_cast<std::uint16_t>(static_cast<unsigned char>(frame.payload[0]) << 8 |
                                      static_cast<unsigned char>(frame.payload[1]));
  } catch (const std::runtime_error& error) {
    if (std::string_view(error.what()).starts_with("nothing")) throw;
    return 0;
  }
}

}  // namespace mote::test

#include "tests/fault/far_frames.h"

#include <openssl/evp.h>

#include <array>

namespace mote::fault {
namespace {

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8U | static_cast<unsigned char>(c);
  return value;
}

}  // namespace

std::optional<FarFrameRead> read_frame(std::string_view bytes) {
  if (bytes.size() < 2) return std::nullopt;
  const auto first = static_cast<unsigned char>(bytes[0]);
  const auto second = static_cast<unsigned char>(bytes[1]);
  const bool masked = (second & 0x80U) != 0;
  std::uint64_t length = second & 0x7FU;
  std::size_t head = 2;
  const std::size_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
  if (bytes.size() < head + extended + (masked ? 4 : 0)) return std::nullopt;
  if (extended != 0) length = big_endian(bytes.substr(head, extended));
  head += extended;
  const std::string_view key = masked ? bytes.substr(head, 4) : std::string_view();
  head += key.size();
  if (bytes.size() - head < length) return std::nullopt;
  FarFrameRead read{
      {first & 0x0FU, (first & 0x80U) != 0, (first & 0x40U) != 0, masked, std::string(bytes.substr(head, length))},
      head + static_cast<std::size_t>(length)};
  std::string& payload = read.frame.payload;
  for (std::size_t i = 0; masked && i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ key[i % 4]);
  return read;
}

std::optional<std::string> read_head(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  return end == std::string_view::npos ? std::nullopt : std::optional(std::string(bytes.substr(0, end + 4)));
}

std::string field_of(std::string_view head, std::string_view name) {
  const std::string start = std::string("\r\n").append(name).append(": ");
  const std::size_t found = head.find(start);
  if (found == std::string_view::npos) return {};
  const std::size_t begin = found + start.size();
  return std::string(head.substr(begin, head.find("\r\n", begin) - begin));
}

std::string accept_value(const std::string& key) {
  const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, 20> digest{};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha1(), nullptr);
  std::array<unsigned char, 32> base64{};
  const int size = EVP_EncodeBlock(base64.data(), digest.data(), digest.size());
  return {reinterpret_cast<const char*>(base64.data()), static_cast<std::size_t>(size)};
}

}  // namespace mote::fault

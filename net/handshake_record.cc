#include "net/handshake_record.h"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "core/random.h"

namespace mote::net {
namespace {

Uuid random_uuid() {
  Uuid id;
  core::fill_random(std::as_writable_bytes(std::span(id.bytes)));
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0F) | 0x40);  // RFC 9562 §5.4: version 4
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3F) | 0x80);  // and variant
  return id;
}

// A size in front of a text: 7 bits a byte, the lowest first; all but the last byte have the highest bit set.
std::size_t size_bytes(std::size_t size) { return size < 0x80 ? 1 : 1 + size_bytes(size >> 7); }

char* write_size(char* to, std::size_t size) {
  for (; size >= 0x80; size >>= 7) *to++ = static_cast<char>(size | 0x80);
  *to++ = static_cast<char>(size);
  return to;
}

std::size_t read_size(const char*& at) {
  std::size_t size = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    size |= std::size_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return size;
  }
}

}  // namespace

void HandshakeRecord::Free::operator()(HandshakeRecord* record) const {
  record->~HandshakeRecord();
  ::operator delete(record);
}

HandshakeRecord::Pointer HandshakeRecord::make(const Parts& parts) {
  const std::array texts = {parts.path, parts.host, parts.fields, parts.subprotocol};
  std::size_t bytes = 0;
  for (const std::string_view text : texts) bytes += size_bytes(text.size()) + text.size();
  void* const memory = ::operator new(sizeof(HandshakeRecord) + bytes);
  Pointer record(new (memory) HandshakeRecord);
  record->id_ = random_uuid();
  char* end = reinterpret_cast<char*>(record.get() + 1);
  for (const std::string_view text : texts) end = write_size(end, text.size());
  for (const std::string_view text : texts) end = std::copy(text.begin(), text.end(), end);
  return record;
}

HandshakeRecord::Parts HandshakeRecord::parts() const {
  const char* at = reinterpret_cast<const char*>(this + 1);
  std::array<std::size_t, 4> sizes;
  for (std::size_t& size : sizes) size = read_size(at);
  const auto next = [&at](std::size_t size) { return std::string_view(std::exchange(at, at + size), size); };
  return {.path = next(sizes[0]), .host = next(sizes[1]), .fields = next(sizes[2]), .subprotocol = next(sizes[3])};
}

ConnectionInfo HandshakeRecord::info(const PeerAddress& peer) const {
  const auto [path, host, fields, subprotocol] = parts();
  ConnectionInfo info;
  info.id = id_;
  info.path = path;
  info.host = host;
  info.headers = Headers(fields);
  info.cookies = Cookies(info.headers);
  info.origin = info.headers["Origin"];
  info.sub_protocol = info.headers["Sec-WebSocket-Protocol"];
  info.negotiated_sub_protocol = subprotocol;
  info.client_ip_address = peer.ip();
  info.client_port = peer.port();
  return info;
}

}  // namespace mote::net

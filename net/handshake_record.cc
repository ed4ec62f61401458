#include "net/handshake_record.h"

#include <cstring>
#include <new>

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

}  // namespace

void HandshakeRecord::Free::operator()(HandshakeRecord* record) const {
  record->~HandshakeRecord();
  ::operator delete(record);
}

HandshakeRecord::Pointer HandshakeRecord::make(const Parts& parts) {
  const auto& [path, host, fields, subprotocol] = parts;
  const std::size_t text = path.size() + host.size() + fields.size() + subprotocol.size();
  void* const memory = ::operator new(sizeof(HandshakeRecord) + text);
  Pointer record(new (memory) HandshakeRecord);
  std::uint32_t end = 0;
  record->id_ = random_uuid();
  record->path_ = record->append(end, path);
  record->host_ = record->append(end, host);
  record->fields_ = record->append(end, fields);
  record->subprotocol_ = record->append(end, subprotocol);
  return record;
}

HandshakeRecord::Part HandshakeRecord::append(std::uint32_t& end, std::string_view text) {
  const Part part{end, static_cast<std::uint32_t>(text.size())};
  if (!text.empty()) std::memcpy(reinterpret_cast<char*>(this + 1) + end, text.data(), text.size());
  end += part.size;
  return part;
}

std::string_view HandshakeRecord::view(Part part) const {
  return {reinterpret_cast<const char*>(this + 1) + part.begin, part.size};
}

ConnectionInfo HandshakeRecord::info(const PeerAddress& peer) const {
  ConnectionInfo info;
  info.id = id_;
  info.path = view(path_);
  info.host = view(host_);
  info.headers = Headers(view(fields_));
  info.cookies = Cookies(info.headers);
  info.origin = info.headers["Origin"];
  info.sub_protocol = info.headers["Sec-WebSocket-Protocol"];
  info.negotiated_sub_protocol = view(subprotocol_);
  info.client_ip_address = peer.ip();
  info.client_port = peer.port();
  return info;
}

}  // namespace mote::net

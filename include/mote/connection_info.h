#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include <mote/headers.h>

namespace mote {

/// A random 128-bit identifier (RFC 9562 version 4).
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  /// As `f81d4fae-7dec-4d0f-a765-00a0c91e6bf6`.
  [[nodiscard]] std::string to_string() const;
  auto operator<=>(const Uuid&) const = default;
};

template <class Char, class Traits>
std::basic_ostream<Char, Traits>& operator<<(std::basic_ostream<Char, Traits>& stream, const Uuid& id) {
  return stream << id.to_string().c_str();
}

/// What a TLS handshake came to.
struct TlsInfo {
  std::string version;       ///< `TLSv1.3`
  std::string cipher;        ///< `TLS_AES_128_GCM_SHA256`
  std::string server_name;   ///< The name that the client asked for (SNI); empty for none.
  std::string peer_subject;  ///< Of the other end's certificate, as `CN=example.org,O=Example`; empty for none.
};

/// Who is at the other end, and what the opening handshake said.
///
/// Of a server's, address and port are those of the client that a proxy of Options::trusted_proxies names, where it was
/// one that connected. Of a client's own connection, `headers` are those of the response, and the address and port are
/// this end's. Before `on_open`, and where there is none, only id, path and host are known; their views are valid until
/// `on_open`.
///
/// The views are valid as long as the connection, that is until its `on_close` returns.
struct ConnectionInfo {
  Uuid id;
  std::string_view path;                     ///< The request target's path and query, as sent: `/chat?room=1`.
  std::string_view host;                     ///< The Host header, or the host of an absolute-form target.
  std::string_view origin;                   ///< The Origin header; empty where the client, not a browser, sent none.
  std::string_view sub_protocol;             ///< The first Sec-WebSocket-Protocol line, as the client sent it.
  std::string_view negotiated_sub_protocol;  ///< The one that both sides use; empty for none.
  std::string negotiated_extensions;         ///< As Sec-WebSocket-Extensions of the response says; empty for none.
  Cookies cookies;
  Headers headers;
  std::string client_ip_address;  ///< `192.0.2.1` or `2001:db8::1`; empty for a Unix socket.
  std::uint16_t client_port = 0;  ///< 0 for a Unix socket.
  std::optional<TlsInfo> tls;     ///< Of `wss://`.
};

}  // namespace mote

template <>
struct std::hash<mote::Uuid> {
  std::size_t operator()(const mote::Uuid& id) const noexcept {
    std::size_t value;  // the bytes are random: any eight of them are a good hash
    std::memcpy(&value, id.bytes.data() + 8, sizeof value);
    return value;
  }
};

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "tests/support/raw_client.h"
#include "tests/support/tls_stream.h"

namespace mote::test {

/// The server's end of a TLS connection.
class TlsPeer final : public TlsStream {
 public:
  /// `tcp` is accepted; nothing is sent before `handshake`.
  TlsPeer(RawClient tcp, const TlsSetup& setup) : TlsStream(std::move(tcp), TlsEngine::Side::server, setup) {}
};

/// A port of 127.0.0.1 whose connections a test plays by hand, over TCP or TLS: with it clients are tested. It listens
/// with a backlog, so that a client may connect before the test accepts.
class ScriptedServer {
 public:
  ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// The next connection; frames from it are a client's. Throws std::runtime_error where none comes in ten seconds.
  [[nodiscard]] RawClient accept();
  /// The same, to be greeted with TLS, which `handshake` does.
  [[nodiscard]] TlsPeer accept_tls(const TlsSetup& setup);
  /// Whether a client has connected, or does within that time.
  [[nodiscard]] bool connected_within(int milliseconds) const;

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

/// The correct 101 to a request that has a key; `lines`: further header lines, each ended by CR LF.
std::string switching_protocols(const std::string& request, std::string_view lines = {});
/// Reads the opening handshake of a client and answers it with a correct 101; `lines`: further header lines, each ended
/// by CR LF. Answers the request.
std::string answer_upgrade(PeerStream& client, std::string_view lines = {});
/// The bytes of a frame from a server.
std::string server_frame(unsigned opcode, std::string_view payload);
/// A Close with 1000.
inline const std::string kNormalClose = server_frame(8, "\x03\xE8");

}  // namespace mote::test

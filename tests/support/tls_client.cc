#include "tests/support/tls_client.h"

namespace mote::test {

TlsClient::TlsClient(std::uint16_t port, const TlsSetup& setup)
    : TlsStream(RawClient(port), TlsEngine::Side::client, setup) {}

TlsClient TlsClient::connect(std::uint16_t port, const TlsSetup& setup) {
  TlsClient client(port, setup);
  client.handshake();
  return client;
}

TlsClient TlsClient::open(std::uint16_t port, const TlsSetup& setup, std::string_view target, std::string_view lines) {
  TlsClient client = connect(port, setup);
  client.upgrade(target, lines);
  return client;
}

}  // namespace mote::test

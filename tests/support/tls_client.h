#pragma once

#include <cstdint>
#include <string_view>

#include "tests/support/tls_stream.h"

namespace mote::test {

/// The client's end of a TLS connection, on a plain blocking socket: a RawClient that is under the test's control down
/// to the record.
class TlsClient final : public TlsStream {
 public:
  /// Connected; nothing is sent before `handshake`.
  explicit TlsClient(std::uint16_t port, const TlsSetup& setup = {});

  /// With the handshake of TLS done.
  static TlsClient connect(std::uint16_t port, const TlsSetup& setup = {});
  /// With the opening handshake done as well.
  static TlsClient open(std::uint16_t port, const TlsSetup& setup = {}, std::string_view target = "/",
                        std::string_view lines = {});
};

}  // namespace mote::test

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "proto/ip_address.h"

namespace mote::proto {

/// An address and port at one end of a TCP connection.
struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  bool operator==(const Endpoint&) const = default;
};

/// What is wrong with a PROXY header.
enum class ProxyHeaderFault : std::uint8_t {
  none,
  no_header,
  bare_line_end,
  line_too_long,
  malformed_line,
  unknown_version,
  unknown_command,
  unknown_family,
  block_too_short,
  header_too_large,
  malformed_values,
  wrong_checksum,
};

/// Names the rule and its section in the PROXY protocol's specification.
std::string_view text_of(ProxyHeaderFault fault);

/// Reads the header that a proxy sends before a connection's own bytes (HAProxy's PROXY protocol, versions 1 and 2),
/// wherever the reads cut it.
///
/// Strict: it refuses with the first byte that no header has there. Of the values that may follow the addresses of
/// version 2 the checksum is verified, and the others need only be well-formed.
class ProxyHeader {
 public:
  enum class Progress : std::uint8_t { incomplete, complete, refused };
  struct Step {
    Progress progress = Progress::incomplete;
    std::size_t consumed = 0;  // of the input; what follows a complete header is the connection's
  };

  /// Of a header that is larger nothing is believed: the specification wants it to fit into one segment, and the
  /// largest values are certificates.
  static constexpr std::size_t kMostBytes = 4096;

  /// Not to be called again after `complete` or `refused`.
  Step feed(std::span<const std::byte> input);

  /// Complete: the client's; none where the connection's own is to be used, as that of a health check (LOCAL), and
  /// where it came to the proxy by other ways than TCP.
  [[nodiscard]] const std::optional<Endpoint>& client() const { return client_; }
  [[nodiscard]] ProxyHeaderFault fault() const { return fault_; }

 private:
  Progress judge();
  Progress judge_line();
  Progress judge_block();
  Progress read_line();
  Progress read_block();
  Progress refuse(ProxyHeaderFault fault);
  [[nodiscard]] unsigned octet(std::size_t at) const { return static_cast<unsigned char>(kept_[at]); }
  [[nodiscard]] std::size_t number(std::size_t at) const { return octet(at) << 8 | octet(at + 1); }
  [[nodiscard]] std::size_t address_bytes() const;
  void take_addresses();
  ProxyHeaderFault check_values(std::size_t begin) const;
  [[nodiscard]] bool checksum_matches(std::size_t value) const;

  std::string kept_;  // the header so far
  std::optional<Endpoint> client_;
  ProxyHeaderFault fault_ = ProxyHeaderFault::none;
};

}  // namespace mote::proto

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <mote/compression.h>
#include <mote/options.h>
#include <mote/tls.h>

namespace mote {

/// Whether and when a client connects again after a connection has failed or ended.
///
/// The delays grow by `factor` from `first_delay` to `longest_delay`; each is shortened by a random part of up to
/// `jitter` of it, so that the clients of a server that was restarted do not come back in step (RFC 6455 §7.2.3). A
/// connection that opened begins anew with `first_delay`.
struct Reconnect {
  /// Attempts after a failed or ended connection until it is given up; 0, the default: none. kForever: no limit.
  std::uint32_t attempts = 0;
  static constexpr std::uint32_t kForever = 0xFFFF'FFFF;
  std::chrono::milliseconds first_delay{1'000};
  std::chrono::milliseconds longest_delay{60'000};
  double factor = 2;    ///< At least 1.
  double jitter = 0.5;  ///< 0 to 1.
};

/// Every choice and limit of a client's connection; those that a server has too are explained in Options. 0 never means
/// unlimited: `connect` throws std::invalid_argument for it, naming the option.
struct ClientOptions {
  using milliseconds = std::chrono::milliseconds;
  using Fields = std::vector<std::pair<std::string, std::string>>;

  /// \name Opening handshake
  /// @{
  /// What the client speaks, the most wanted first. A server may choose one of them, or none.
  std::vector<std::string> subprotocols = {};
  /// More header fields of the request, such as Authorization.
  Fields headers = {};
  /// Name and value of each; sent in one Cookie field (RFC 6265 §5.4).
  Fields cookies = {};
  /// The Origin field; empty: none, as clients other than browsers have it (RFC 6455 §4.1).
  std::string origin = {};
  /// Each address that the host has is tried, the next one beside it after 250 ms (RFC 8305); all together, from
  /// resolving the name to a connected socket and what a proxy has to say, may take so long.
  milliseconds connect_timeout{10'000};
  /// From the connected socket until the end of the opening handshake, TLS included.
  milliseconds handshake_timeout = defaults::kHandshakeTimeout;
  /// The status line and header lines of the response.
  std::size_t max_response_head_bytes = 16 * 1024;
  std::size_t max_header_lines = defaults::kMaxHeaderLines;
  /// Handshakes of this client to one address and port at a time; others wait. RFC 6455 §4.1 /2/ says 1, and lets only
  /// programs that test a server differ. The wait counts towards connect_timeout.
  std::size_t handshakes_per_address = 1;
  /// @}

  /// \name Where to
  /// @{
  ClientTlsOptions tls = {};
  /// `http://[USER:PASSWORD@]HOST[:PORT]` (CONNECT, RFC 9110 §9.3.6) or `socks5://[USER:PASSWORD@]HOST[:PORT]` (RFC
  /// 1928), which resolves the name itself; empty: none. Ports 80 and 1080 unless given.
  std::string proxy = {};
  /// A Unix socket to connect to; the URL then gives host and path of the request only.
  std::string unix_socket = {};
  /// The address of this machine to connect from, as `192.0.2.1` or `2001:db8::1`; empty: the kernel chooses.
  std::string bind_address = {};
  Reconnect reconnect = {};
  /// @}

  /// \name Messages
  /// @{
  std::uint64_t max_message_bytes = defaults::kMaxMessageBytes;
  std::uint32_t max_fragments = defaults::kMaxFragments;
  /// Offered unless off. With `on_request` and `on`, messages are compressed as Compression says; the windows and
  /// context takeovers are what is offered, and never more is accepted.
  Compression compression = {};
  /// @}

  /// \name Output
  /// @{
  std::size_t soft_limit_bytes = defaults::kSoftLimitBytes;
  std::size_t hard_limit_bytes = defaults::kHardLimitBytes;
  Overflow overflow = Overflow::close_connection;
  /// @}

  /// \name Timeouts; each may be Options::kNever
  /// @{
  milliseconds ping_interval = defaults::kPingInterval;
  milliseconds ping_timeout = defaults::kPingTimeout;
  milliseconds close_timeout = defaults::kCloseTimeout;
  milliseconds write_timeout = defaults::kWriteTimeout;
  /// @}

  bool tcp_no_delay = true;
  std::size_t turn_bytes = defaults::kTurnBytes;
  std::uint32_t turn_messages = defaults::kTurnMessages;
  /// For this connection's callbacks; the tasks of `Client::post` and `every`, which are nobody's, are not timed.
  milliseconds slow_callback = Options::kNever;
};

}  // namespace mote

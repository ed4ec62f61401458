#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <mote/compression.h>
#include <mote/tls.h>

namespace mote {

/// The limits that servers and clients have in common, each with its reason.
namespace defaults {

using std::chrono::milliseconds;

inline constexpr std::size_t kMaxHeaderLines = 100;  ///< Of a request or response; browsers send about 15.
inline constexpr milliseconds kHandshakeTimeout{10'000};
inline constexpr std::uint64_t kMaxMessageBytes = 1024 * 1024;
inline constexpr std::uint32_t kMaxFragments = 131'072;          ///< Autobahn sends 65,536.
inline constexpr std::size_t kSoftLimitBytes = 64 * 1024;        ///< About what a kernel's socket buffer takes at once.
inline constexpr std::size_t kHardLimitBytes = 4 * 1024 * 1024;  ///< A few of the largest messages.
inline constexpr milliseconds kPingInterval{30'000};  ///< Common proxies drop a connection that is quiet for 60 s.
inline constexpr milliseconds kPingTimeout{20'000};
inline constexpr milliseconds kCloseTimeout{5'000};
inline constexpr milliseconds kWriteTimeout{30'000};
inline constexpr std::size_t kTurnBytes = 256 * 1024;
inline constexpr std::uint32_t kTurnMessages = 256;

}  // namespace defaults

/// What happens when a message would pass Options::hard_limit_bytes.
enum class Overflow {
  close_connection,  ///< The connection is closed with 1008.
  drop_message,      ///< `send` answers `dropped` and the connection goes on.
};

/// What happens when the client and the server have no subprotocol in common.
enum class SubprotocolMismatch {
  accept_without,  ///< The connection opens without one; the client decides (RFC 6455 §4.2.2).
  refuse,          ///< 400.
};

/// Whether connections begin with a PROXY header (HAProxy's PROXY protocol, versions 1 and 2).
enum class ProxyProtocol {
  off,
  required,  ///< Each has one, before TLS if there is any; only those of Options::trusted_proxies are accepted.
};

/// Every limit and default of a server. 0 never means unlimited: Server's constructor throws std::invalid_argument for
/// it, naming the option.
struct Options {
  using milliseconds = std::chrono::milliseconds;

  /// A duration that never passes: turns a timeout off.
  static constexpr milliseconds kNever = milliseconds::max();

  /// \name Opening handshake
  /// @{
  /// The request line and header lines together. Browsers send about 500 bytes, and cookies; above: 431.
  std::size_t max_request_head_bytes = 8 * 1024;
  /// Header lines, counted whether or not their names differ. Above: 431.
  std::size_t max_header_lines = defaults::kMaxHeaderLines;
  /// The request target. Above: 414.
  std::size_t max_target_bytes = 4 * 1024;
  /// From accept until the end of the opening handshake, TLS included, absolute, so that a trickle of bytes does not
  /// extend it; also from a plain HTTP response until the end of the next request head.
  milliseconds handshake_timeout = defaults::kHandshakeTimeout;
  /// What the server speaks, in any order: the first that the client lists and that is here is chosen (§4.2.2).
  std::vector<std::string> subprotocols = {};
  SubprotocolMismatch subprotocol_mismatch = SubprotocolMismatch::accept_without;
  /// Origins that may connect, such as `https://example.org`, compared exactly; empty: any, as Fleck has it. Others,
  /// and requests without the header, get 403 (RFC 6455 §10.2).
  std::vector<std::string> origins = {};
  /// @}

  /// \name Messages
  /// @{
  /// One message's payload, all fragments together, after inflating. Above: 1009, before it is buffered.
  std::uint64_t max_message_bytes = defaults::kMaxMessageBytes;
  /// Fragments of one message, empty ones counted. Above: 1008.
  std::uint32_t max_fragments = defaults::kMaxFragments;
  /// permessage-deflate: off, as it costs time, and as what is compressed together can leak through its size.
  Compression compression = {};
  /// @}

  /// \name Output
  /// @{
  /// Output queue of a connection above which `send` answers `queued` and reading from that connection pauses.
  std::size_t soft_limit_bytes = defaults::kSoftLimitBytes;
  /// Output queue that no message may pass; one message into an empty queue always fits.
  std::size_t hard_limit_bytes = defaults::kHardLimitBytes;
  Overflow overflow = Overflow::close_connection;
  /// @}

  /// What all connections together may hold, see Server::memory_bytes; none: half of the machine's memory, so that the
  /// server refuses some before the kernel ends it. Above it new handshakes get 503, and the connections that hold most
  /// are closed with 1013 until seven eighths of it are left; one whose peer does not read is cut off without a Close
  /// frame. Each of several servers in a process has its own.
  std::optional<std::size_t> memory_budget_bytes = std::nullopt;

  /// Of a `wss://` location.
  TlsOptions tls = {};

  /// \name Timeouts; each may be kNever
  /// @{
  /// Ping after nothing was received for this long.
  milliseconds ping_interval = defaults::kPingInterval;
  /// Drop (1006) when after that ping nothing was received for this long.
  milliseconds ping_timeout = defaults::kPingTimeout;
  /// From our Close until the peer's Close and the end of the TCP connection, after which it is dropped.
  milliseconds close_timeout = defaults::kCloseTimeout;
  /// Drop (1006) when the kernel took no byte of waiting output for this long.
  milliseconds write_timeout = defaults::kWriteTimeout;
  /// @}

  /// \name Sockets
  /// @{
  /// Connections at once; none: the soft RLIMIT_NOFILE at `start`, less 64. At the limit the listener pauses.
  std::optional<std::size_t> max_connections = std::nullopt;
  /// TCP_NODELAY: mote already joins what belongs together, so that Nagle's algorithm would only delay.
  bool tcp_no_delay = true;
  /// After the last event the loop goes on asking for others for that long before it sleeps, at most a second: answers
  /// come sooner by the time that it takes to wake a thread, and a core is busy all the time that messages come. 0, the
  /// default: it sleeps at once.
  std::chrono::microseconds busy_poll{0};
  /// SO_REUSEPORT: several servers, each with a thread of its own, listen on one port and the kernel spreads clients.
  bool reuse_port = false;
  /// Connections that the kernel completes and holds until they are accepted; it caps this at net.core.somaxconn.
  int listen_backlog = 4096;
  /// @}

  /// \name Clients by their address
  /// IPv6 by /64, which is what one customer has at least. Off by default, as many people may share an address. One of
  /// `trusted_proxies` counts for nobody, unless the proxy says who the client is.
  /// @{
  /// Connections at once from one address, those counted that are still in their opening handshake. Above: 503, once
  /// the request is there; where as many again wait for that answer, the next are closed without one.
  std::optional<std::size_t> max_connections_per_address = std::nullopt;
  /// Opening handshakes, TLS and HTTP together, from one address in a second, and at once. Above: 429, and closed
  /// without an answer as above. Whoever goes on at that rate gets nothing else: also a refused one counts.
  std::optional<std::size_t> max_handshakes_per_address = std::nullopt;
  /// @}

  /// \name Proxies in front of the server
  /// @{
  /// Addresses, blocks such as `10.0.0.0/8`, and `unix` for whoever comes through a Unix socket: the proxies whose word
  /// is taken for their clients' addresses, which then are what `info()`, HttpRequest and the log say and what the
  /// limits above count. Of X-Forwarded-For the right-most address counts that is not a trusted proxy's, or the
  /// left-most where all are; it may have a port, else client_port is 0. Where an element that has to be looked at is
  /// malformed the header is ignored; that of anybody else always is.
  std::vector<std::string> trusted_proxies = {};
  /// For proxies that pass on bytes rather than requests. The time for the header is part of handshake_timeout; a wrong
  /// one closes the connection.
  ProxyProtocol proxy_protocol = ProxyProtocol::off;
  /// @}

  /// \name Fairness: what one connection may do in a turn before the others have theirs
  /// @{
  /// Bytes received, and up to four times as many where they go straight into a large message; where permessage-deflate
  /// was agreed on, also bytes of messages: a thousand may come out of one.
  std::size_t turn_bytes = defaults::kTurnBytes;
  std::uint32_t turn_messages = defaults::kTurnMessages;
  /// @}

  /// \name What went wrong
  /// @{
  /// A callback or task that runs this long is logged as a warning, with its name, the peer and the time: all other
  /// connections of the thread wait for it. kNever, the default, costs nothing; otherwise each call costs two looks at
  /// the clock, about 50 ns.
  milliseconds slow_callback = kNever;
  /// What is kept of what each connection received last, requests with their cookies included, to be written to a file
  /// when it breaks the protocol: docs/evidence.md. 0: nothing is, as it costs a copy of all input; at most 16 MiB.
  std::size_t evidence_bytes = 0;
  /// Where those files go, which only the user may read that the program runs as. It must exist.
  std::string evidence_folder = {};
  /// Files in it, after which none is written until some are taken away and the program starts anew; at most 10,000.
  std::size_t evidence_files = 100;
  /// @}
};

}  // namespace mote

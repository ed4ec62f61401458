#include "net/options_check.h"

#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

#include "net/timer.h"
#include "proto/ascii.h"
#include "proto/authority.h"
#include "proto/client_handshake.h"
#include "proto/deflate_parameters.h"

namespace mote::net {
namespace {

[[noreturn]] void reject(std::string_view option, std::string_view why) {
  throw std::invalid_argument("option " + std::string(option) + " " + std::string(why));
}

template <class Number>
void at_least_one(std::string_view option, Number value) {
  if (value < 1) reject(option, "must be at least 1; 0 does not mean unlimited");
}

/// Ages are as good as never, which nobody adds to anything.
void check_time(std::string_view option, Options::milliseconds& value) {
  if (value < Options::milliseconds(1)) reject(option, "must be at least 1 ms; Options::kNever turns it off");
  if (value > kAges) value = Options::kNever;
}

void within(std::string_view option, int value, int least, int most) {
  if (value >= least && value <= most) return;
  reject(option, "must be " + std::to_string(least) + " to " + std::to_string(most) + ", not " + std::to_string(value));
}

void check_compression(const Compression& compression) {
  within("compression.level", compression.level, 1, 9);
  within("compression.memory_level", compression.memory_level, 1, 9);
  within("compression.server_max_window_bits", compression.server_max_window_bits, proto::kMinWindowBits,
         proto::kMaxWindowBits);
  within("compression.client_max_window_bits", compression.client_max_window_bits, proto::kMinWindowBits,
         proto::kMaxWindowBits);
}

/// What servers and clients have in common.
template <class SomeOptions>
void check_common(SomeOptions& options) {
  at_least_one("max_header_lines", options.max_header_lines);
  at_least_one("max_message_bytes", options.max_message_bytes);
  at_least_one("max_fragments", options.max_fragments);
  check_compression(options.compression);
  at_least_one("soft_limit_bytes", options.soft_limit_bytes);
  if (options.hard_limit_bytes < options.soft_limit_bytes) {
    reject("hard_limit_bytes", "must not be less than soft_limit_bytes");
  }
  check_time("handshake_timeout", options.handshake_timeout);
  check_time("ping_interval", options.ping_interval);
  check_time("ping_timeout", options.ping_timeout);
  check_time("close_timeout", options.close_timeout);
  check_time("write_timeout", options.write_timeout);
  check_time("slow_callback", options.slow_callback);
  at_least_one("turn_bytes", options.turn_bytes);
  at_least_one("turn_messages", options.turn_messages);
}

void check_head_bytes(std::string_view option, std::size_t value) {
  at_least_one(option, value);
  if (value > std::numeric_limits<std::uint32_t>::max() / 2) reject(option, "must be less than 2 GiB");
}

void check_busy_poll(std::chrono::microseconds value) {
  if (value.count() >= 0 && value <= std::chrono::seconds(1)) return;
  reject("busy_poll", "must be 0 to 1 s, not " + std::to_string(value.count()) + " us");
}

void check_handshake_rate(std::size_t value) {
  at_least_one("max_handshakes_per_address", value);
  if (value > 1'000'000) reject("max_handshakes_per_address", "must be at most 1,000,000 a second");
}

void check_evidence(const Options& options) {
  if (options.evidence_bytes == 0) return;
  if (options.evidence_bytes > 16 * 1024 * 1024) reject("evidence_bytes", "must be at most 16 MiB");
  if (options.evidence_folder.empty()) reject("evidence_folder", "is needed with evidence_bytes");
  at_least_one("evidence_files", options.evidence_files);
  if (options.evidence_files > 10'000) reject("evidence_files", "must be at most 10,000");
}

void check_reconnect(Reconnect& reconnect) {
  check_time("reconnect.first_delay", reconnect.first_delay);
  check_time("reconnect.longest_delay", reconnect.longest_delay);
  if (!(reconnect.factor >= 1)) reject("reconnect.factor", "must be at least 1");
  if (!(reconnect.jitter >= 0 && reconnect.jitter <= 1)) reject("reconnect.jitter", "must be 0 to 1");
}

void check_server_name(const std::string& name) {
  if (name.empty() || !proto::address_octets(name).empty()) return;
  const auto parts = proto::split_authority(name);
  if (!parts.fault.empty() || parts.host != name) reject("tls.server_name", "is no host name: \"" + name + '"');
}

}  // namespace

Options checked(Options options) {
  check_common(options);
  check_head_bytes("max_request_head_bytes", options.max_request_head_bytes);
  at_least_one("max_target_bytes", options.max_target_bytes);
  if (options.max_connections) at_least_one("max_connections", *options.max_connections);
  at_least_one("listen_backlog", options.listen_backlog);
  check_evidence(options);
  if (options.memory_budget_bytes) at_least_one("memory_budget_bytes", *options.memory_budget_bytes);
  if (options.max_connections_per_address) {
    at_least_one("max_connections_per_address", *options.max_connections_per_address);
  }
  check_busy_poll(options.busy_poll);
  if (options.max_handshakes_per_address) check_handshake_rate(*options.max_handshakes_per_address);
  if (options.proxy_protocol != ProxyProtocol::off && options.trusted_proxies.empty()) {
    reject("proxy_protocol", "needs trusted_proxies: who else may say where a connection comes from?");
  }
  for (const auto& name : options.subprotocols) {
    if (!proto::is_token(name)) reject("subprotocols", "has \"" + name + "\", which is no token (RFC 6455 4.1)");
  }
  return options;
}

ClientOptions checked(ClientOptions options) {
  check_common(options);
  check_head_bytes("max_response_head_bytes", options.max_response_head_bytes);
  check_time("connect_timeout", options.connect_timeout);
  at_least_one("handshakes_per_address", options.handshakes_per_address);
  check_reconnect(options.reconnect);
  if (!options.bind_address.empty() && proto::address_octets(options.bind_address).empty()) {
    reject("bind_address", "must be an IP address, not \"" + options.bind_address + '"');
  }
  check_server_name(options.tls.server_name);
  proto::check_handshake_options(options);
  return options;
}

Options session_options(const ClientOptions& options) {
  Options session;
  session.handshake_timeout = options.handshake_timeout;
  session.max_message_bytes = options.max_message_bytes;
  session.max_fragments = options.max_fragments;
  session.soft_limit_bytes = options.soft_limit_bytes;
  session.hard_limit_bytes = options.hard_limit_bytes;
  session.overflow = options.overflow;
  session.ping_interval = options.ping_interval;
  session.ping_timeout = options.ping_timeout;
  session.close_timeout = options.close_timeout;
  session.write_timeout = options.write_timeout;
  session.turn_bytes = options.turn_bytes;
  session.turn_messages = options.turn_messages;
  session.slow_callback = options.slow_callback;
  return session;
}

}  // namespace mote::net

#include "load/connector.h"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include "load/clock.h"

namespace mote::load {
namespace {

constexpr std::size_t kFrameHead = 14;

ClientOptions client_options(const Options& options) {
  ClientOptions result;
  const auto timeout = std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>(options.timeout_s));
  result.connect_timeout = result.handshake_timeout = result.write_timeout = timeout;
  result.handshakes_per_address = options.concurrency;
  result.tls.ca_file = options.ca_file;
  if (options.insecure) result.tls.verify = [](const auto&) { return true; };
  if (options.deflate) result.compression.mode = CompressionMode::on;
  result.max_message_bytes = std::max<std::uint64_t>(result.max_message_bytes, options.payload_bytes);
  // A client above its soft limit stops reading. A server that stops, too, would then wait for it for ever.
  result.hard_limit_bytes =
      std::max<std::size_t>(std::size_t{64} << 20, 2 * options.pipeline * (options.payload_bytes + kFrameHead));
  result.soft_limit_bytes = result.hard_limit_bytes;
  return result;
}

}  // namespace

Connector::Connector(Client& client, const Options& options, Traffic& traffic, Errors& errors, Events events)
    : client_(client),
      options_(options),
      traffic_(traffic),
      errors_(errors),
      events_(std::move(events)),
      client_options_(client_options(options)) {}

void Connector::start(std::int64_t now) {
  start_ = last_ = now;
  connect(next_++, now);  // what is wrong with the options shows here
  advance(now);
}

void Connector::advance(std::int64_t now) {
  if (closing_) return;
  const double share = options_.ramp_s > 0 ? seconds_of(now - start_) / options_.ramp_s : 1;
  const auto wanted = static_cast<std::uint32_t>(std::min(1.0, share) * options_.connections);
  while (next_ < wanted && next_ - opened_ - failed_ < options_.concurrency) {
    try {
      connect(next_++, now);
    } catch (const std::exception& error) {
      errors_.note(errors_.not_connected, error.what());
      failed(traffic_.link(next_ - 1), now);
    }
  }
}

void Connector::connect(std::uint32_t index, std::int64_t now) {
  ClientOptions options = client_options_;
  if (options_.source_addresses != 0) {
    options.bind_address = std::string("127.0.0.").append(std::to_string(index % options_.source_addresses + 1));
  }
  client_.connect(options_.url, std::move(options), handlers(traffic_.link(index), now));
}

Handlers Connector::handlers(Traffic::Link& link, std::int64_t begun) {
  Traffic* const traffic = &traffic_;
  Traffic::Link* const at = &link;
  return {.on_open = [this, at, begun](Connection& socket) { on_open(*at, socket, begun); },
          .on_message = [traffic, at](
                            Connection&,
                            std::string_view text) { traffic->received(*at, true, std::as_bytes(std::span(text))); },
          .on_binary = [traffic, at](Connection&,
                                     std::span<const std::byte> bytes) { traffic->received(*at, false, bytes); },
          .on_error = [this, at](Connection&, const Error& error) { on_error(*at, error); },
          .on_close = [this, at](Connection&, const CloseInfo& why) { on_close(*at, why); }};
}

void Connector::on_open(Traffic::Link& link, Connection& socket, std::int64_t begun) {
  const std::int64_t now = now_ns();
  link.socket = &socket;
  ++opened_;
  ++open_;
  last_ = now;
  times_.record(static_cast<std::uint64_t>(now - begun));
  if (closing_) return socket.close();
  if (options_.deflate && socket.info().negotiated_extensions.empty()) {
    errors_.note(errors_.not_connected, "the server does not speak permessage-deflate");
  }
  advance(now);
  events_.opened(link);
  if (settled()) events_.settled();
}

void Connector::on_error(const Traffic::Link& link, const Error& error) {
  told_ = true;
  if (closing_) return;
  errors_.note(link.socket == nullptr ? errors_.not_connected : errors_.ended, error.what());
}

void Connector::on_close(Traffic::Link& link, const CloseInfo& why) {
  const bool told = std::exchange(told_, false);
  const bool was_open = link.socket != nullptr;
  if (!closing_ && !told) {
    errors_.note(was_open ? errors_.ended : errors_.not_connected,
                 std::string("closed by the server with ").append(std::to_string(why.code)));
  }
  if (was_open) {
    --open_;
    traffic_.ended(link);
    return events_.ended();
  }
  failed(link, now_ns());
  advance(last_);
  if (settled()) events_.settled();
}

void Connector::failed(Traffic::Link& link, std::int64_t now) {
  ++failed_;
  last_ = now;
  traffic_.ended(link);
}

void Connector::close_all() {
  closing_ = true;
  for (Traffic::Link& link : traffic_.links()) {
    if (link.socket != nullptr) link.socket->close();
  }
}

}  // namespace mote::load

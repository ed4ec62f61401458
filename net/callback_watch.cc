#include "net/callback_watch.h"

#include <exception>

#include "core/log.h"
#include "net/session.h"
#include "net/socket_address.h"

namespace mote::net {

Handlers CallbackWatch::watched(Handlers handlers) const {
  handlers.on_open = watched("on_open", std::move(handlers.on_open));
  handlers.on_message = watched("on_message", std::move(handlers.on_message));
  handlers.on_binary = watched("on_binary", std::move(handlers.on_binary));
  handlers.on_ping = watched("on_ping", std::move(handlers.on_ping));
  handlers.on_pong = watched("on_pong", std::move(handlers.on_pong));
  handlers.on_drain = watched("on_drain", std::move(handlers.on_drain));
  handlers.on_error = watched("on_error", std::move(handlers.on_error));
  handlers.on_close = watched("on_close", std::move(handlers.on_close));
  return handlers;
}

Callback<void()> CallbackWatch::watched(std::string_view name, Callback<void()> task) const {
  if (!watches(task)) return task;
  return [this, name, inner = std::move(task)] {
    const Call call(*this, name, nullptr);
    inner();
  };
}

/// Also where the callback threw.
CallbackWatch::Call::~Call() {
  const auto held = std::chrono::duration_cast<milliseconds>(Clock::now() - began_);
  if (held < watch_.threshold_) return;
  try {
    core::log(LogLevel::warning,
              {whose(), name_, " held the event loop for ", std::to_string(held.count()), " ms (slow_callback)"});
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): without memory there is no line
  }
}

std::string CallbackWatch::Call::whose() const {
  if (connection_ != nullptr) return static_cast<const Session&>(*connection_).peer().to_string() + ": ";
  if (request_ == nullptr) return {};
  const bool unix_socket = request_->client_ip_address.empty();
  return (unix_socket ? "unix" : host_and_port(request_->client_ip_address, request_->client_port)) + ": ";
}

}  // namespace mote::net

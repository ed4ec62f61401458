#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mote/callback.h>
#include <mote/close.h>
#include <mote/error.h>
#include <mote/handlers.h>
#include <mote/http.h>
#include <mote/tls.h>

#include "net/callback_watch.h"
#include "proto/frame.h"

namespace mote::net {

class Session;

/// The callbacks that one connection has set for itself.
struct OwnHandlers {
  Callback<void()> on_open;
  Callback<void(std::string_view)> on_message;
  Callback<void(std::span<const std::byte>)> on_binary;
  Callback<void(std::span<const std::byte>)> on_ping;
  Callback<void(std::span<const std::byte>)> on_pong;
  Callback<void()> on_drain;
  Callback<void(const Error&)> on_error;
  Callback<void(const CloseInfo&)> on_close;

  /// Callbacks that were replaced, kept until the turn's end: one of them may be running.
  std::vector<std::shared_ptr<void>> replaced;

  template <class Signature>
  void replace(Callback<Signature>& place, Callback<Signature> by) {
    const auto kept = std::make_shared<Callback<Signature>>();
    replaced.push_back(kept);  // before it is filled: where memory cannot be had, nothing was replaced
    *kept = std::exchange(place, std::move(by));
  }
};

/// The one place that calls the user's code. No exception leaves it: those of a connection's callbacks end that
/// connection, others are logged.
class Dispatcher {
 public:
  /// Called for each connection before its `on_open`; may be empty.
  Callback<void(Connection&)> configure;
  Handlers shared;
  /// To be set before the callbacks are.
  CallbackWatch watch;
  /// Shared with the call that runs, which may replace it; null for none.
  std::shared_ptr<const Callback<void(const HttpRequest&, UpgradeDecision&)>> upgrade_filter;

  void configured(Session& session);
  void opened(Session& session);
  void data(Session& session, proto::Opcode opcode, std::span<const std::byte> payload);
  void pinged(Session& session, std::span<const std::byte> payload);
  void ponged(Session& session, std::span<const std::byte> payload);
  void drained(Session& session);
  void failed(Session& session, const Error& error);
  void closed(Session& session, const CloseInfo& why);

  [[nodiscard]] bool filters_upgrades() const { return upgrade_filter != nullptr && *upgrade_filter; }
  /// Only where there is a filter. False where it threw.
  bool upgrade(const HttpRequest& request, UpgradeDecision& decision);
  /// False, too, where it threw.
  static bool accepts(const ClientTlsOptions::Verify& hook, const ClientTlsOptions::PeerCertificate& certificate);
  /// None where it threw.
  std::optional<HttpResponse> page(const Callback<HttpResponse(const HttpRequest&)>& handler,
                                   const HttpRequest& request);
  /// Throws std::invalid_argument where a callback that is needed is empty.
  static void require(bool given, const char* call) {
    if (!given) throw std::invalid_argument(std::string(call).append(" needs something to call"));
  }
  static void task(const Callback<void()>& task);
};

}  // namespace mote::net

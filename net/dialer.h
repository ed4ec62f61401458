#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <mote/client_options.h>
#include <mote/handle.h>

#include "core/reactor.h"
#include "net/backoff.h"
#include "net/client_hub.h"
#include "net/connector.h"
#include "net/context.h"
#include "net/dispatcher.h"
#include "net/handle_state.h"
#include "net/handshake_gate.h"
#include "net/tls_context.h"
#include "proto/deflate_pool.h"
#include "proto/proxy.h"
#include "proto/url.h"

namespace mote::net {

class Session;

/// One Client::connect: makes a connection and, where Reconnect wants that, another when it has failed or ended.
class Dialer final : public core::Source, public SessionOwner {
 public:
  /// URL and options as Client::connect documents them, and what it throws. `hub` must outlive all but its destructor.
  Dialer(ClientHub& hub, std::string_view url, ClientOptions options);
  ~Dialer();

  /// The user's callbacks: to be set before `start`.
  Dispatcher dispatcher;

  /// Right after it was added to the reactor. Begins with the next turn.
  void start() { hub_.loop.reactor.make_ready(*this); }
  /// Makes no more attempts.
  void give_up();
  /// Ends silently: nobody is called back any more.
  void vanish();
  [[nodiscard]] Handle handle() const { return HandleState::make(state_); }

 private:
  void on_events(std::uint32_t) override {}
  void on_ready() override { begin(); }
  void on_timer() override { begin(); }
  void on_announcement(core::Announcement) override;
  void session_opened() override;
  void session_closed(EndedBy by) override;
  void session_gone(const Session& session) override;

  void begin();
  void retry();
  void connect();
  void connected(ConnectResult result);
  void finish();
  [[nodiscard]] ConnectPlan plan() const;

  ClientHub& hub_;
  const proto::Url url_;
  const ClientOptions options_;    // checked
  const Options session_options_;  // the same as a session has them
  std::optional<proto::Proxy> proxy_;
  std::shared_ptr<const TlsContext> tls_;              // wss
  const std::shared_ptr<proto::DeflatePool> deflate_;  // a message may lie in it when the client ends
  Context context_;
  std::shared_ptr<HandleState> state_;
  Session* session_ = nullptr;  // the reactor owns it
  std::unique_ptr<Connector> connector_;
  HandshakePermit permit_;
  Backoff backoff_;
  bool opened_ = false;
  bool given_up_ = false;
  bool vanished_ = false;
};

}  // namespace mote::net

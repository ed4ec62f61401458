#include "net/dialer.h"

#include <chrono>
#include <exception>
#include <new>
#include <utility>

#include "net/client_opening.h"
#include "net/options_check.h"
#include "net/session.h"
#include "net/tls_stream.h"
#include "net/transport.h"

namespace mote::net {
namespace {

constexpr std::chrono::milliseconds kMemoryRetryAfter{100};

}  // namespace

Dialer::Dialer(ClientHub& hub, std::string_view url, ClientOptions options)
    : hub_(hub),
      url_(proto::parse_url(url)),
      options_(checked(std::move(options))),
      session_options_(session_options(options_)),
      deflate_(hub.deflate(options_.compression)),
      context_(hub.loop, proto::Role::client, *deflate_, dispatcher, session_options_, *this),
      state_(std::make_shared<HandleState>(hub.loop.reactor.mailbox(), session_options_)),
      backoff_(options_.reconnect) {
  dispatcher.watch = CallbackWatch(options_.slow_callback);
  if (!options_.proxy.empty()) proxy_ = proto::parse_proxy(options_.proxy);
  if (url_.scheme == proto::Scheme::wss) tls_ = hub.tls(options_.tls);
  state_->dialer = this;
}

Dialer::~Dialer() { state_->dialer = nullptr; }

void Dialer::begin() {
  if (given_up_) return finish();
  opened_ = false;
  HandshakeRecord::Pointer record;
  try {
    record = HandshakeRecord::make({.path = url_.target, .host = url_.host_field, .fields = {}, .subprotocol = {}});
    auto session = std::make_unique<Session>(context_, Transport(), PeerAddress(),
                                             std::make_unique<ClientOpening>(url_, options_));
    session->adopt(state_);
    session_ = session.get();
    hub_.loop.reactor.add(std::move(session));
  } catch (const std::bad_alloc&) {
    // Nobody can be told without a Connection: once there is memory it is told what became of it.
    session_ = nullptr;
    return hub_.loop.reactor.arm(*this, kMemoryRetryAfter);
  }
  session_->introduce(std::move(record));
  if (session_ != nullptr && session_->connecting()) connect();  // null: the callback was the end of the client
}

void Dialer::connect() {
  try {
    connector_ =
        std::make_unique<Connector>(hub_.loop.reactor, hub_.resolver, hub_.gate(options_.handshakes_per_address),
                                    plan(), [this](ConnectResult result) { connected(std::move(result)); });
  } catch (const std::exception& exception) {
    session_->fail_connecting(exception.what());
  }
}

ConnectPlan Dialer::plan() const {
  ConnectPlan plan;
  plan.host = url_.host;
  plan.port = url_.port;
  plan.unix_socket = url_.scheme == proto::Scheme::unix_socket ? url_.socket_file : options_.unix_socket;
  if (proxy_ && plan.unix_socket.empty()) {
    const proto::ResponseLimits limits{options_.max_response_head_bytes, options_.max_header_lines};
    plan.proxy = {proxy_->host, proxy_->port, proto::make_dialogue(*proxy_, url_.host, url_.port, limits)};
  }
  plan.bind_address = options_.bind_address;
  plan.tcp_no_delay = options_.tcp_no_delay;
  plan.timeout = options_.connect_timeout;
  return plan;
}

void Dialer::connected(ConnectResult result) {
  const auto done = std::move(connector_);
  if (!session_->connecting()) return;  // aborted in this turn
  if (!result.error.empty()) return session_->fail_connecting(result.error);
  permit_ = std::move(result.permit);
  try {
    std::unique_ptr<TlsStream> stream;
    if (tls_ != nullptr) {
      const std::string& name = options_.tls.server_name;
      stream = std::make_unique<TlsStream>(tls_, hub_.loop.tls_buffers(), TlsPeer{name.empty() ? url_.host : name});
    }
    session_->connected(Transport(std::move(result.socket), std::move(stream)), result.peer);
  } catch (const std::exception& exception) {
    session_->fail_connecting(exception.what());
  }
}

void Dialer::session_opened() {
  permit_.release();
  backoff_.reset();
  opened_ = true;
  hub_.open_connections.fetch_add(1, std::memory_order_relaxed);
}

/// Who has ended the connection himself wants no other.
void Dialer::session_closed(EndedBy by) {
  if (vanished_) return;
  if (opened_) hub_.open_connections.fetch_sub(1, std::memory_order_relaxed);
  if (by == EndedBy::local || by == EndedBy::shutdown) given_up_ = true;
  connector_.reset();
  permit_.release();
}

void Dialer::session_gone(const Session&) {
  if (vanished_) return;
  session_ = nullptr;
  retry();
}

void Dialer::retry() {
  const auto delay = given_up_ ? std::nullopt : backoff_.next();
  if (!delay) return finish();
  hub_.loop.reactor.arm(*this, *delay);
}

void Dialer::give_up() {
  given_up_ = true;
  if (session_ == nullptr) finish();
}

void Dialer::vanish() {
  vanished_ = given_up_ = true;
  state_->dialer = nullptr;
  connector_.reset();
  permit_.release();
  if (session_ != nullptr) {
    session_->vanish();
    hub_.loop.reactor.remove(*std::exchange(session_, nullptr));
  }
  hub_.loop.reactor.remove(*this);
}

void Dialer::on_announcement(core::Announcement announcement) {
  if (announcement != core::Announcement::weigh) give_up();
}

void Dialer::finish() {
  state_->dialer = nullptr;
  hub_.loop.reactor.remove(*this);
  hub_.dialer_gone(*this);
}

}  // namespace mote::net

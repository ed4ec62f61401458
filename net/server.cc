#include <mote/server.h>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include <mote/connection.h>

#include "core/log.h"
#include "core/reactor.h"
#include "net/admission.h"
#include "net/context.h"
#include "net/evidence.h"
#include "net/http_service.h"
#include "net/listener.h"
#include "net/location.h"
#include "net/loop.h"
#include "net/memory_guard.h"
#include "net/options_check.h"
#include "net/proxy_entry.h"
#include "net/server_opening.h"
#include "net/session.h"
#include "net/timer.h"
#include "net/tls_context.h"
#include "net/tls_stream.h"
#include "proto/handshake.h"

namespace mote {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kReservedDescriptors = 64;  // for the program's own files beside the connections
constexpr milliseconds::rep kNoDrain = std::numeric_limits<milliseconds::rep>::max();

milliseconds::rep steady_ms() {
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::size_t default_max_connections() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return std::numeric_limits<std::size_t>::max();
  }
  return limit.rlim_cur > 2 * kReservedDescriptors ? limit.rlim_cur - kReservedDescriptors : limit.rlim_cur / 2 + 1;
}

/// Half of what the machine has.
std::size_t default_memory_budget() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page_bytes = ::sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page_bytes <= 0) return std::numeric_limits<std::size_t>::max();
  return static_cast<std::size_t>(pages) / 2 * static_cast<std::size_t>(page_bytes);
}

}  // namespace

/// Ties the parts together: location, reactor, listeners, sessions and the user's callbacks.
class Server::Impl final : public net::AcceptSink, public net::ProxyEntryOwner, public net::SessionOwner {
 public:
  Impl(std::string_view location_text, Options options)
      : location(net::parse_location(location_text)),
        options_(net::checked(std::move(options))),
        admission_(options_),
        http(options_, dispatcher, admission_, location.path),
        deflate_(options_.compression, &loop.blocks),
        context_(loop, proto::Role::server, deflate_, dispatcher, options_, *this) {
    if (location.secure) {
      tls_ = net::TlsContext::for_server(options_.tls);
    } else if (options_.tls != TlsOptions{}) {
      throw std::invalid_argument("option tls is for a wss:// location, not for " + location.to_string(location.port));
    }
    proto::require_accept_value();
    loop.reactor.busy_poll(options_.busy_poll);
    dispatcher.watch = net::CallbackWatch(options_.slow_callback);
    if (options_.evidence_bytes != 0) context_.evidence = &evidence_.emplace(options_);
    guard_memory();
    drain_timer_ = add(std::make_unique<net::Timer>(loop.reactor, milliseconds(0), [this] { loop.reactor.stop(); }));
    loop.reactor.on_wake([this] { check_drain(); });
  }

  /// `set_callbacks`: called once it is known that it may start.
  template <class SetCallbacks>
  void start(SetCallbacks&& set_callbacks);
  void run();
  void request_drain(milliseconds deadline) noexcept;
  void add_timer(milliseconds period, Callback<void()> task);
  void reload_tls(const TlsOptions& tls);

  const net::Location location;
  net::Dispatcher dispatcher;

 private:
  const Options options_;  // http refers to it
  std::optional<net::Evidence> evidence_;
  net::Admission admission_;  // likewise

 public:
  net::HttpService http;
  net::Loop loop;
  std::atomic<std::uint16_t> port{0};
  std::atomic<std::size_t> open_connections{0};

 private:
  [[nodiscard]] bool may_accept() const override { return sessions_ < max_connections_; }
  void accepted(net::Descriptor socket, const net::PeerAddress& peer) override;
  void session_opened() override { open_connections.fetch_add(1, std::memory_order_relaxed); }
  void session_closed(EndedBy) override { open_connections.fetch_sub(1, std::memory_order_relaxed); }
  void session_gone(const net::Session& session) override;
  void proxied(net::Descriptor socket, const net::PeerAddress& client, milliseconds left) override;
  void entry_gone() override { one_less(); }

  template <class SourceType>
  SourceType* add(std::unique_ptr<SourceType> source);
  template <class SourceType>
  SourceType* add(std::unique_ptr<SourceType> source, int descriptor, const net::PeerAddress& peer);
  net::Session* admit(net::Descriptor socket, const net::PeerAddress& peer);
  void await_header(net::Descriptor socket, const net::PeerAddress& peer);
  void one_less();
  void guard_memory();
  void check_drain();
  void begin_drain();
  void listen();
  void stop_listening();

  [[nodiscard]] std::shared_ptr<const net::TlsContext> tls() const;

  proto::DeflatePool deflate_;
  net::Context context_;
  mutable std::mutex tls_mutex_;
  std::shared_ptr<const net::TlsContext> tls_;  // null without TLS
  std::vector<net::Listener*> listeners_;       // the reactor owns them
  net::Timer* drain_timer_ = nullptr;           // likewise; made at once, so that a drain needs no memory
  std::size_t sessions_ = 0;
  std::size_t max_connections_ = 0;
  std::atomic<milliseconds::rep> drain_until_{kNoDrain};  // by steady_ms()
  bool started_ = false;
  bool draining_ = false;
};

template <class SetCallbacks>
void Server::Impl::start(SetCallbacks&& set_callbacks) {
  if (started_) throw std::logic_error("a mote::Server can be started once");
  try {
    listen();
    set_callbacks();  // to watch them takes memory
  } catch (...) {
    stop_listening();
    loop.reactor.finish_turn();
    throw;
  }
  started_ = true;
}

void Server::Impl::listen() {
  max_connections_ = options_.max_connections.value_or(default_max_connections());
  std::uint16_t bound = 0;
  auto sockets = net::listen_at(location, options_, bound);
  listeners_.reserve(sockets.size());  // from here on those that were added are known, whatever fails
  for (auto& listening : sockets) {
    const int socket = listening.socket.number();
    auto listener = std::make_unique<net::Listener>(loop.reactor, std::move(listening), *this);
    net::Listener* const added = listener.get();
    if (const int error = loop.reactor.add(std::move(listener), socket, core::Reactor::kRead); error != 0) {
      throw std::system_error(error, std::generic_category(), location.to_string(bound) + ": epoll_ctl");
    }
    listeners_.push_back(added);
  }
  port.store(bound, std::memory_order_relaxed);
}

void Server::Impl::run() {
  if (!started_) throw std::logic_error("mote::Server::run needs start first");
  loop.reactor.run();
  stop_listening();
  loop.reactor.wind_up();
  loop.reactor.mailbox()->close();
}

void Server::Impl::accepted(net::Descriptor socket, const net::PeerAddress& peer) {
  if (options_.proxy_protocol == ProxyProtocol::required) {
    await_header(std::move(socket), peer);
  } else {
    admit(std::move(socket), peer);
  }
}

void Server::Impl::await_header(net::Descriptor socket, const net::PeerAddress& peer) {
  if (!admission_.trusts(peer)) {
    return core::log(LogLevel::warning, {peer.to_string(), ": closed: PROXY headers are for trusted_proxies alone"});
  }
  const int number = socket.number();
  auto entry =
      std::make_unique<net::ProxyEntry>(loop.reactor, *this, std::move(socket), peer, options_.handshake_timeout);
  if (auto* const added = add(std::move(entry), number, peer)) {
    ++sessions_;
    added->start();
  }
}

void Server::Impl::proxied(net::Descriptor socket, const net::PeerAddress& client, milliseconds left) {
  net::Session* const session = admit(std::move(socket), client);
  if (session != nullptr && left != Options::kNever) loop.reactor.arm_no_later(*session, left);
}

/// Null where it was dropped.
net::Session* Server::Impl::admit(net::Descriptor socket, const net::PeerAddress& peer) {
  auto entry = admission_.enter(peer);
  if (entry.dropped) {
    core::log(LogLevel::warning, {peer.to_string(), ": closed: too many connections or handshakes from this address"});
    return nullptr;
  }
  const int number = socket.number();
  std::unique_ptr<net::TlsStream> stream;
  if (location.secure) stream = std::make_unique<net::TlsStream>(tls(), loop.tls_buffers());
  auto session =
      std::make_unique<net::Session>(context_, net::Transport(std::move(socket), std::move(stream)), peer,
                                     std::make_unique<net::ServerOpening>(http, loop.blocks, peer, entry.fault));
  net::Session* const added = add(std::move(session), number, peer);
  if (added == nullptr) return nullptr;
  added->set_counted(entry.place.keep());
  ++sessions_;
  added->start();
  return added;
}

void Server::Impl::session_gone(const net::Session& session) {
  if (session.counted()) admission_.leave(session.peer());
  if (evidence_) evidence_->forget(session);
  one_less();
}

void Server::Impl::one_less() {
  --sessions_;
  for (net::Listener* const listener : listeners_) listener->resume();
  if (draining_ && sessions_ == 0) loop.reactor.stop();
}

std::shared_ptr<const net::TlsContext> Server::Impl::tls() const {
  const std::scoped_lock lock(tls_mutex_);
  return tls_;
}

void Server::Impl::reload_tls(const TlsOptions& tls) {
  if (!location.secure) throw std::invalid_argument("reload_tls is for a wss:// location");
  auto context = net::TlsContext::for_server(tls);
  const std::scoped_lock lock(tls_mutex_);
  tls_.swap(context);
}

void Server::Impl::stop_listening() {
  for (net::Listener* const listener : listeners_) loop.reactor.remove(*listener);
  listeners_.clear();
}

void Server::Impl::request_drain(milliseconds deadline) noexcept {
  const auto until = steady_ms() + std::clamp(deadline, milliseconds(0), net::kAges).count();
  auto earliest = drain_until_.load(std::memory_order_relaxed);
  while (until < earliest && !drain_until_.compare_exchange_weak(earliest, until, std::memory_order_relaxed)) {
  }
  loop.reactor.mailbox()->wake();
}

void Server::Impl::check_drain() {
  const auto until = drain_until_.load(std::memory_order_relaxed);
  if (until == kNoDrain) return;
  if (!std::exchange(draining_, true)) begin_drain();
  const auto left = until - steady_ms();
  if (sessions_ == 0 || left <= 0) return loop.reactor.stop();
  loop.reactor.arm_no_later(*drain_timer_, milliseconds(left));
}

void Server::Impl::begin_drain() {
  stop_listening();
  http.shut_down();
  loop.reactor.announce(core::Announcement::drain);
}

template <class SourceType>
SourceType* Server::Impl::add(std::unique_ptr<SourceType> source) {
  SourceType* const added = source.get();
  loop.reactor.add(std::move(source));
  return added;
}

void Server::Impl::guard_memory() {
  const std::size_t budget = options_.memory_budget_bytes.value_or(default_memory_budget());
  loop.memory_guard = add(std::make_unique<net::MemoryGuard>(loop.reactor, loop.blocks, budget));
  http.watch_memory(*loop.memory_guard);
}

/// The same with a client's descriptor; null, and a line in the log, where the kernel does not take that.
template <class SourceType>
SourceType* Server::Impl::add(std::unique_ptr<SourceType> source, int descriptor, const net::PeerAddress& peer) {
  SourceType* const added = source.get();
  const int error = loop.reactor.add(std::move(source), descriptor, core::Reactor::kReadWrite);
  if (error == 0) return added;
  core::log(LogLevel::warning, {peer.to_string(), ": dropped: epoll_ctl: ", core::errno_text(error)});
  return nullptr;
}

void Server::Impl::add_timer(milliseconds period, Callback<void()> task) {
  net::Dispatcher::require(static_cast<bool>(task), "every");
  auto guarded = [task = dispatcher.watch.watched("a task of every", std::move(task))] { net::Dispatcher::task(task); };
  add(net::Timer::periodic(loop.reactor, period, std::move(guarded)))->start();
}

net::Loop& net::loop_of(Server& server) { return server.impl_->loop; }

Server::Server(std::string_view location, Options options)
    : impl_(std::make_unique<Impl>(location, std::move(options))) {}
Server::~Server() = default;

void Server::start(Callback<void(Connection&)> configure) {
  impl_->start(
      [&] { impl_->dispatcher.configure = impl_->dispatcher.watch.watched("configure", std::move(configure)); });
}

void Server::start(Handlers handlers) {
  impl_->start([&] { impl_->dispatcher.shared = impl_->dispatcher.watch.watched(std::move(handlers)); });
}

void Server::run() { impl_->run(); }
void Server::stop() noexcept { impl_->loop.reactor.stop(); }
void Server::drain(std::chrono::milliseconds deadline) noexcept { impl_->request_drain(deadline); }

bool Server::post(Callback<void()> task) {
  net::Dispatcher::require(static_cast<bool>(task), "post");
  Impl& impl = *impl_;
  auto watched = impl.dispatcher.watch.watched("a posted task", std::move(task));
  return impl.loop.reactor.mailbox()->post([task = std::move(watched)] { net::Dispatcher::task(task); });
}

void Server::every(std::chrono::milliseconds period, Callback<void()> task) {
  impl_->add_timer(period, std::move(task));
}

void Server::reload_tls(const TlsOptions& tls) { impl_->reload_tls(tls); }

void Server::on_upgrade(Callback<void(const HttpRequest&, UpgradeDecision&)> filter) {
  net::Dispatcher& dispatcher = impl_->dispatcher;
  dispatcher.upgrade_filter =
      std::make_shared<decltype(filter)>(dispatcher.watch.watched("on_upgrade", std::move(filter)));
}

void Server::serve(std::string path, std::string content_type, std::string_view bytes) {
  impl_->http.add_page(std::move(path), std::move(content_type), bytes);
}

void Server::on_http(std::string path, Callback<HttpResponse(const HttpRequest&)> handler) {
  net::Dispatcher::require(static_cast<bool>(handler), "on_http");
  impl_->http.add_handler(std::move(path), impl_->dispatcher.watch.watched("on_http", std::move(handler)));
}

std::uint16_t Server::port() const { return impl_->port.load(std::memory_order_relaxed); }
std::string Server::location() const { return impl_->location.to_string(port()); }
std::size_t Server::memory_bytes() const { return impl_->loop.blocks.lent_bytes(); }
std::size_t Server::connection_count() const { return impl_->open_connections.load(std::memory_order_relaxed); }

}  // namespace mote

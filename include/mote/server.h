#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <mote/callback.h>
#include <mote/handlers.h>
#include <mote/http.h>
#include <mote/options.h>

namespace mote {

class Connection;
class Server;

namespace net {
class Loop;
Loop& loop_of(Server& server);
}  // namespace net

/// A WebSocket server (RFC 6455) on one address, with a few plain HTTP pages beside it if wanted.
///
/// One server is one thread: `run()` turns its event loop and calls every callback. More cores: more servers, each
/// with Options::reuse_port and its own thread. Thread: construct, set up and `start` before `run`; during `run` only
/// the methods marked "any thread" may be called from elsewhere.
class Server {
 public:
  /// `location`: `ws://HOST[:PORT][/PATH]`, the same with `wss://`, or `ws+unix:///SOCKET/FILE`.
  ///
  /// HOST is an IPv4 address, an IPv6 address in brackets (`[::]` takes IPv4 too), or a name, of which every address is
  /// bound. PORT is 80, and 443 for `wss://`, unless given; 0 lets the kernel choose, see `port()`. With a PATH other
  /// than `/` only that path is a WebSocket endpoint, and others are 404; without, every path is. Throws
  /// std::invalid_argument where the location or an option makes no sense, and std::system_error or
  /// std::invalid_argument for a file of Options::tls that cannot be read or used, with its name and the reason;
  /// std::system_error where epoll, an eventfd or a timerfd cannot be had, and std::runtime_error where OpenSSL has no
  /// SHA-1.
  explicit Server(std::string_view location, Options options = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Binds and listens at once; clients are served once `run` is called. `configure` is called for each connection just
  /// before its `on_open`, to set its callbacks; what it throws goes to `on_error` and `on_close` without an `on_open`.
  /// Once per server.
  /// Throws std::system_error with the address in its text where that cannot be had; then it may be tried again.
  void start(Callback<void(Connection&)> configure);
  /// The same with one table of callbacks for all connections: no memory and no work for each.
  void start(Handlers handlers);

  /// Serves until `stop`, or until `drain` is done; then every connection has had its `on_close`. Needs `start`.
  void run();
  /// Ends `run`: sends each client Close 1001 if its socket takes that at once, and drops it. Any thread, any callback,
  /// and signal handlers. Before `run`: that returns at once.
  void stop() noexcept;
  /// Ends `run` gently: stops accepting, closes each connection with 1001, waits until all are gone or `deadline` has
  /// passed since the call, then drops the rest. Any thread, any callback, and signal handlers.
  void drain(std::chrono::milliseconds deadline) noexcept;

  /// Runs `task` on the server's thread, tasks of one thread in order. Any thread. Answers false, and destroys the task
  /// without calling it, once `run` has returned; one that still waits then is destroyed as well. What it throws is
  /// logged. Throws std::invalid_argument for an empty one, as `every` and `on_http` do.
  bool post(Callback<void()> task);
  /// Runs `task` on the server's thread every `period` (at least 1 ms) from now until `run` returns. Throws
  /// std::invalid_argument for less. What it throws is logged.
  void every(std::chrono::milliseconds period, Callback<void()> task);

  /// For new TLS handshakes from now on; connections that are open, and handshakes under way, keep what they have. Any
  /// thread. Throws as the constructor does, and then everything stays as it was.
  void reload_tls(const TlsOptions& tls);

  /// Called for each opening handshake that is correct, before the 101: may choose the subprotocol, add headers, or
  /// refuse. What it throws is logged, and the client gets 500.
  void on_upgrade(Callback<void(const HttpRequest&, UpgradeDecision&)> filter);
  /// Answers plain GET and HEAD of `path` (exact, without a query) with `bytes`, which are copied.
  /// Throws std::invalid_argument where the path does not start with `/` or the content type has a control character.
  void serve(std::string path, std::string content_type, std::string_view bytes);
  /// Answers plain GET and HEAD of `path` with what `handler` returns. What it throws is logged, and the client gets
  /// 500.
  void on_http(std::string path, Callback<HttpResponse(const HttpRequest&)> handler);

  /// The port that is bound, also where 0 was asked for; 0 for a Unix socket and before `start`. Any thread.
  [[nodiscard]] std::uint16_t port() const;
  /// The location with the real port: `ws://127.0.0.1:49152`. Any thread.
  [[nodiscard]] std::string location() const;
  /// Open WebSocket connections. Any thread.
  [[nodiscard]] std::size_t connection_count() const;
  /// What the connections hold between turns, in blocks as they were allocated: output that waits, parts of requests
  /// and messages, input that is not used yet, and what zlib takes for permessage-deflate; not what each connection
  /// takes that does nothing, 272 bytes and the head of its request, nor what OpenSSL takes, 15 KiB for each and 73
  /// within its handshake: Options::max_connections limits those. Options::memory_budget_bytes is about it. Any thread.
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  friend net::Loop& net::loop_of(Server& server);
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mote

#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>

#include <mote/callback.h>
#include <mote/client_options.h>
#include <mote/connection.h>
#include <mote/handle.h>
#include <mote/handlers.h>

namespace mote {

class Server;

/// WebSocket connections to servers (RFC 6455), as many as wanted, on one thread: the same Connection and callbacks as
/// a server's.
///
///     mote::Client client;
///     client.connect("wss://example.org/chat", [](mote::Connection& socket) {
///       socket.on_open([&] { socket.send("Hello World"); });
///       socket.on_message([&](std::string_view text) { std::cout << text << '\n'; socket.close(); });
///       socket.on_error([](const mote::Error& error) { std::cerr << error.what() << '\n'; });
///       socket.on_close([](const mote::CloseInfo& why) { std::cout << why.code << '\n'; });
///     });
///     client.run();  // until every connection has ended
///
/// Thread: `run` turns the event loop and calls every callback; during it, only the methods marked "any thread" may be
/// called from elsewhere. For a program that rather waits than is called back there is ClientSocket.
class Client {
 public:
  /// Throws std::system_error where the system has no descriptors left, and std::runtime_error where OpenSSL has no
  /// SHA-1.
  Client();
  /// On the event loop of `server`, whose `run` then serves both: for a server that is a client of others. The server
  /// must outlive it.
  explicit Client(Server& server);
  /// Drops what is open, and calls nobody back. On the loop of a server: on its thread, in any callback too; else not
  /// during `run`.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Begins a connection to `url`: `ws://HOST[:PORT][/PATH][?QUERY]`, the same with `wss://`, or
  /// `ws+unix:///SOCKET/FILE`. Calls nobody back before it returns.
  ///
  /// `configure` is called first, to set the connection's callbacks. Then comes `on_open` or, where there is no
  /// connection to be had, `on_error` with the reason and `on_close` with 1006. With ClientOptions::reconnect each
  /// attempt is a Connection of its own, for which `configure` is called anew. The handle is for all of them: it sends
  /// through the one that is open. Its `abort` and `close` are for good, at any time; so are those of a live
  /// Connection. On the client's thread, or before `run`; others use `post`. Throws std::invalid_argument where the URL
  /// or an option makes no sense, and std::system_error for a file of ClientOptions::tls, named in its text.
  Handle connect(std::string_view url, ClientOptions options, Callback<void(Connection&)> configure);
  Handle connect(std::string_view url, Callback<void(Connection&)> configure);
  /// The same with a table of callbacks.
  Handle connect(std::string_view url, ClientOptions options, Handlers handlers);

  /// Runs until every connection has ended and no other attempt is due, or until `stop`; may be called again. Throws
  /// std::logic_error on the loop of a server.
  void run();
  /// Ends `run`: sends each server Close 1001 if its socket takes that at once, and drops it. Any thread, any callback,
  /// and signal handlers. Not on the loop of a server, whose `stop` does the same.
  void stop() noexcept;

  /// Runs `task` on the client's thread, as Server::post does; `run` does not return while one waits. Any thread.
  bool post(Callback<void()> task);
  /// As Server::every; alone it does not keep `run` from returning.
  void every(std::chrono::milliseconds period, Callback<void()> task);

  /// Open connections. Any thread.
  [[nodiscard]] std::size_t connection_count() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mote

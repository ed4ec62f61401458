#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <mote/client_options.h>
#include <mote/close.h>
#include <mote/compression.h>
#include <mote/error.h>

namespace mote {

enum class MessageKind {
  text,
  binary,
  close,  ///< The end: the peer's Close frame. `payload` is its reason, `code` its code; 1005 for none.
};

/// What ClientSocket::receive answers.
struct Message {
  MessageKind kind = MessageKind::text;
  std::string payload;  ///< Text is UTF-8; binary is any bytes.
  std::uint16_t code = 0;

  [[nodiscard]] std::string_view text() const { return payload; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return std::as_bytes(std::span(payload)); }
};

/// As .NET's WebSocketState, for a connection that has opened.
enum class SocketState {
  open,
  close_sent,  ///< `close_output` was called; the peer's Close is not here yet.
  closed,      ///< The closing handshake is done. A Close of the peer is answered at once.
  aborted,     ///< `abort`, or the connection failed.
};

/// A client's connection for programs that wait rather than be called back: tools and tests.
///
///     auto socket = mote::connect("ws://127.0.0.1:8181");
///     socket.send("Hello World");
///     mote::Message answer = socket.receive(std::chrono::seconds(5));
///     socket.close();
///
/// A thread of its own answers pings and receives ahead, up to 1 MiB; then the server has to wait. Thread: any, all
/// methods; one `receive` at a time gets each message.
class ClientSocket {
 public:
  using milliseconds = std::chrono::milliseconds;

  ClientSocket(ClientSocket&&) noexcept;
  ClientSocket& operator=(ClientSocket&&) noexcept;
  /// A connection that was not closed is dropped, with Close 1001 if its socket takes that at once.
  ~ClientSocket();

  /// Returns when there is room for more; so it waits while the server does not read. Throws Error where the connection
  /// is not open any more, of the kind that ended it.
  void send(std::string_view text, Compress compress = Compress::by_size);
  void send(std::span<const std::byte> bytes, Compress compress = Compress::by_size);
  void send(const char* text, Compress compress = Compress::by_size) { send(std::string_view(text), compress); }
  void send(std::nullptr_t, Compress = Compress::by_size) = delete;

  /// The next message, in order; at the end one of kind `close`, again and again. Throws Error of kind `timeout` where
  /// none came in time, and of the kind that ended the connection where that was not a Close.
  Message receive(milliseconds timeout = Options::kNever);

  /// The closing handshake (RFC 6455 §7.1.2): sends Close, and returns when the server has answered. Messages that
  /// came before the call can still be received. Does nothing where the connection has ended. Throws Error of kind
  /// `timeout` after ClientOptions::close_timeout or where the connection fails, and std::invalid_argument as
  /// Connection::close does.
  void close(std::uint16_t code = close_code::normal, std::string_view reason = {});
  /// Sends Close and returns at once; `receive` tells of the answer.
  void close_output(std::uint16_t code = close_code::normal, std::string_view reason = {});
  /// Drops the connection without a Close frame.
  void abort();

  [[nodiscard]] SocketState state() const;
  /// That the server chose; empty for none.
  [[nodiscard]] std::string_view subprotocol() const;

 private:
  friend ClientSocket connect(std::string_view url, ClientOptions options);
  class Impl;
  explicit ClientSocket(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Connects to `url`, see Client::connect, and returns when the connection is open. Throws Error where it cannot be
/// had, std::invalid_argument and std::system_error as Client::connect does. ClientOptions::reconnect is not for this.
ClientSocket connect(std::string_view url, ClientOptions options = {});

}  // namespace mote

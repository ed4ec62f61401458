#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include <mote/callback.h>
#include <mote/close.h>
#include <mote/compression.h>
#include <mote/connection_info.h>
#include <mote/error.h>
#include <mote/handle.h>
#include <mote/prepared_message.h>
#include <mote/send_status.h>

namespace mote {

/// One WebSocket connection, from its `on_open` to its `on_close`.
///
/// Thread: that of `Server::run` or `Client::run` only; take a `handle()` for others. Lifetime: a `Connection&` is
/// valid until its `on_close` returns. Every method may be called inside every callback, and none calls back before it
/// returns.
///
/// Order of callbacks: the 101 response is written, then `on_open`, then any number of the others, then exactly one
/// `on_close`, then nothing. `on_error` comes before `on_close` where a fault ended the connection. An exception that
/// leaves a callback goes to `on_error`, and the connection is closed with 1011. After `close` no more messages are
/// delivered. Views handed to a callback are valid until it returns.
class Connection {
 public:
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// \name Callbacks
  /// Each call replaces the previous callback of that kind; `nullptr` removes it. Where the server has shared Handlers
  /// too, the connection's own callback is called in place of the shared one.
  /// @{
  void on_open(Callback<void()> callback);
  void on_message(Callback<void(std::string_view text)> callback);            ///< A text message, valid UTF-8.
  void on_binary(Callback<void(std::span<const std::byte> bytes)> callback);  ///< A binary message.
  void on_ping(Callback<void(std::span<const std::byte> payload)> callback);  ///< The pong is sent either way.
  void on_pong(Callback<void(std::span<const std::byte> payload)> callback);  ///< Also for mote's own pings.
  void on_drain(Callback<void()> callback);                                   ///< After `queued`: room again.
  void on_error(Callback<void(const Error&)> callback);
  void on_close(Callback<void(const CloseInfo&)> callback);
  /// @}

  /// \name Sending
  /// What is passed may be reused at once. Nothing blocks: the socket is written at the end of the turn, or when it
  /// has room again. `compress` matters where the connection has permessage-deflate, see Options::compression.
  /// @{
  /// Must be UTF-8 (RFC 6455 §5.6); not checked here, the peer will.
  SendStatus send(std::string_view text, Compress compress = Compress::by_size);
  SendStatus send(std::span<const std::byte> bytes, Compress compress = Compress::by_size);
  SendStatus send(const char* text, Compress compress = Compress::by_size) {
    return send(std::string_view(text), compress);
  }
  SendStatus send(std::nullptr_t, Compress = Compress::by_size) = delete;
  SendStatus send(const PreparedMessage& message);
  /// Ping with up to 125 bytes, RFC 6455 §5.5.2. Throws std::invalid_argument for more.
  SendStatus send_ping(std::span<const std::byte> payload = {});
  /// Unsolicited pong with up to 125 bytes, RFC 6455 §5.5.3. While the peer does not read, only the latest is kept.
  /// Throws std::invalid_argument for more.
  SendStatus send_pong(std::span<const std::byte> payload = {});
  /// Bytes that were accepted and that the kernel does not have yet.
  [[nodiscard]] std::size_t queued_bytes() const;
  /// @}

  /// Reads nothing more from the peer, and so delivers nothing, until `resume_reading`: for who cannot keep up. The
  /// kernel's buffers fill, and then the peer has to wait. Silence is not held against it meanwhile, and that it has
  /// gone shows only when something is sent. `close` ends a pause.
  void pause_reading();
  void resume_reading();

  /// Starts the closing handshake (RFC 6455 §7.1.2); `on_close` comes when the peer has answered, or after
  /// Options::close_timeout. What was sent before still goes out. Does nothing where the connection is closing already.
  /// `code`: 1000–1003, 1007–1014 or 3000–4999; `reason`: UTF-8, cut at a character to 123 bytes.
  /// Throws std::invalid_argument for any other code or a reason that is not UTF-8.
  void close(std::uint16_t code = close_code::normal, std::string_view reason = {});
  /// Drops the connection without a Close frame; `on_close` with 1006 comes before this turn ends. Inside of
  /// `on_close`: what is still on its way to the peer as well, a Close frame among it.
  void abort();
  /// Whether `send` would accept a message: after the opening handshake, before either side's Close.
  [[nodiscard]] bool is_open() const;

  [[nodiscard]] ConnectionInfo info() const;
  /// A reference to this connection that may be kept for ever and used from any thread.
  [[nodiscard]] Handle handle();

  /// \name The user's own state, one object of any type, destroyed after `on_close`
  /// @{
  template <class T, class... Arguments>
  T& emplace_data(Arguments&&... arguments);
  /// Null where there is none, or one of another type.
  template <class T>
  [[nodiscard]] T* data() const;
  /// @}

 protected:
  Connection() = default;
  ~Connection() = default;
  void release_data() { data_.reset(); }

 private:
  struct Data {
    explicit Data(const void* type_tag) : type(type_tag) {}
    virtual ~Data() = default;
    Data(const Data&) = delete;
    Data& operator=(const Data&) = delete;
    const void* type;  // &kType<T>
  };
  template <class T>
  static constexpr char kType = 0;
  template <class T>
  struct DataOf final : Data {
    template <class... Arguments>
    explicit DataOf(Arguments&&... arguments) : Data(&kType<T>), value(std::forward<Arguments>(arguments)...) {}
    T value;
  };

  std::unique_ptr<Data> data_;
};

template <class T, class... Arguments>
T& Connection::emplace_data(Arguments&&... arguments) {
  auto data = std::make_unique<DataOf<T>>(std::forward<Arguments>(arguments)...);
  T& value = data->value;
  data_ = std::move(data);
  return value;
}

template <class T>
T* Connection::data() const {
  return data_ != nullptr && data_->type == &kType<T> ? &static_cast<DataOf<T>*>(data_.get())->value : nullptr;
}

}  // namespace mote

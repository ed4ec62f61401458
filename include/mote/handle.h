#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <mote/close.h>
#include <mote/compression.h>
#include <mote/prepared_message.h>
#include <mote/send_status.h>

namespace mote {

namespace net {
struct HandleState;
}

/// A reference to a connection that may be copied, kept for ever and used from any thread, `run()`'s included.
///
/// After the connection's end, and after the server's, every call is harmless and answers `closed`. From another thread
/// the payload is copied and sent by the server's thread: messages of one thread stay in order, and a status tells the
/// queue's size at that moment; until that thread has taken it, a message counts with 128 bytes beside its payload. A
/// pong is dropped only where such messages alone are above the hard limit, and never ends the connection. A
/// default-constructed Handle behaves as one whose connection has ended.
class Handle {
 public:
  Handle() = default;

  SendStatus send(std::string_view text, Compress compress = Compress::by_size) const;
  SendStatus send(std::span<const std::byte> bytes, Compress compress = Compress::by_size) const;
  SendStatus send(const char* text, Compress compress = Compress::by_size) const {
    return send(std::string_view(text), compress);
  }
  SendStatus send(std::nullptr_t, Compress = Compress::by_size) const = delete;
  SendStatus send(const PreparedMessage& message) const;
  SendStatus send_ping(std::span<const std::byte> payload = {}) const;
  SendStatus send_pong(std::span<const std::byte> payload = {}) const;
  void pause_reading() const;
  void resume_reading() const;
  void close(std::uint16_t code = close_code::normal, std::string_view reason = {}) const;
  void abort() const;
  [[nodiscard]] bool is_open() const;

  /// Whether both refer to the same connection.
  bool operator==(const Handle& other) const = default;

 private:
  friend struct net::HandleState;
  explicit Handle(std::shared_ptr<net::HandleState> state);

  std::shared_ptr<net::HandleState> state_;
};

}  // namespace mote

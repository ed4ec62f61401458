#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <mote/connection_info.h>

#include "net/socket.h"
#include "net/tls_stream.h"

namespace mote::net {

/// What a connection's bytes go through: the socket as it is, or TLS over it. Who reads and writes need not know which.
class Transport {
 public:
  Transport() = default;
  explicit Transport(Descriptor socket, std::unique_ptr<TlsStream> tls = nullptr)
      : tls_(std::move(tls)), socket_(std::move(socket)) {}

  [[nodiscard]] int descriptor() const { return socket_.number(); }

  /// Into `room`, which is not empty. `end`: the peer has said that no more will come. Over TLS `done` may come with 0
  /// bytes: what was received was TLS's own.
  IoResult receive(std::span<std::byte> room) {
    return tls_ == nullptr ? net::receive(descriptor(), room) : tls_->receive(descriptor(), room);
  }
  /// Takes what it can of `pieces`, of which there is at least one byte. Never raises SIGPIPE.
  IoResult transmit(std::span<iovec> pieces) {
    return tls_ == nullptr ? net::transmit(descriptor(), pieces) : tls_->transmit(descriptor(), pieces);
  }
  /// Bytes that were taken, or that TLS made of itself, and that wait for room in the socket.
  [[nodiscard]] std::size_t backlog_bytes() const { return tls_ == nullptr ? 0 : tls_->backlog_bytes(); }
  /// Gives them to the socket; `would_block` where some are left.
  IoResult flush_backlog() { return tls_ == nullptr ? IoResult{} : tls_->flush_backlog(descriptor()); }
  /// Whether reading has stopped until that backlog is out.
  [[nodiscard]] bool reading_waits_for_room() const { return tls_ != nullptr && tls_->reading_waits_for_room(); }

  /// Over TLS, appends close_notify, once: the peer can then tell the end from a cut.
  void end_output() {
    if (tls_ != nullptr) tls_->close_output(descriptor());
  }
  /// Bytes that the kernel has taken and the peer's has not acknowledged.
  [[nodiscard]] std::uint32_t unacknowledged_bytes() const { return net::unacknowledged_bytes(descriptor()); }
  /// The TCP connection carries no more from this side.
  void shut_down_writing() { shutdown_writing(descriptor()); }

  /// \name What only TLS has
  /// @{
  [[nodiscard]] bool encrypts() const { return tls_ != nullptr; }
  [[nodiscard]] bool in_tls_handshake() const { return tls_ != nullptr && tls_->in_handshake(); }
  /// The peer of a TLS server has begun in plain HTTP.
  [[nodiscard]] bool met_plain_http() const { return tls_ != nullptr && tls_->met_plain_http(); }
  /// Goes on without TLS, to say so.
  void drop_tls() { tls_.reset(); }
  /// Why TLS has failed, or that its peer was cut off; empty where it is not TLS that did.
  [[nodiscard]] std::string_view tls_failure() const {
    return tls_ == nullptr ? std::string_view() : std::string_view(tls_->failure());
  }
  [[nodiscard]] std::optional<TlsInfo> tls_info() const {
    return tls_ == nullptr ? std::nullopt : std::optional(tls_->info());
  }
  /// @}

 private:
  std::unique_ptr<TlsStream> tls_;
  Descriptor socket_;
};

}  // namespace mote::net

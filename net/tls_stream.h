#pragma once

#include <openssl/types.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <mote/connection_info.h>

#include "core/byte_buffer.h"
#include "net/socket.h"
#include "net/tls_context.h"

namespace mote::net {

class TlsStream;

/// What the TLS connections of one event loop share: room for the records that one call makes, so that they leave with
/// one system call, and for gathering small pieces into one record.
class TlsBuffers {
 public:
  /// `blocks`: what waits in the connections is counted there; null: nowhere.
  explicit TlsBuffers(core::BlockCache* blocks) : blocks_(blocks) {}
  TlsBuffers(const TlsBuffers&) = delete;
  TlsBuffers& operator=(const TlsBuffers&) = delete;

 private:
  friend class TlsStream;
  static constexpr std::size_t kRecordBytes = 16 * 1024;    // RFC 8446 §5.1: the most that a record carries
  static constexpr std::size_t kOutgoingBytes = 80 * 1024;  // four records and what TLS adds
  std::array<std::byte, kRecordBytes> gathered_;
  std::array<std::byte, kOutgoingBytes> outgoing_;
  std::size_t outgoing_bytes_ = 0;  // 0 between calls

  // Those that received last keep OpenSSL's buffers, 33 KiB each: to make and free them takes a seventh of the
  // instructions of a small message.
  static constexpr std::size_t kBusy = 128;
  std::array<TlsStream*, kBusy> busy_{};
  std::size_t oldest_busy_ = 0;
  core::BlockCache* blocks_;
};

/// TLS over one socket, server or client: OpenSSL between plaintext and edge-triggered, non-blocking system calls.
///
/// OpenSSL never waits for the socket while writing: its records go to TlsBuffers and from there to the kernel, and
/// what that does not take waits here. So a read never has to wait for a write nor a write for a read, and a write is
/// never to be repeated. What waits is bounded: above kMostBacklogBytes nothing is read or written until it is out.
class TlsStream {
 public:
  /// Throws std::bad_alloc. `buffers` must outlive it. `peer`: of a client, whom it wants to talk to.
  TlsStream(std::shared_ptr<const TlsContext> context, TlsBuffers& buffers, TlsPeer peer = {});
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  /// \name As Transport has them
  /// @{
  IoResult receive(int socket, std::span<std::byte> room);
  IoResult transmit(int socket, std::span<const iovec> pieces);
  [[nodiscard]] std::size_t backlog_bytes() const { return backlog_.size(); }
  IoResult flush_backlog(int socket);
  [[nodiscard]] bool reading_waits_for_room() const { return reading_waits_; }
  void close_output(int socket);
  [[nodiscard]] bool in_handshake() const { return !established_; }
  [[nodiscard]] bool met_plain_http() const { return met_plain_http_; }
  [[nodiscard]] const std::string& failure() const { return failure_; }
  [[nodiscard]] TlsInfo info() const;
  /// @}

  /// \name While OpenSSL asks back
  /// @{
  /// Why it is going to fail, better than it knows itself.
  void explain(std::string_view reason, std::string_view name) noexcept;
  [[nodiscard]] const std::string& peer_host() const { return peer_.host; }
  /// User code runs next, and other connections may use TlsBuffers.
  void lend_buffers() { static_cast<void>(send_outgoing()); }
  /// @}

 private:
  class Call;
  struct Free {
    void operator()(SSL* ssl) const;
  };
  static constexpr std::size_t kMostBacklogBytes = 64 * 1024;
  static constexpr std::uint16_t kIdle = TlsBuffers::kBusy;

  struct SocketMethod;
  BIO* make_bio();
  int read_socket(BIO* bio, std::span<std::byte> room);
  int take_record(std::span<const std::byte> record);
  bool send_outgoing();

  void become_busy();
  void become_idle();
  bool shake_hands();
  IoResult read_plaintext(std::span<std::byte> room);
  std::size_t encrypt(std::span<const iovec> pieces);
  bool write_record(std::span<const std::byte> plaintext);
  IoResult failed(int result);
  [[nodiscard]] IoResult broken_result() const;
  [[nodiscard]] std::string failure_of(std::string_view reason) const;

  TlsBuffers& buffers_;
  std::shared_ptr<const TlsContext> context_;
  const TlsPeer peer_;
  std::unique_ptr<SSL, Free> ssl_;
  core::ByteBuffer backlog_;       // records that the kernel did not take
  std::string explanation_;        // of what is about to fail
  std::string failure_;            // why TLS failed, or how it ended
  std::size_t wire_bytes_ = 0;     // received by the call that runs
  std::size_t wire_limit_ = 0;     // after which that call ends
  int socket_ = -1;                // of the call that runs
  int error_ = 0;                  // errno of a system call that failed
  std::uint16_t busy_at_ = kIdle;  // in TlsBuffers
  bool established_ : 1 = false;   // the handshake is done
  bool began_ : 1 = false;         // the peer has sent something
  bool drained_ : 1 = false;       // the call that runs has emptied the socket
  bool ended_ : 1 = false;         // recv has met the end
  bool broken_ : 1 = false;        // OpenSSL must not be asked again
  bool output_closed_ : 1 = false;
  bool reading_waits_ : 1 = false;
  bool met_plain_http_ : 1 = false;
};

}  // namespace mote::net

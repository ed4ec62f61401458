#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "core/block_cache.h"
#include "core/reactor.h"
#include "net/output.h"
#include "net/tls_stream.h"

namespace mote::net {

class MemoryGuard;

/// How many steps of TLS handshakes are still to be done in the present turn. A step may be a signature, up to a
/// millisecond of RSA: those who have open connections are not to wait for a crowd of new ones.
class HandshakeBudget {
 public:
  bool take(std::uint64_t turn) {
    if (turn != turn_) left_ = kStepsPerTurn;
    turn_ = turn;
    return left_ != 0 && left_-- != 0;
  }

 private:
  static constexpr unsigned kStepsPerTurn = 8;
  std::uint64_t turn_ = 0;
  unsigned left_ = kStepsPerTurn;
};

/// One thread's event loop, and what all connections on it use in turn.
class Loop {
 public:
  /// Throws std::system_error where epoll, an eventfd or a timerfd cannot be had.
  Loop() : memory_(std::make_unique_for_overwrite<std::byte[]>(kReceiveBytes)), batch(receive_buffer()) {}

  [[nodiscard]] std::span<std::byte> receive_buffer() const { return {memory_.get(), kReceiveBytes}; }
  /// Made when the first TLS connection is.
  TlsBuffers& tls_buffers() {
    if (tls_buffers_ == nullptr) tls_buffers_ = std::make_unique<TlsBuffers>(&blocks);
    return *tls_buffers_;
  }

 private:
  static constexpr std::size_t kReceiveBytes = 512 * 1024;
  const std::unique_ptr<std::byte[]> memory_;
  std::unique_ptr<TlsBuffers> tls_buffers_;

 public:
  core::BlockCache blocks;
  OutputBatch batch;
  HandshakeBudget handshakes;
  MemoryGuard* memory_guard = nullptr;  // of a server; the reactor owns it
  core::Reactor reactor;                // the last: its sources use the others
};

}  // namespace mote::net

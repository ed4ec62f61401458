#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "core/byte_buffer.h"
#include "core/unmask.h"
#include "net/transport.h"
#include "proto/frame.h"

namespace mote::net {

class Output;

/// What the connection whose turn it is has written so far: one per reactor, sent with one system call.
///
/// Small pieces are copied. A large one that lies in the reactor's receive buffer, as the payload of a message does
/// while its callback runs, is written from where it lies: it stays there until the next read of this connection.
class OutputBatch {
 public:
  /// `receive_buffer`: what may be written from where it lies.
  explicit OutputBatch(std::span<const std::byte> receive_buffer);

  /// Nobody's any more; empty, as it was when Output::begin_batch made it somebody's.
  void end() { owner_ = nullptr; }
  /// For as long as it lives, output that would have to wait in a copy takes over `message` instead, if that is where
  /// it lies. Its bytes stay where they are, and last until the turn's end at least.
  class Loan {
   public:
    Loan(OutputBatch& batch, core::ByteBuffer& message) : batch_(batch) { batch_.lent_ = &message; }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    ~Loan() { batch_.lent_ = nullptr; }

   private:
    OutputBatch& batch_;
  };

  /// Drops what is in it, and ends, if it belongs to that output.
  void abandon(const Output& output);
  [[nodiscard]] bool belongs_to(const Output& output) const { return owner_ == &output; }
  /// Must be flushed before the receive buffer is written again.
  [[nodiscard]] bool borrows() const { return borrowed_bytes_ != 0; }

 private:
  friend class Output;
  static constexpr std::size_t kCopiedBytes = 64 * 1024;
  static constexpr std::size_t kMaxPieces = 64;
  static constexpr std::size_t kBorrowBytes = 4 * 1024;  // below, a copy is cheaper than a piece of its own
  static constexpr std::size_t kFullBytes = 256 * 1024;  // about what a socket buffer takes: waiting gains nothing

  [[nodiscard]] bool has_room_for_small(std::span<const std::byte> payload) const {
    return payload.size() < kBorrowBytes && static_cast<std::ptrdiff_t>(payload.size()) < limit_ - end_;
  }
  /// A server's frame with a small payload; false where there is no room.
  [[gnu::always_inline]] bool append_small(proto::Opcode opcode, std::span<const std::byte> payload);
  /// A client's, for which there has to be room.
  void append_small_masked(proto::Opcode opcode, std::span<const std::byte> payload, std::uint32_t key);
  bool append(std::span<const std::byte> head, std::span<const std::byte> payload);
  bool append_masked(std::span<const std::byte> head, std::span<const std::byte> payload, std::uint32_t key);

  [[nodiscard]] bool empty() const { return piece_count_ == 0 && end_ == run_; }
  [[nodiscard]] bool lies_in_receive_buffer(std::span<const std::byte> bytes) const;
  [[nodiscard]] bool has_room(std::size_t copied) const {
    return end_ <= limit_ && copied <= static_cast<std::size_t>(limit_ - end_);
  }
  void borrow(std::span<const std::byte> payload);
  void close_run();
  void clear();

  const Output* owner_ = nullptr;
  core::ByteBuffer* lent_ = nullptr;
  std::byte* end_;    // of what was copied
  std::byte* limit_;  // of what may be; behind it there still is room for one header
  std::byte* run_;    // from here to `end_` lies what is not among the pieces yet
  const std::byte* receive_begin_;
  const std::byte* receive_end_;
  std::unique_ptr<std::byte[]> copied_;
  std::size_t borrowed_bytes_ = 0;
  std::size_t piece_count_ = 0;
  std::array<iovec, kMaxPieces> pieces_;
};

/// The bytes on their way to one peer, in order: first what waits for the kernel, then this turn's batch.
///
/// Owns memory only while something waits. Nothing here calls back; a failure is remembered and ends in `error()`.
class Output {
 public:
  /// From now until the batch's end what is written goes there, unless something waits that has to go out before.
  void begin_batch(OutputBatch& batch) const {
    if (queue_ == nullptr && error_ == 0) batch.owner_ = this;
  }
  /// The short way of `write_frame`, which is for all that this one refuses.
  [[gnu::always_inline]] bool write_small(OutputBatch& batch, proto::Opcode opcode,
                                          std::span<const std::byte> payload) const {
    return batch.belongs_to(*this) && batch.append_small(opcode, payload);
  }

  /// The same for a client's frame. `draw_key()`: a key that was never used; not called for nothing.
  template <class DrawKey>
  bool write_small_masked(OutputBatch& batch, proto::Opcode opcode, std::span<const std::byte> payload,
                          DrawKey&& draw_key) const {
    if (!batch.belongs_to(*this) || !batch.has_room_for_small(payload)) return false;
    batch.append_small_masked(opcode, payload, draw_key());
    return true;
  }

  /// Accepts `head` and then `payload`, which may be reused at once. Answers true where they wait in a queue of its own
  /// that only `flush` sends: to be asked for at the end of the turn.
  [[nodiscard]] bool write(OutputBatch& batch, Transport& transport, std::span<const std::byte> head,
                           std::span<const std::byte> payload);
  [[nodiscard]] bool write_frame(OutputBatch& batch, Transport& transport, proto::Opcode opcode,
                                 std::span<const std::byte> payload, proto::Coding coding = proto::Coding::plain);
  /// A client's, with a key that was never used.
  [[nodiscard]] bool write_masked_frame(OutputBatch& batch, Transport& transport, proto::Opcode opcode,
                                        std::span<const std::byte> payload, proto::Coding coding, std::uint32_t key);
  /// A pong: while an earlier one waits for the kernel it takes the place of any that waits behind that (RFC 6455
  /// §5.5.3), so that pings cost bounded memory. `key`: a client's.
  [[nodiscard]] bool write_pong(OutputBatch& batch, Transport& transport, std::span<const std::byte> payload,
                                std::optional<std::uint32_t> key = {});

  /// The pong that waits behind another goes out before what is written next. Throws std::bad_alloc.
  void queue_pong();

  /// Sends the batch, if it belongs to this output; what the kernel does not take waits, and ends the batch. Needed
  /// before the receive buffer is written again and at the end of the connection's turn.
  void flush_batch(OutputBatch& batch, Transport& transport) {
    if (batch.belongs_to(*this) && !batch.empty()) send_batch(batch, transport);
  }
  /// Sends what waits, in the transport or here: at the end of a turn, or when the socket has room again.
  void flush(Transport& transport);

  /// What waits counts there. To be called after it may have begun to wait.
  void count_in(core::BlockCache& blocks) {
    if (queue_ != nullptr) queue_->bytes.join(blocks);
  }
  /// Of memory, which is more than what waits in it.
  [[nodiscard]] std::size_t held_bytes() const {
    return queue_ != nullptr ? queue_->block.capacity() + queue_->bytes.capacity() : 0;
  }
  [[nodiscard]] std::size_t queued_bytes() const {
    return queue_ != nullptr ? queue_->block.size() + queue_->bytes.size() : 0;
  }
  /// Nothing waits, and nothing has failed.
  [[nodiscard]] bool idle() const { return queue_ == nullptr && !blocked_ && error_ == 0; }
  /// The kernel's buffer is full: the next OUT edge says when to flush.
  [[nodiscard]] bool blocked() const { return blocked_; }
  /// The errno of a write that failed, else 0. After a failure whatever is written is dropped.
  [[nodiscard]] int error() const { return error_; }
  /// Whether the kernel has taken a part of what waits, or begun to refuse it, since the last call.
  [[nodiscard]] bool take_progress() { return std::exchange(progress_, false); }

 private:
  struct PongFrame {
    std::uint8_t size = 0;
    std::array<std::byte, 2 + 4 + proto::kMaxControlBytes> bytes;
  };
  struct Queue {
    core::ByteBuffer block;  // the rest of a large payload, in the block that it came in: goes out first
    core::ByteBuffer bytes;
    std::size_t to_pong_end = 0;      // bytes up to the end of the last pong in `bytes`; 0: none
    std::unique_ptr<PongFrame> pong;  // waits for that one; apart, since most queues are short and soon gone
  };

  bool write_masked(OutputBatch& batch, Transport& transport, std::span<const std::byte> head,
                    std::span<const std::byte> payload, std::uint32_t key);
  bool queue(Transport& transport, std::span<const std::byte> head, std::span<const std::byte> payload,
             std::uint32_t key = 0);
  void enqueue(std::span<const std::byte> head, std::span<const std::byte> payload, std::uint32_t key = 0);
  void send_batch(OutputBatch& batch, Transport& transport);
  void send_now(OutputBatch& batch, Transport& transport, std::span<const std::byte> head,
                std::span<const std::byte> payload);
  void transmit_pieces(Transport& transport, std::span<iovec> pieces, core::ByteBuffer* lent = nullptr);
  void keep_rest(std::span<const iovec> pieces, std::size_t sent, core::ByteBuffer* lent);
  bool take_over(core::ByteBuffer& lent, std::span<const std::byte> bytes);
  bool took_all(const IoResult& result, std::size_t size, const Transport& transport);
  [[gnu::noinline]] void keep_untaken(IoResult result, const Transport& transport, const iovec& piece);
  std::size_t note_sent(const IoResult& result, const Transport& transport, std::size_t size);
  void consumed(std::size_t size);
  void fail(int error);

  std::unique_ptr<Queue> queue_;
  std::uint16_t error_ = 0;
  bool blocked_ = false;
  bool progress_ = false;
};

inline bool OutputBatch::append_small(proto::Opcode opcode, std::span<const std::byte> payload) {
  if (!has_room_for_small(payload)) return false;
  const std::size_t size = payload.size();
  std::byte* const to = end_ + proto::write_frame_header(end_, opcode, size);
  core::unmask_copy(to, payload.data(), size, 0);  // key 0 copies; small ones inline, as std::memcpy of any size is not
  end_ = to + size;
  return true;
}

inline void OutputBatch::append_small_masked(proto::Opcode opcode, std::span<const std::byte> payload,
                                             std::uint32_t key) {
  std::byte* const to = end_ + proto::write_masked_frame_header(end_, opcode, payload.size(), key);
  core::unmask_copy(to, payload.data(), payload.size(), key);
  end_ = to + payload.size();
}

}  // namespace mote::net

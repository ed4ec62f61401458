#include "net/output.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <limits>
#include <new>
#include <utility>

namespace mote::net {
namespace {

iovec piece_of(std::span<const std::byte> bytes) {
  return {const_cast<std::byte*>(bytes.data()), bytes.size()};  // NOLINT: iovec is for reading and writing
}

}  // namespace

OutputBatch::OutputBatch(std::span<const std::byte> receive_buffer)
    : receive_begin_(receive_buffer.data()),
      receive_end_(receive_buffer.data() + receive_buffer.size()),
      copied_(std::make_unique_for_overwrite<std::byte[]>(kCopiedBytes)) {}

bool OutputBatch::lies_in_receive_buffer(std::span<const std::byte> bytes) const {
  // std::less orders pointers into different objects.
  return !std::less<>{}(bytes.data(), receive_begin_) && std::less<>{}(bytes.data(), receive_end_);
}

/// False where it does not fit: then the batch has to be flushed first.
bool OutputBatch::append(std::span<const std::byte> head, std::span<const std::byte> payload) {
  const bool borrow = payload.size() >= kBorrowBytes && lies_in_receive_buffer(payload);
  const std::size_t copied = head.size() + (borrow ? 0 : payload.size());
  if (copied > kCopiedBytes - copied_bytes_ || piece_count_ + 2 > kMaxPieces || total_bytes_ >= kFullBytes)
    return false;
  std::byte* const to = copied_.get() + copied_bytes_;
  std::memcpy(to, head.data(), head.size());
  if (!borrow && !payload.empty()) std::memcpy(to + head.size(), payload.data(), payload.size());
  add_copied(copied);
  if (borrow) {
    add_piece(payload.data(), payload.size());
    borrows_ = true;
  }
  return true;
}

void OutputBatch::add_copied(std::size_t size) {
  if (extendable_) {
    pieces_[piece_count_ - 1].iov_len += size;
    total_bytes_ += size;
  } else {
    add_piece(copied_.get() + copied_bytes_, size);
    extendable_ = true;
  }
  copied_bytes_ += size;
}

void OutputBatch::add_piece(const std::byte* data, std::size_t size) {
  pieces_[piece_count_++] = piece_of({data, size});
  total_bytes_ += size;
  extendable_ = false;
}

void OutputBatch::clear() {
  copied_bytes_ = total_bytes_ = piece_count_ = 0;
  borrows_ = extendable_ = false;
}

void OutputBatch::abandon(const Output& output) {
  if (!belongs_to(output)) return;
  clear();
  end();
}

bool Output::write(OutputBatch& batch, Transport& transport, std::span<const std::byte> head,
                   std::span<const std::byte> payload) {
  if (error_ != 0) return false;
  if (queue_ == nullptr && batch.belongs_to(*this)) {
    if (batch.append(head, payload)) return false;
    send_now(batch, transport, head, payload);
    return false;
  }
  if (queue_ == nullptr && payload.size() >= OutputBatch::kCopiedBytes) {
    send_now(batch, transport, head, payload);
    return false;
  }
  const std::size_t before = queued_bytes();
  enqueue(head, payload);
  if (blocked_) return false;
  if (before < OutputBatch::kFullBytes && queued_bytes() >= OutputBatch::kFullBytes) flush(transport);
  return !blocked_ && queue_ != nullptr;
}

bool Output::write_frame(OutputBatch& batch, Transport& transport, proto::Opcode opcode, std::span<const std::byte> payload,
                         proto::Coding coding) {
  std::array<std::byte, proto::kMaxHeaderBytes> header;
  const std::size_t size = proto::write_frame_header(header.data(), opcode, payload.size(), coding);
  return write(batch, transport, std::span(header).first(size), payload);
}

bool Output::write_pong(OutputBatch& batch, Transport& transport, std::span<const std::byte> payload) {
  if (queue_ == nullptr || queue_->to_pong_end == 0) {
    const bool waits = write_frame(batch, transport, proto::Opcode::pong, payload);
    if (queue_ != nullptr) queue_->to_pong_end = queue_->bytes.size();
    return waits;
  }
  const std::size_t header = proto::write_frame_header(queue_->pong.data(), proto::Opcode::pong, payload.size());
  if (!payload.empty()) std::memcpy(queue_->pong.data() + header, payload.data(), payload.size());
  queue_->pong_bytes = static_cast<std::uint8_t>(header + payload.size());
  return false;
}

/// Both or, where memory cannot be had, neither: half a frame would spoil what follows.
void Output::enqueue(std::span<const std::byte> head, std::span<const std::byte> payload) {
  if (payload.size() > std::numeric_limits<std::size_t>::max() - head.size()) throw std::bad_alloc();
  auto made = queue_ == nullptr ? std::make_unique<Queue>() : nullptr;
  Queue& queue = made != nullptr ? *made : *queue_;
  queue.bytes.prepare(head.size() + payload.size());
  queue.bytes.append(head);
  queue.bytes.append(payload);
  if (made != nullptr) queue_ = std::move(made);
}

/// The batch so far and then these, at once: they are too large to be copied into it.
void Output::send_now(OutputBatch& batch, Transport& transport, std::span<const std::byte> head,
                      std::span<const std::byte> payload) {
  if (batch.belongs_to(*this) && batch.piece_count_ + 2 > OutputBatch::kMaxPieces) flush_batch(batch, transport);
  std::array<iovec, OutputBatch::kMaxPieces> pieces;
  std::size_t count = 0;
  if (batch.belongs_to(*this)) {
    count = batch.piece_count_;
    std::copy_n(batch.pieces_.begin(), count, pieces.begin());
  }
  pieces[count++] = piece_of(head);
  if (!payload.empty()) pieces[count++] = piece_of(payload);
  transmit_pieces(transport, std::span(pieces).first(count));
  if (batch.belongs_to(*this)) batch.clear();
}

void Output::flush_batch(OutputBatch& batch, Transport& transport) {
  if (batch.empty()) return;
  transmit_pieces(transport, std::span(batch.pieces_).first(batch.piece_count_));
  batch.clear();
}

/// Sends `pieces`; what the kernel does not take waits behind what waits already.
void Output::transmit_pieces(Transport& transport, std::span<iovec> pieces) {
  std::size_t sent = queue_ == nullptr ? transmit_some(transport, pieces) : 0;
  if (error_ != 0) return;
  try {
    for (const iovec& piece : pieces) {
      const std::span bytes(static_cast<const std::byte*>(piece.iov_base), piece.iov_len);
      const std::size_t skipped = std::min(sent, bytes.size());
      sent -= skipped;
      if (skipped < bytes.size()) enqueue(bytes.subspan(skipped), {});
    }
  } catch (const std::bad_alloc&) {
    fail(ENOMEM);  // a part of it is out: what would come next is no frame
  }
}

std::size_t Output::transmit_some(Transport& transport, std::span<iovec> pieces) {
  std::size_t size = 0;
  for (const iovec& piece : pieces) size += piece.iov_len;
  const IoResult result = transport.transmit(pieces);
  if (result.state == IoResult::State::failed) {
    fail(result.error);
    return 0;
  }
  // A short write has met the end of the kernel's buffer.
  blocked_ = result.bytes < size || transport.backlog_bytes() != 0;
  progress_ = progress_ || result.bytes != 0 || queue_ == nullptr;
  return result.bytes;
}

void Output::flush(Transport& transport) {
  const IoResult backlog = transport.flush_backlog();
  if (backlog.state == IoResult::State::failed) return fail(backlog.error);
  blocked_ = backlog.state == IoResult::State::would_block;
  progress_ = progress_ || backlog.bytes != 0;
  while (queue_ != nullptr && !blocked_ && error_ == 0) {
    iovec piece = piece_of(queue_->bytes.bytes());
    consumed(transmit_some(transport, {&piece, 1}));
  }
}

void Output::consumed(std::size_t size) {
  if (error_ != 0) return;
  Queue& queue = *queue_;
  queue.bytes.consume(size);
  queue.to_pong_end -= std::min(queue.to_pong_end, size);
  if (queue.to_pong_end == 0 && queue.pong_bytes != 0) {
    queue.bytes.append(std::span(queue.pong).first(queue.pong_bytes));
    queue.to_pong_end = queue.bytes.size();
    queue.pong_bytes = 0;
  }
  if (queue.bytes.empty()) queue_.reset();
}

void Output::fail(int error) {
  error_ = error;
  blocked_ = false;
  queue_.reset();
}

}  // namespace mote::net

#include "net/output.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <limits>
#include <new>
#include <utility>

#include "core/unmask.h"

namespace mote::net {
namespace {

iovec piece_of(std::span<const std::byte> bytes) {
  return {const_cast<std::byte*>(bytes.data()), bytes.size()};  // NOLINT: iovec is for reading and writing
}

}  // namespace

OutputBatch::OutputBatch(std::span<const std::byte> receive_buffer)
    : receive_begin_(receive_buffer.data()),
      receive_end_(receive_buffer.data() + receive_buffer.size()),
      copied_(std::make_unique_for_overwrite<std::byte[]>(kCopiedBytes + proto::kMaxHeaderBytes)) {
  clear();
}

bool OutputBatch::lies_in_receive_buffer(std::span<const std::byte> bytes) const {
  // std::less orders pointers into different objects.
  return !std::less<>{}(bytes.data(), receive_begin_) && std::less<>{}(bytes.data(), receive_end_);
}

/// False where it does not fit: then the batch has to be flushed first.
bool OutputBatch::append(std::span<const std::byte> head, std::span<const std::byte> payload) {
  const bool borrows = payload.size() >= kBorrowBytes && lies_in_receive_buffer(payload);
  if (!has_room(head.size() + (borrows ? 0 : payload.size()))) return false;
  if (borrows && piece_count_ + 3 > kMaxPieces) return false;  // what is copied before, this, and what comes behind
  end_ = std::copy(head.begin(), head.end(), end_);
  if (borrows) {
    borrow(payload);
  } else {
    end_ = std::copy(payload.begin(), payload.end(), end_);
  }
  return true;
}

/// The same with the payload masked on its way.
bool OutputBatch::append_masked(std::span<const std::byte> head, std::span<const std::byte> payload,
                                std::uint32_t key) {
  if (!has_room(head.size() + payload.size())) return false;
  end_ = std::copy(head.begin(), head.end(), end_);
  core::unmask_copy(end_, payload.data(), payload.size(), key);
  end_ += payload.size();
  return true;
}

void OutputBatch::borrow(std::span<const std::byte> payload) {
  close_run();
  pieces_[piece_count_++] = piece_of(payload);
  borrowed_bytes_ += payload.size();
  if (borrowed_bytes_ >= kFullBytes) limit_ = end_;
}

void OutputBatch::close_run() {
  if (end_ == run_) return;
  pieces_[piece_count_++] = piece_of({run_, end_});
  run_ = end_;
}

void OutputBatch::clear() {
  end_ = run_ = copied_.get();
  limit_ = end_ + kCopiedBytes;
  borrowed_bytes_ = piece_count_ = 0;
}

void OutputBatch::abandon(const Output& output) {
  if (!belongs_to(output)) return;
  clear();
  end();
}

bool Output::write(OutputBatch& batch, Transport& transport, std::span<const std::byte> head,
                   std::span<const std::byte> payload) {
  if (error_ != 0) return false;
  if (batch.belongs_to(*this)) {
    if (batch.append(head, payload)) return false;
    send_now(batch, transport, head, payload);
    return false;
  }
  if (queue_ == nullptr && payload.size() >= OutputBatch::kCopiedBytes) {
    send_now(batch, transport, head, payload);
    return false;
  }
  return queue(transport, head, payload);
}

bool Output::queue(Transport& transport, std::span<const std::byte> head, std::span<const std::byte> payload,
                   std::uint32_t key) {
  const std::size_t before = queued_bytes();
  enqueue(head, payload, key);
  if (blocked_) return false;
  if (before < OutputBatch::kFullBytes && queued_bytes() >= OutputBatch::kFullBytes) flush(transport);
  return !blocked_ && queue_ != nullptr;
}

bool Output::write_frame(OutputBatch& batch, Transport& transport, proto::Opcode opcode,
                         std::span<const std::byte> payload, proto::Coding coding) {
  std::array<std::byte, proto::kMaxHeaderBytes> header;
  const std::size_t size = proto::write_frame_header(header.data(), opcode, payload.size(), coding);
  return write(batch, transport, std::span(header).first(size), payload);
}

bool Output::write_masked_frame(OutputBatch& batch, Transport& transport, proto::Opcode opcode,
                                std::span<const std::byte> payload, proto::Coding coding, std::uint32_t key) {
  std::array<std::byte, proto::kMaxHeaderBytes> header;
  const std::size_t size = proto::write_masked_frame_header(header.data(), opcode, payload.size(), key, coding);
  return write_masked(batch, transport, std::span(header).first(size), payload, key);
}

/// What is too large for the batch goes out a batch at a time: it is masked there, and nowhere else.
bool Output::write_masked(OutputBatch& batch, Transport& transport, std::span<const std::byte> head,
                          std::span<const std::byte> payload, std::uint32_t key) {
  if (error_ != 0) return false;
  if (!batch.belongs_to(*this)) return queue(transport, head, payload, key);
  if (batch.append_masked(head, payload, key)) return false;
  flush_batch(batch, transport);
  while ((!head.empty() || !payload.empty()) && batch.belongs_to(*this)) {
    const auto part = payload.first(std::min(payload.size(), OutputBatch::kCopiedBytes - head.size()));
    batch.append_masked(head, part, key);
    flush_batch(batch, transport);
    head = {};
    payload = payload.subspan(part.size());
    key = core::rotate_key(key, part.size());
  }
  if ((head.empty() && payload.empty()) || error_ != 0) return false;
  try {
    enqueue(head, payload, key);
  } catch (const std::bad_alloc&) {
    if (!head.empty()) throw;
    fail(ENOMEM);  // a part of the frame is out
  }
  return false;
}

bool Output::write_pong(OutputBatch& batch, Transport& transport, std::span<const std::byte> payload,
                        std::optional<std::uint32_t> key) {
  if (queue_ == nullptr || queue_->to_pong_end == 0) {
    const bool waits =
        key ? write_masked_frame(batch, transport, proto::Opcode::pong, payload, proto::Coding::plain, *key)
            : write_frame(batch, transport, proto::Opcode::pong, payload);
    if (queue_ != nullptr) queue_->to_pong_end = queue_->bytes.size();
    return waits;
  }
  auto& pong = queue_->pong;
  if (pong == nullptr) pong = std::make_unique<PongFrame>();
  std::byte* const frame = pong->bytes.data();
  const std::size_t header = key ? proto::write_masked_frame_header(frame, proto::Opcode::pong, payload.size(), *key)
                                 : proto::write_frame_header(frame, proto::Opcode::pong, payload.size());
  core::unmask_copy(frame + header, payload.data(), payload.size(), key.value_or(0));
  pong->size = static_cast<std::uint8_t>(header + payload.size());
  return false;
}

/// Both or, where memory cannot be had, neither: half a frame would spoil what follows.
void Output::enqueue(std::span<const std::byte> head, std::span<const std::byte> payload, std::uint32_t key) {
  if (payload.size() > std::numeric_limits<std::size_t>::max() - head.size()) throw std::bad_alloc();
  auto made = queue_ == nullptr ? std::make_unique<Queue>() : nullptr;
  Queue& place = made != nullptr ? *made : *queue_;
  const std::span<std::byte> room = place.bytes.prepare(head.size() + payload.size());
  std::copy(head.begin(), head.end(), room.begin());
  core::unmask_copy(room.data() + head.size(), payload.data(), payload.size(), key);
  place.bytes.commit(head.size() + payload.size());
  if (made != nullptr) queue_ = std::move(made);
}

/// The batch so far and then these, at once: they are too large to be copied into it.
void Output::send_now(OutputBatch& batch, Transport& transport, std::span<const std::byte> head,
                      std::span<const std::byte> payload) {
  std::array<iovec, OutputBatch::kMaxPieces + 2> pieces;
  std::size_t count = 0;
  if (batch.belongs_to(*this)) {
    batch.close_run();
    count = batch.piece_count_;
    std::copy_n(batch.pieces_.begin(), count, pieces.begin());
  }
  pieces[count++] = piece_of(head);
  if (!payload.empty()) pieces[count++] = piece_of(payload);
  transmit_pieces(transport, std::span(pieces).first(count), batch.lent_);
  if (!batch.belongs_to(*this)) return;
  batch.clear();
  if (blocked_ || queue_ != nullptr || error_ != 0) batch.end();
}

void Output::send_batch(OutputBatch& batch, Transport& transport) {
  if (batch.piece_count_ == 0) {
    iovec piece = piece_of({batch.run_, batch.end_});
    batch.end_ = batch.run_;
    const IoResult result = transport.transmit({&piece, 1});
    if (took_all(result, piece.iov_len, transport)) [[likely]]
      return;
    keep_untaken(result, transport, piece);
  } else {
    batch.close_run();
    transmit_pieces(transport, std::span(batch.pieces_).first(batch.piece_count_));
    batch.clear();
  }
  if (blocked_ || queue_ != nullptr || error_ != 0) batch.end();
}

inline bool Output::took_all(const IoResult& result, std::size_t size, const Transport& transport) {
  if (result.bytes != size || transport.backlog_bytes() != 0) return false;
  blocked_ = false;
  return true;
}

void Output::keep_untaken(IoResult result, const Transport& transport, const iovec& piece) {
  const std::size_t sent = note_sent(result, transport, piece.iov_len);
  if (blocked_) keep_rest({&piece, 1}, sent, nullptr);
}

/// Sends `pieces`; what the kernel does not take waits behind what waits already.
void Output::transmit_pieces(Transport& transport, std::span<iovec> pieces, core::ByteBuffer* lent) {
  std::size_t size = 0;
  for (const iovec& piece : pieces) size += piece.iov_len;
  const std::size_t sent = queue_ == nullptr ? note_sent(transport.transmit(pieces), transport, size) : 0;
  if (blocked_ || queue_ != nullptr) keep_rest(pieces, sent, lent);  // else all of it was sent, or it failed
}

/// Answers how much was sent of `size` bytes.
std::size_t Output::note_sent(const IoResult& result, const Transport& transport, std::size_t size) {
  if (result.state == IoResult::State::failed) {
    fail(result.error);
    return 0;
  }
  // A short write has met the end of the kernel's buffer.
  blocked_ = result.bytes < size || transport.backlog_bytes() != 0;
  progress_ = progress_ || (blocked_ && (result.bytes != 0 || queue_ == nullptr));
  return result.bytes;
}

void Output::keep_rest(std::span<const iovec> pieces, std::size_t sent, core::ByteBuffer* lent) {
  try {
    for (const iovec& piece : pieces) {
      const std::span bytes(static_cast<const std::byte*>(piece.iov_base), piece.iov_len);
      const std::size_t skipped = std::min(sent, bytes.size());
      sent -= skipped;
      const auto rest = bytes.subspan(skipped);
      if (rest.empty() || (lent != nullptr && take_over(*lent, rest))) continue;
      enqueue(rest, {});
    }
  } catch (const std::bad_alloc&) {
    fail(ENOMEM);  // a part of it is out: what would come next is no frame
  }
}

/// False where `bytes` do not lie in that block, or something else has to go out before them.
bool Output::take_over(core::ByteBuffer& lent, std::span<const std::byte> bytes) {
  const auto whole = std::as_const(lent).bytes();
  const bool inside =
      !std::less<>{}(bytes.data(), whole.data()) && std::less<>{}(bytes.data(), whole.data() + whole.size());
  if (!inside || queue_ != nullptr) return false;
  queue_ = std::make_unique<Queue>();
  const auto before = static_cast<std::size_t>(bytes.data() - whole.data());
  queue_->block = std::move(lent);
  queue_->block.consume(before);
  queue_->block.drop_back(whole.size() - before - bytes.size());
  return true;
}

void Output::flush(Transport& transport) {
  const bool was_blocked = blocked_;
  const IoResult backlog = transport.flush_backlog();
  if (backlog.state == IoResult::State::failed) return fail(backlog.error);
  blocked_ = backlog.state == IoResult::State::would_block;
  progress_ = progress_ || (blocked_ && backlog.bytes != 0);
  while (queue_ != nullptr && !blocked_ && error_ == 0) {
    std::array<iovec, 2> pieces;
    std::size_t count = 0;
    if (!queue_->block.empty()) pieces[count++] = piece_of(queue_->block.bytes());
    if (!queue_->bytes.empty()) pieces[count++] = piece_of(queue_->bytes.bytes());
    consumed(note_sent(transport.transmit(std::span(pieces).first(count)), transport, queued_bytes()));
  }
  // Also where nothing was taken, the time for it to move begins when it is refused first.
  progress_ = progress_ || (blocked_ && !was_blocked);
}

void Output::consumed(std::size_t size) {
  if (error_ != 0) return;
  Queue& queue = *queue_;
  const std::size_t of_block = std::min(size, queue.block.size());
  if (of_block != 0) queue.block.consume(of_block);
  size -= of_block;
  if (size != 0) queue.bytes.consume(size);
  queue.to_pong_end -= std::min(queue.to_pong_end, size);
  if (queue.to_pong_end == 0) queue_pong();
  if (queue.block.empty() && queue.bytes.empty()) queue_.reset();
}

void Output::queue_pong() {
  if (queue_ == nullptr || queue_->pong == nullptr) return;
  queue_->bytes.append(std::span(queue_->pong->bytes).first(queue_->pong->size));
  queue_->to_pong_end = queue_->bytes.size();
  queue_->pong.reset();
}

void Output::fail(int error) {
  error_ = static_cast<std::uint16_t>(error);  // Linux has less than 200
  blocked_ = false;
  queue_.reset();
}

}  // namespace mote::net

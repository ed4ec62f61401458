#include "tests/fuzz/wire.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "tests/fuzz/input.h"

namespace mote::fuzz {
namespace {

ssize_t failed(int error) {
  errno = error;
  return -1;
}

}  // namespace

// ---- The peer's side

void Wire::say(std::string_view bytes) {
  if (finished() || closed_ || bytes.empty()) return;
  said_ += bytes;
  edge_ = true;
}

void Wire::finish() { finished_ = edge_ = true; }

void Wire::reset() { reset_ = edge_ = true; }

void Wire::make_room(std::size_t bytes) {
  edge_ = edge_ || room_ == 0;
  room_ += std::min(bytes, kMuchRoom);
}

// ---- The library's side

std::uint32_t Wire::readiness() const {
  if (reset_) return EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLERR | EPOLLHUP;
  std::uint32_t events = 0;
  if (waiting() != 0 || finished_) events |= EPOLLIN;
  if (finished_) events |= EPOLLRDHUP;
  if (finished_ && shut_) events |= EPOLLHUP;
  if (room_ != 0) events |= EPOLLOUT;
  return events;
}

bool Wire::take_edge() { return std::exchange(edge_, false); }

/// What a call fails with that could move something; 0: it does. Never twice in a row, so that there is an end to it.
int Wire::refusal(std::uint8_t choice) {
  const bool refuses = choice % 4 == 3 && !refused_;
  refused_ = refuses;
  if (!refuses) return 0;
  switch (choice / 4 % 16) {
    case 0:
      reset();
      return ECONNRESET;
    case 1:
    case 2:
    case 3:
    case 4:
      return EINTR;
    default:
      edge_ = true;  // it can a moment later
      return EAGAIN;
  }
}

/// At least 1 of those available. Less stands for the rest coming a moment later.
std::size_t Wire::moved_of(std::size_t available, std::uint8_t choice) {
  if (choice % 4 != 2 || small_moves_ == kMostSmallMoves) return available;
  ++small_moves_;
  return std::max<std::size_t>(available * (choice / 4) / 64, 1);
}

ssize_t Wire::receive(void* to, std::size_t size, bool peek) {
  check(size != 0);
  if (reset_) return std::exchange(reset_told_, true) ? 0 : failed(ECONNRESET);
  const std::size_t available = std::min(size, waiting());
  if (available == 0) return finished_ ? 0 : failed(EAGAIN);
  const std::uint8_t choice = choices_.next();
  if (const int error = refusal(choice); error != 0) return failed(error);
  const std::size_t moved = moved_of(available, choice);
  if (moved < available) edge_ = true;
  std::memcpy(to, said_.data() + received_, moved);
  if (!peek) received_ += moved;
  return static_cast<ssize_t>(moved);
}

/// A short write has met the end of the socket's room, which is there again at once or when the peer reads.
ssize_t Wire::send(const msghdr& message) {
  check(!shut_);
  if (reset_) return failed(EPIPE);
  const std::span pieces(message.msg_iov, message.msg_iovlen);
  std::size_t size = 0;
  for (const iovec& piece : pieces) size += piece.iov_len;
  check(size != 0);
  if (room_ == 0) return failed(EAGAIN);
  const std::uint8_t choice = choices_.next();
  if (const int error = refusal(choice); error != 0) return failed(error);
  const std::size_t moved = moved_of(std::min(size, room_), choice);
  room_ -= moved;
  if (moved < size) room_ = 0;
  if (room_ == 0 && choice < 128) make_room(kMuchRoom);
  std::size_t left = moved;
  for (const iovec& piece : pieces) {
    const std::size_t part = std::min(left, piece.iov_len);
    heard_.append(static_cast<const char*>(piece.iov_base), part);
    left -= part;
  }
  return static_cast<ssize_t>(moved);
}

int Wire::shut_down() {
  check(!shut_);
  shut_ = true;
  if (finished_) edge_ = true;
  return 0;
}

}  // namespace mote::fuzz

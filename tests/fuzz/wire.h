#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/fuzz/choices.h"

namespace mote::fuzz {

/// One TCP connection between a peer, who has its own methods here, and the library, whose system calls end here.
class Wire {
 public:
  Wire(Choices& choices, std::uint16_t port) : choices_(choices), port_(port) {}

  /// \name The peer's side
  /// @{
  void say(std::string_view bytes);
  void finish();
  void reset();
  /// Takes so many bytes more than it had taken; until then the library's socket is full.
  void make_room(std::size_t bytes);
  /// Takes nothing more until make_room.
  void stop_reading() { room_ = 0; }
  [[nodiscard]] const std::string& said() const { return said_; }
  [[nodiscard]] const std::string& heard() const { return heard_; }
  /// Whether the library has ended its side, in whatever way.
  [[nodiscard]] bool ended() const { return shut_ || closed_; }
  [[nodiscard]] bool finished() const { return finished_ || reset_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// @}

  /// \name The library's side; what a system call answers, with errno
  /// @{
  ssize_t receive(void* to, std::size_t size, bool peek);
  ssize_t send(const msghdr& message);
  int shut_down();
  void close() { closed_ = true; }
  /// EPOLLIN and so on, as it is now.
  [[nodiscard]] std::uint32_t readiness() const;
  /// Whether something has happened since the last call that epoll would report.
  bool take_edge();
  [[nodiscard]] bool has_edge() const { return edge_; }
  [[nodiscard]] int unacknowledged() const { return choices_.next(); }
  /// @}

 private:
  static constexpr std::size_t kMuchRoom = 1024 * 1024;
  static constexpr unsigned kMostSmallMoves = 300;

  [[nodiscard]] std::size_t moved_of(std::size_t available, std::uint8_t choice);
  int refusal(std::uint8_t choice);
  [[nodiscard]] std::size_t waiting() const { return said_.size() - received_; }

  Choices& choices_;
  std::uint16_t port_;
  std::string said_;
  std::size_t received_ = 0;
  std::string heard_;
  std::size_t room_ = kMuchRoom;
  unsigned small_moves_ = 0;
  bool finished_ = false;
  bool reset_ = false;
  bool reset_told_ = false;
  bool shut_ = false;
  bool closed_ = false;
  bool refused_ = false;  // the last time: the next time something moves
  bool edge_ = true;
};

}  // namespace mote::fuzz

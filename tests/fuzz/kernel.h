#pragma once

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <vector>

#include "tests/fuzz/choices.h"
#include "tests/fuzz/wire.h"

namespace mote::fuzz {

/// What goes on in the world while the library waits.
class Plot {
 public:
  /// Something happens; false where nothing will any more, unless the library does something.
  virtual bool step() = 0;

 protected:
  ~Plot() = default;
};

/// The system's calls as the library sees them while one of these lives: descriptors, sockets, epoll and the clock,
/// none of which the real kernel knows of. In what order events come, and what each call moves, is chosen by the input.
/// A wrong use of a descriptor ends the process.
class Kernel {
 public:
  Kernel(Choices& choices, Plot& plot);
  ~Kernel();
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  /// Null while there is none.
  static Kernel* present() noexcept;
  /// Whether that descriptor is one of these.
  static bool owns(int descriptor) noexcept { return descriptor >= kFirstDescriptor; }

  /// \name The world's side
  /// @{
  /// A client that waits to be accepted. Its port tells who it is.
  Wire& connect();
  void pass(std::int64_t milliseconds) { now_ms_ += milliseconds; }
  [[nodiscard]] std::int64_t now_ms() const { return now_ms_; }
  [[nodiscard]] std::size_t open_descriptors() const { return open_; }
  /// Whether nobody waits to be accepted, and all who were have been closed.
  [[nodiscard]] bool nobody_is_connected() const;
  /// @}

  /// \name The library's side, as the manual pages have it
  /// @{
  int socket() { return make(Kind::listener); }
  int epoll_create() { return make(Kind::epoll); }
  int eventfd() { return make(Kind::event); }
  int timerfd() { return make(Kind::alarm); }
  int set_alarm(int alarm, std::int64_t ms);
  int close(int descriptor);
  [[nodiscard]] bool has_backlog(int listener);
  int accept(int listener, sockaddr* address, socklen_t* size);
  int name(int socket, sockaddr* address, socklen_t* size) const;
  int control(int operation, int descriptor, const epoll_event* event);
  int wait(epoll_event* events, int most, int timeout_ms);
  ssize_t signal(int event);
  ssize_t receive(int socket, void* to, std::size_t size, bool peek) { return wire_of(socket).receive(to, size, peek); }
  ssize_t send(int socket, const msghdr& message) { return wire_of(socket).send(message); }
  int shut_down(int socket) { return wire_of(socket).shut_down(); }
  [[nodiscard]] int unacknowledged(int socket) const { return wire_of(socket).unacknowledged(); }
  /// @}

 private:
  enum class Kind : std::uint8_t { none, epoll, event, alarm, listener, connection };
  struct Entry {
    Kind kind = Kind::none;
    Wire* wire = nullptr;
    bool registered = false;
    bool edge = false;
    std::uint32_t mask = 0;
    epoll_data_t data{};
  };
  static constexpr int kFirstDescriptor = 1'000'000;
  static constexpr std::size_t kDescriptors = 64;
  static constexpr std::uint16_t kFirstPort = 1000;
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  static constexpr std::size_t kMostWaits = 200'000;

  int make(Kind kind, Wire* wire = nullptr);
  /// Of one that is open.
  [[nodiscard]] std::size_t place_of(int descriptor) const;
  Entry& entry(int descriptor) { return entries_[place_of(descriptor)]; }
  [[nodiscard]] Wire& wire_of(int socket) const;
  [[nodiscard]] std::uint32_t readiness(const Entry& entry) const;
  [[nodiscard]] bool is_pending(const Entry& entry) const;
  int report(epoll_event* events, int most);
  bool world_goes_on();
  [[nodiscard]] Entry* listener();

  Choices& choices_;
  Plot& plot_;
  std::array<Entry, kDescriptors> entries_{};
  std::vector<std::unique_ptr<Wire>> wires_;
  std::deque<Wire*> backlog_;
  std::int64_t now_ms_ = 1'000'000;
  std::int64_t alarm_ms_ = kNever;
  std::size_t open_ = 0;
  std::size_t waits_ = 0;
  bool refused_ = false;  // the last time
};

}  // namespace mote::fuzz

#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstddef>

namespace mote::fault {

/// What is registered with epoll, so that an edge can be had again: a call that was made to move less than it could, or
/// to find nothing, stands for bytes that come a little later, and those bring an edge.
class Edges {
 public:
  void added(int epoll, int descriptor, const epoll_event& event) noexcept;
  void gone(int descriptor) noexcept;
  /// Whatever is ready is reported once more.
  void repeat(int descriptor) noexcept;

 private:
  struct Registered {
    int epoll = -1;
    epoll_event event{};
  };
  static constexpr std::size_t kDescriptors = 256;

  Registered* find(int descriptor) noexcept;

  std::array<Registered, kDescriptors> registered_{};
};

Edges& edges() noexcept;

}  // namespace mote::fault

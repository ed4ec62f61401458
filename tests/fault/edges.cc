#include "tests/fault/edges.h"

#include "tests/fault/wraps.h"

namespace mote::fault {

Edges& edges() noexcept {
  static Edges instance;
  return instance;
}

Edges::Registered* Edges::find(int descriptor) noexcept {
  const auto place = static_cast<std::size_t>(descriptor);
  return descriptor >= 0 && place < kDescriptors ? &registered_[place] : nullptr;
}

void Edges::added(int epoll, int descriptor, const epoll_event& event) noexcept {
  if (Registered* const place = find(descriptor)) *place = {epoll, event};
}

void Edges::gone(int descriptor) noexcept {
  if (Registered* const place = find(descriptor)) place->epoll = -1;
}

void Edges::repeat(int descriptor) noexcept {
  Registered* const place = find(descriptor);
  if (place == nullptr || place->epoll < 0) return;
  epoll_event event = place->event;
  __real_epoll_ctl(place->epoll, EPOLL_CTL_MOD, descriptor, &event);
}

}  // namespace mote::fault

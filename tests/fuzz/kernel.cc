#include "tests/fuzz/kernel.h"

#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

#include "tests/fuzz/input.h"

namespace mote::fuzz {
namespace {

Kernel* the_kernel = nullptr;

int failed(int error) {
  errno = error;
  return -1;
}

int write_address(std::uint16_t port, sockaddr* address, socklen_t* size) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::memcpy(address, &v4, std::min<std::size_t>(sizeof v4, *size));
  *size = sizeof v4;
  return 0;
}

}  // namespace

Kernel::Kernel(Choices& choices, Plot& plot) : choices_(choices), plot_(plot) { the_kernel = this; }
Kernel::~Kernel() { the_kernel = nullptr; }
Kernel* Kernel::present() noexcept { return the_kernel; }

// ---- Descriptors: always the lowest number that is free, so that a late use of one meets its next owner

int Kernel::make(Kind kind, Wire* wire) {
  auto* const free = std::ranges::find(entries_, Kind::none, &Entry::kind);
  if (free == entries_.end()) return failed(EMFILE);
  *free = {.kind = kind, .wire = wire};
  ++open_;
  return kFirstDescriptor + static_cast<int>(free - entries_.begin());
}

std::size_t Kernel::place_of(int descriptor) const {
  const auto place = static_cast<std::size_t>(descriptor - kFirstDescriptor);
  check(owns(descriptor) && place < kDescriptors && entries_[place].kind != Kind::none);
  return place;
}

Wire& Kernel::wire_of(int socket) const {
  const Entry& of = entries_[place_of(socket)];
  check(of.kind == Kind::connection);
  return *of.wire;
}

int Kernel::close(int descriptor) {
  Entry& closed = entry(descriptor);
  if (closed.wire != nullptr) closed.wire->close();
  closed = {};
  --open_;
  return 0;
}

// ---- Connections

Kernel::Entry* Kernel::listener() {
  auto* const found = std::ranges::find(entries_, Kind::listener, &Entry::kind);
  return found != entries_.end() ? found : nullptr;
}

Wire& Kernel::connect() {
  wires_.push_back(std::make_unique<Wire>(choices_, static_cast<std::uint16_t>(kFirstPort + wires_.size())));
  Entry* const at = listener();
  if (at == nullptr) {
    wires_.back()->reset();
    wires_.back()->close();
  } else {
    backlog_.push_back(wires_.back().get());
    at->edge = true;
  }
  return *wires_.back();
}

bool Kernel::nobody_is_connected() const {
  return (backlog_.empty() || std::ranges::count(entries_, Kind::listener, &Entry::kind) == 0) &&
         std::ranges::count(entries_, Kind::connection, &Entry::kind) == 0;
}

bool Kernel::has_backlog(int listener) {
  check(entry(listener).kind == Kind::listener);
  return !backlog_.empty();
}

int Kernel::accept(int listener, sockaddr* address, socklen_t* size) {
  check(entry(listener).kind == Kind::listener);
  if (backlog_.empty()) return failed(EAGAIN);
  constexpr std::array kErrors = {EMFILE, ECONNABORTED, EINTR, ENOBUFS, EAGAIN};
  const std::uint8_t choice = choices_.next();
  refused_ = choice % 8 == 7 && !refused_;
  const int error = refused_ ? kErrors[choice / 8 % kErrors.size()] : 0;
  if (error == EAGAIN) entry(listener).edge = true;
  if (error != 0 && error != ECONNABORTED) return failed(error);
  Wire* const wire = backlog_.front();
  backlog_.pop_front();
  const int accepted = error == 0 ? make(Kind::connection, wire) : failed(error);
  if (accepted < 0) {
    wire->reset();
    wire->close();
    return failed(ECONNABORTED);
  }
  write_address(wire->port(), address, size);
  return accepted;
}

int Kernel::name(int socket, sockaddr* address, socklen_t* size) const {
  static_cast<void>(place_of(socket));
  return write_address(80, address, size);
}

// ---- epoll, edge-triggered as epoll(7) has it: once something happens, all that is ready is reported

int Kernel::control(int operation, int descriptor, const epoll_event* event) {
  Entry& of = entry(descriptor);
  check(of.registered == (operation != EPOLL_CTL_ADD));
  if (operation == EPOLL_CTL_DEL) {
    of.registered = false;
    return 0;
  }
  check(event != nullptr && (event->events & static_cast<std::uint32_t>(EPOLLET)) != 0);
  of.registered = of.edge = true;
  of.mask = event->events | EPOLLERR | EPOLLHUP;
  of.data = event->data;
  return 0;
}

ssize_t Kernel::signal(int event) {
  Entry& of = entry(event);
  check(of.kind == Kind::event);
  of.edge = true;
  return sizeof(std::uint64_t);
}

/// What it ends is a `wait` without a timeout, without an event.
int Kernel::set_alarm(int alarm, std::int64_t ms) {
  check(entry(alarm).kind == Kind::alarm);
  alarm_ms_ = ms;
  return 0;
}

std::uint32_t Kernel::readiness(const Entry& entry) const {
  switch (entry.kind) {
    case Kind::connection:
      return entry.wire->readiness() & entry.mask;
    case Kind::alarm:
      return 0;
    case Kind::listener:
      return backlog_.empty() ? std::uint32_t{0} : std::uint32_t{EPOLLIN};
    default:
      return EPOLLIN;
  }
}

bool Kernel::is_pending(const Entry& entry) const {
  const bool edge = entry.edge || (entry.wire != nullptr && entry.wire->has_edge());
  return entry.registered && edge && readiness(entry) != 0;
}

/// Begins with one or the other, and leaves some for the next time or none.
int Kernel::report(epoll_event* events, int most) {
  std::vector<Entry*> pending;
  for (Entry& of : entries_) {
    if (is_pending(of)) pending.push_back(&of);
  }
  if (pending.empty()) return 0;
  const std::uint8_t choice = choices_.next();
  std::rotate(pending.begin(), pending.begin() + choice % static_cast<std::ptrdiff_t>(pending.size()), pending.end());
  const std::size_t count = choice < 128 ? pending.size() : 1 + choice % pending.size();
  int reported = 0;
  for (Entry* const of : std::span(pending).first(std::min(count, static_cast<std::size_t>(most)))) {
    epoll_event& event = events[reported++];
    event.events = readiness(*of);
    event.data = of->data;
    of->edge = false;
    if (of->wire != nullptr) of->wire->take_edge();
  }
  return reported;
}

bool Kernel::world_goes_on() { return plot_.step(); }

int Kernel::wait(epoll_event* events, int most, int timeout_ms) {
  check(++waits_ < kMostWaits);  // else the library spins
  const std::int64_t until = timeout_ms < 0 ? alarm_ms_ : now_ms_ + timeout_ms;
  // The world does not wait until the library is idle.
  if (choices_.next() % 2 != 0) world_goes_on();
  for (;;) {
    if (const int count = report(events, most); count != 0) return count;
    if (now_ms_ >= until) {
      if (timeout_ms < 0) alarm_ms_ = kNever;
      return 0;
    }
    if (world_goes_on()) continue;
    check(until != kNever);  // else nothing will ever happen any more
    now_ms_ = until;
  }
}

}  // namespace mote::fuzz

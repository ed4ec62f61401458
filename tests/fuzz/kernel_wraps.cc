// What the linker's --wrap makes of the library's calls: `__wrap_NAME` in place of NAME. Those of a thread without a
// Kernel, and of the program itself, go to the real one.

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <cstdarg>
#include <cstdint>
#include <cstring>
#include <ctime>

#include "tests/fuzz/input.h"
#include "tests/fuzz/kernel.h"

using mote::fuzz::check;
using mote::fuzz::Kernel;

// The names are the linker's.
// NOLINTBEGIN(readability-identifier-naming, readability-inconsistent-declaration-parameter-name)
extern "C" {

int __real_accept4(int, sockaddr*, socklen_t*, int);
int __real_bind(int, const sockaddr*, socklen_t);
int __real_clock_gettime(clockid_t, timespec*);
int __real_close(int);
int __real_epoll_create1(int);
int __real_epoll_ctl(int, int, int, epoll_event*);
int __real_epoll_wait(int, epoll_event*, int, int);
int __real_eventfd(unsigned, int);
ssize_t __real_getrandom(void*, std::size_t, unsigned);
int __real_getsockname(int, sockaddr*, socklen_t*);
int __real_ioctl(int, unsigned long, ...);
int __real_listen(int, int);
int __real_poll(pollfd*, nfds_t, int);
ssize_t __real_recv(int, void*, std::size_t, int);
ssize_t __real_send(int, const void*, std::size_t, int);
ssize_t __real_sendmsg(int, const msghdr*, int);
int __real_setsockopt(int, int, int, const void*, socklen_t);
int __real_shutdown(int, int);
int __real_socket(int, int, int);
int __real_timerfd_create(int, int);
int __real_timerfd_settime(int, int, const itimerspec*, itimerspec*);
ssize_t __real_write(int, const void*, std::size_t);
std::int64_t __real__ZNSt6chrono3_V212steady_clock3nowEv();

// ---- Descriptors

int __wrap_socket(int family, int type, int protocol) {
  Kernel* const kernel = Kernel::present();
  return kernel != nullptr ? kernel->socket() : __real_socket(family, type, protocol);
}

int __wrap_epoll_create1(int flags) {
  Kernel* const kernel = Kernel::present();
  return kernel != nullptr ? kernel->epoll_create() : __real_epoll_create1(flags);
}

int __wrap_eventfd(unsigned value, int flags) {
  Kernel* const kernel = Kernel::present();
  return kernel != nullptr ? kernel->eventfd() : __real_eventfd(value, flags);
}

int __wrap_timerfd_create(int clock, int flags) {
  Kernel* const kernel = Kernel::present();
  return kernel != nullptr ? kernel->timerfd() : __real_timerfd_create(clock, flags);
}

int __wrap_timerfd_settime(int timer, int flags, const itimerspec* when, itimerspec* before) {
  if (!Kernel::owns(timer)) return __real_timerfd_settime(timer, flags, when, before);
  check(flags == TFD_TIMER_ABSTIME);
  return Kernel::present()->set_alarm(timer, when->it_value.tv_sec * 1000 + when->it_value.tv_nsec / 1'000'000);
}

int __wrap_close(int descriptor) {
  return Kernel::owns(descriptor) ? Kernel::present()->close(descriptor) : __real_close(descriptor);
}

ssize_t __wrap_write(int descriptor, const void* from, std::size_t size) {
  return Kernel::owns(descriptor) ? Kernel::present()->signal(descriptor) : __real_write(descriptor, from, size);
}

// ---- Sockets

int __wrap_bind(int socket, const sockaddr* address, socklen_t size) {
  return Kernel::owns(socket) ? 0 : __real_bind(socket, address, size);
}

int __wrap_listen(int socket, int backlog) { return Kernel::owns(socket) ? 0 : __real_listen(socket, backlog); }

int __wrap_setsockopt(int socket, int level, int name, const void* value, socklen_t size) {
  return Kernel::owns(socket) ? 0 : __real_setsockopt(socket, level, name, value, size);
}

int __wrap_getsockname(int socket, sockaddr* address, socklen_t* size) {
  return Kernel::owns(socket) ? Kernel::present()->name(socket, address, size)
                              : __real_getsockname(socket, address, size);
}

int __wrap_accept4(int socket, sockaddr* address, socklen_t* size, int flags) {
  if (!Kernel::owns(socket)) return __real_accept4(socket, address, size, flags);
  check((flags & SOCK_NONBLOCK) != 0);
  return Kernel::present()->accept(socket, address, size);
}

int __wrap_poll(pollfd* descriptors, nfds_t count, int timeout_ms) {
  if (count == 0 || !Kernel::owns(descriptors->fd)) return __real_poll(descriptors, count, timeout_ms);
  check(count == 1 && descriptors->events == POLLIN && timeout_ms == 0);
  return Kernel::present()->has_backlog(descriptors->fd) ? 1 : 0;
}

ssize_t __wrap_recv(int socket, void* to, std::size_t size, int flags) {
  if (!Kernel::owns(socket)) return __real_recv(socket, to, size, flags);
  return Kernel::present()->receive(socket, to, size, (flags & MSG_PEEK) != 0);
}

ssize_t __wrap_sendmsg(int socket, const msghdr* message, int flags) {
  if (!Kernel::owns(socket)) return __real_sendmsg(socket, message, flags);
  check((flags & MSG_NOSIGNAL) != 0);
  return Kernel::present()->send(socket, *message);
}

ssize_t __wrap_send(int socket, const void* from, std::size_t size, int flags) {
  if (!Kernel::owns(socket)) return __real_send(socket, from, size, flags);
  // sendmsg(2) reads it only.
  iovec piece{const_cast<void*>(from), size};  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  return __wrap_sendmsg(socket, &message, flags);
}

int __wrap_shutdown(int socket, int how) {
  return Kernel::owns(socket) ? Kernel::present()->shut_down(socket) : __real_shutdown(socket, how);
}

int __wrap_ioctl(int descriptor, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  void* const argument = va_arg(list, void*);
  va_end(list);
  if (!Kernel::owns(descriptor)) return __real_ioctl(descriptor, request, argument);
  *static_cast<int*>(argument) = Kernel::present()->unacknowledged(descriptor);
  return 0;
}

// ---- epoll

int __wrap_epoll_ctl(int epoll, int operation, int descriptor, epoll_event* event) {
  return Kernel::owns(epoll) ? Kernel::present()->control(operation, descriptor, event)
                             : __real_epoll_ctl(epoll, operation, descriptor, event);
}

int __wrap_epoll_wait(int epoll, epoll_event* events, int most, int timeout_ms) {
  return Kernel::owns(epoll) ? Kernel::present()->wait(events, most, timeout_ms)
                             : __real_epoll_wait(epoll, events, most, timeout_ms);
}

// ---- Time and chance

int __wrap_clock_gettime(clockid_t clock, timespec* time) {
  const Kernel* const kernel = Kernel::present();
  if (kernel == nullptr) return __real_clock_gettime(clock, time);
  *time = {kernel->now_ms() / 1000, kernel->now_ms() % 1000 * 1'000'000};
  return 0;
}

std::int64_t __wrap__ZNSt6chrono3_V212steady_clock3nowEv() {
  const Kernel* const kernel = Kernel::present();
  return kernel != nullptr ? kernel->now_ms() * 1'000'000 : __real__ZNSt6chrono3_V212steady_clock3nowEv();
}

/// Always the same octets: what is random is nobody's choice.
ssize_t __wrap_getrandom(void* to, std::size_t size, unsigned flags) {
  if (Kernel::present() == nullptr) return __real_getrandom(to, size, flags);
  std::memset(to, 0x5A, size);
  return static_cast<ssize_t>(size);
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming, readability-inconsistent-declaration-parameter-name)

#include "tests/fault/wraps.h"

#include <netdb.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string_view>
#include <system_error>
#include <thread>

#include "tests/fault/edges.h"
#include "tests/fault/injector.h"
#include "tests/fault/world.h"

using mote::fault::Call;
using mote::fault::edges;
using mote::fault::injector;
using mote::fault::World;
namespace effect = mote::fault::effect;

namespace {

std::atomic<unsigned> refills{0};
std::atomic<bool> thread_started{false};

/// A folder has a link for each folder in it, and two of its own: here one for each thread.
nlink_t threads_of_process() {
  struct stat status {};
  return ::stat("/proc/self/task", &status) == 0 ? status.st_nlink - 2 : 1;
}

/// Of the program's own: a sanitizer may start one, too, with the first of others.
nlink_t own_threads() {
  std::thread([] {}).join();
  nlink_t fewest = threads_of_process();
  for (int i = 0; i < 200; ++i) {  // one that was joined may be there for a moment
    std::this_thread::yield();
    fewest = std::min(fewest, threads_of_process());
  }
  return fewest;
}

const nlink_t threads_at_first = own_threads();

/// What a system call answers that fails.
int failed(int error) {
  errno = error;
  return -1;
}

/// A call that ends before it has begun, or does what it does.
template <class Real>
auto plain(Call call, Real real) {
  const int fault = injector().use(call);
  return fault == effect::none ? real() : static_cast<decltype(real())>(failed(fault));
}
template <class Real>
auto plain(Call call, int descriptor, Real real) {
  const int fault = injector().use(call, descriptor);
  return fault == effect::none ? real() : static_cast<decltype(real())>(failed(fault));
}

/// Those whom the server had before anything failed are to notice nothing.
int owned(int descriptor) {
  if (descriptor >= 0) injector().spare(descriptor, !injector().armed());
  return descriptor;
}

bool is_file(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

/// Of a file that was written: the last byte.
void lose_the_end(int descriptor) {
  const off_t size = ::lseek(descriptor, 0, SEEK_END);
  if (size > 0 && ::ftruncate(descriptor, size - 1) != 0) std::abort();
}

bool is_short(int fault) { return fault == effect::one_byte; }
/// Nothing moves now, and will a little later.
bool comes_later(int fault) { return fault == EAGAIN || fault == effect::one_byte; }

}  // namespace

unsigned mote::fault::random_refills() noexcept { return refills; }
bool mote::fault::other_threads_work() noexcept { return thread_started && threads_of_process() > threads_at_first; }
void mote::fault::forget_threads() noexcept { thread_started = false; }

// The names are the linker's.
// NOLINTBEGIN(readability-identifier-naming, readability-inconsistent-declaration-parameter-name)
extern "C" {

int __real_accept4(int, sockaddr*, socklen_t*, int);
int __real_bind(int, const sockaddr*, socklen_t);
int __real_clock_gettime(clockid_t, timespec*);
int __real_close(int);
int __real_connect(int, const sockaddr*, socklen_t);
int __real_epoll_create1(int);
int __real_eventfd(unsigned, int);
int __real_ferror(FILE*);
FILE* __real_fopen(const char*, const char*);
std::size_t __real_fread(void*, std::size_t, std::size_t, FILE*);
int __real_getaddrinfo(const char*, const char*, const addrinfo*, addrinfo**);
ssize_t __real_getrandom(void*, std::size_t, unsigned);
int __real_getrlimit(__rlimit_resource_t, rlimit*);
int __real_getsockname(int, sockaddr*, socklen_t*);
int __real_getsockopt(int, int, int, void*, socklen_t*);
int __real_ioctl(int, unsigned long, ...);
int __real_listen(int, int);
int __real_lstat(const char*, struct stat*);
int __real_open(const char*, int, ...);
int __real_poll(pollfd*, nfds_t, int);
ssize_t __real_recv(int, void*, std::size_t, int);
ssize_t __real_send(int, const void*, std::size_t, int);
ssize_t __real_sendmsg(int, const msghdr*, int);
int __real_setsockopt(int, int, int, const void*, socklen_t);
int __real_shutdown(int, int);
int __real_socket(int, int, int);
int __real_timerfd_create(int, int);
int __real_timerfd_settime(int, int, const itimerspec*, itimerspec*);
int __real_unlink(const char*);
ssize_t __real_write(int, const void*, std::size_t);
std::int64_t __real__ZNSt6chrono3_V212steady_clock3nowEv();
void __real__ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE(void*, void*,
                                                                                                  void (*)());

namespace {

/// The one name that there is in the world is this machine's; nobody else is asked.
int look_up(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
  addrinfo numeric = *hints;
  numeric.ai_flags |= AI_NUMERICHOST;
  const int error = __real_getaddrinfo(host, service, &numeric, found);
  const bool known = error != 0 && hints->ai_flags != numeric.ai_flags && std::string_view(host) == "far.example";
  return known ? __real_getaddrinfo("127.0.0.1", service, &numeric, found) : error;
}

}  // namespace

// ---- Descriptors

int __wrap_socket(int family, int type, int protocol) {
  return owned(plain(Call::socket, [&] { return __real_socket(family, type, protocol); }));
}

int __wrap_epoll_create1(int flags) {
  return owned(plain(Call::epoll_create1, [&] { return __real_epoll_create1(flags); }));
}

int __wrap_eventfd(unsigned value, int flags) {
  return owned(plain(Call::eventfd, [&] { return __real_eventfd(value, flags); }));
}

int __wrap_timerfd_create(int clock, int flags) {
  return owned(plain(Call::timerfd_create, [&] { return __real_timerfd_create(clock, flags); }));
}

int __wrap_timerfd_settime(int timer, int flags, const itimerspec* when, itimerspec* before) {
  World* const world = World::present();
  return plain(Call::timerfd_settime, [&] {
    return world != nullptr ? world->set_alarm(*when) : __real_timerfd_settime(timer, flags, when, before);
  });
}

/// Closed it is in any case (close(2)); but that what was written could not be kept may be told only now.
int __wrap_close(int descriptor) {
  const int fault = injector().use(Call::close, descriptor);
  if (fault != effect::none && fault != EINTR && is_file(descriptor)) lose_the_end(descriptor);
  edges().gone(descriptor);
  injector().spare(descriptor, false);
  const int result = __real_close(descriptor);
  return fault == effect::none ? result : failed(fault);
}

// ---- Sockets

int __wrap_bind(int socket, const sockaddr* address, socklen_t size) {
  return plain(Call::bind, [&] { return __real_bind(socket, address, size); });
}

int __wrap_listen(int socket, int backlog) {
  return plain(Call::listen, [&] { return __real_listen(socket, backlog); });
}

int __wrap_accept4(int socket, sockaddr* address, socklen_t* size, int flags) {
  const int fault = injector().use(Call::accept4);
  if (fault == EAGAIN || fault == EINTR || fault == EMFILE || fault == ENFILE || fault == ENOBUFS || fault == ENOMEM) {
    if (fault == EAGAIN) edges().repeat(socket);
    return failed(fault);  // whoever waits in the backlog still does
  }
  const int accepted = __real_accept4(socket, address, size, flags);
  if (fault == effect::none || accepted < 0) return accepted < 0 ? accepted : owned(accepted);
  __real_close(accepted);  // it is that client whom it has cost
  return failed(fault);
}

int __wrap_poll(pollfd* descriptors, nfds_t count, int timeout_ms) {
  return plain(Call::poll, [&] { return __real_poll(descriptors, count, timeout_ms); });
}

/// An interrupted one goes on all the same (connect(2)).
int __wrap_connect(int socket, const sockaddr* address, socklen_t size) {
  const int fault = injector().use(Call::connect, socket);
  if (fault == EINTR) __real_connect(socket, address, size);
  return fault == effect::none ? __real_connect(socket, address, size) : failed(fault);
}

ssize_t __wrap_recv(int socket, void* to, std::size_t size, int flags) {
  const int fault = injector().use(Call::recv, socket);
  if (comes_later(fault)) edges().repeat(socket);
  if (fault == effect::none) return __real_recv(socket, to, size, flags);
  if (is_short(fault)) return __real_recv(socket, to, std::min<std::size_t>(size, 1), flags);
  return fault == effect::end ? 0 : failed(fault);
}

ssize_t __wrap_send(int socket, const void* from, std::size_t size, int flags) {
  const int fault = injector().use(Call::send, socket);
  if (comes_later(fault)) edges().repeat(socket);
  if (fault == effect::none) return __real_send(socket, from, size, flags);
  return is_short(fault) ? __real_send(socket, from, std::min<std::size_t>(size, 1), flags) : failed(fault);
}

ssize_t __wrap_sendmsg(int socket, const msghdr* message, int flags) {
  const int fault = injector().use(Call::sendmsg, socket);
  if (comes_later(fault)) edges().repeat(socket);
  if (fault == effect::none) return __real_sendmsg(socket, message, flags);
  if (!is_short(fault)) return failed(fault);
  const iovec* piece = message->msg_iov;
  while (piece->iov_len == 0) ++piece;
  return __real_send(socket, piece->iov_base, 1, flags);
}

int __wrap_shutdown(int socket, int how) {
  return plain(Call::shutdown, socket, [&] { return __real_shutdown(socket, how); });
}

int __wrap_setsockopt(int socket, int level, int name, const void* value, socklen_t size) {
  return plain(Call::setsockopt, socket, [&] { return __real_setsockopt(socket, level, name, value, size); });
}

int __wrap_getsockopt(int socket, int level, int name, void* value, socklen_t* size) {
  return plain(Call::getsockopt, socket, [&] { return __real_getsockopt(socket, level, name, value, size); });
}

int __wrap_getsockname(int socket, sockaddr* address, socklen_t* size) {
  return plain(Call::getsockname, socket, [&] { return __real_getsockname(socket, address, size); });
}

int __wrap_ioctl(int descriptor, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  void* const argument = va_arg(list, void*);
  va_end(list);
  return plain(Call::ioctl, descriptor, [&] { return __real_ioctl(descriptor, request, argument); });
}

// ---- epoll and its eventfd

int __wrap_epoll_ctl(int epoll, int operation, int descriptor, epoll_event* event) {
  if (operation != EPOLL_CTL_ADD) {
    edges().gone(descriptor);
    return __real_epoll_ctl(epoll, operation, descriptor, event);
  }
  const int fault = injector().use(Call::epoll_ctl, descriptor);
  if (fault != effect::none) return failed(fault);
  edges().added(epoll, descriptor, *event);
  return __real_epoll_ctl(epoll, operation, descriptor, event);
}

int __wrap_epoll_wait(int epoll, epoll_event* events, int most, int timeout_ms) {
  World* const world = World::present();
  if (world == nullptr) return __real_epoll_wait(epoll, events, most, timeout_ms);
  const int fault = injector().use(Call::epoll_wait);
  return fault == effect::none ? world->wait(epoll, events, most, timeout_ms) : failed(fault);
}

/// A thread is woken, or a file is written.
ssize_t __wrap_write(int descriptor, const void* from, std::size_t size) {
  if (!is_file(descriptor)) return plain(Call::write, [&] { return __real_write(descriptor, from, size); });
  const int fault = injector().use(Call::write_file);
  if (fault == effect::none) return __real_write(descriptor, from, size);
  return is_short(fault) ? __real_write(descriptor, from, std::min<std::size_t>(size, 1)) : failed(fault);
}

// ---- Time and chance

int __wrap_clock_gettime(clockid_t clock, timespec* time) {
  const World* const world = World::present();
  if (world == nullptr) return __real_clock_gettime(clock, time);
  *time = world->time();
  return 0;
}

std::int64_t __wrap__ZNSt6chrono3_V212steady_clock3nowEv() {
  const World* const world = World::present();
  if (world == nullptr) return __real__ZNSt6chrono3_V212steady_clock3nowEv();
  return world->nanoseconds();
}

ssize_t __wrap_getrandom(void* to, std::size_t size, unsigned flags) {
  ++refills;
  return plain(Call::getrandom, [&] { return __real_getrandom(to, size, flags); });
}

// ---- The rest of the system

int __wrap_getrlimit(__rlimit_resource_t resource, rlimit* limit) {
  return plain(Call::getrlimit, [&] { return __real_getrlimit(resource, limit); });
}

int __wrap_lstat(const char* file, struct stat* status) {
  return plain(Call::lstat, [&] { return __real_lstat(file, status); });
}

int __wrap_open(const char* file, int flags, mode_t mode) {
  return owned(plain(Call::open, [&] { return __real_open(file, flags, mode); }));
}

int __wrap_unlink(const char* file) {
  return plain(Call::unlink, [&] { return __real_unlink(file); });
}

int __wrap_getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
  const int fault = injector().use(Call::getaddrinfo);
  if (fault == effect::none) return look_up(host, service, hints, found);
  errno = ENOMEM;  // of EAI_SYSTEM
  return effect::resolver - fault;
}

FILE* __wrap_fopen(const char* file, const char* mode) {
  const int fault = injector().use(Call::fopen);
  if (fault == effect::none) return __real_fopen(file, mode);
  errno = fault;
  return nullptr;
}

std::size_t __wrap_fread(void* to, std::size_t size, std::size_t count, FILE* file) {
  const int fault = injector().use(Call::fread);
  if (fault == effect::none) return __real_fread(to, size, count, file);
  errno = fault;
  return 0;
}

int __wrap_ferror(FILE* file) {
  const int fault = injector().use(Call::ferror);
  if (fault == effect::none) return __real_ferror(file);
  errno = fault;
  return 1;
}

void __wrap__ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE(void* self,
                                                                                                  void* state,
                                                                                                  void (*depend)()) {
  const int fault = injector().use(Call::thread);
  if (fault != effect::none) throw std::system_error(fault, std::generic_category(), "a thread");
  thread_started = true;
  __real__ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE(self, state, depend);
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming, readability-inconsistent-declaration-parameter-name)

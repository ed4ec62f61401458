#pragma once

#include <sys/epoll.h>

// What the linker's --wrap makes of the library's calls: `__wrap_NAME`, in wraps.cc, in place of NAME, which is to be
// had as `__real_NAME`.
extern "C" {
int __real_epoll_ctl(int epoll, int operation, int descriptor, epoll_event* event);
int __real_epoll_wait(int epoll, epoll_event* events, int most, int timeout_ms);
}

namespace mote::fault {

/// How often getrandom was called, by anybody.
unsigned random_refills() noexcept;

/// Whether a thread that was started since the last call of forget_threads() may still be at work.
bool other_threads_work() noexcept;
void forget_threads() noexcept;

}  // namespace mote::fault

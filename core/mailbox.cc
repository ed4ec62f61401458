#include "core/mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

namespace mote::core {

Mailbox::Mailbox() : descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Mailbox::~Mailbox() { ::close(descriptor_); }

bool Mailbox::post(Task task) {
  bool first = false;
  {
    const std::scoped_lock lock(mutex_);
    if (closed_) return false;
    first = tasks_.empty();  // otherwise somebody has woken the reactor, and it has not looked yet
    tasks_.push_back(std::move(task));
  }
  if (first) wake();
  return true;
}

void Mailbox::wake() noexcept {
  const int error = errno;  // a signal handler must leave it alone
  const std::uint64_t one = 1;
  // EAGAIN means that the counter is at its end: the eventfd is ready as it is.
  while (::write(descriptor_, &one, sizeof one) < 0 && errno == EINTR) {
  }
  errno = error;
}

std::vector<Mailbox::Task> Mailbox::take() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(tasks_, {});
}

void Mailbox::close() {
  std::vector<Task> abandoned;  // destroyed without the lock: a task may own something that posts
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    abandoned.swap(tasks_);
  }
}

}  // namespace mote::core

#include "tests/fault/world.h"

#include <algorithm>
#include <atomic>

#include "tests/fault/injector.h"
#include "tests/fault/wraps.h"

namespace mote::fault {
namespace {

std::atomic<World*> the_world{nullptr};

}  // namespace

World::World(Director& director, int patience_ms) : director_(director), patience_ms_(patience_ms) {
  the_world = this;
  forget_threads();
}
World::~World() { the_world = nullptr; }
World* World::present() noexcept { return the_world.load(std::memory_order_relaxed); }

bool World::leap(std::int64_t until_ms) {
  const std::int64_t next = std::min(director_.next_deadline_ms(), until_ms);
  if (next == Director::kNever) return false;
  now_ms_ = std::max(now_ms_, next);
  return true;
}

int World::set_alarm(const itimerspec& when) {
  alarm_ms_ = when.it_value.tv_sec * 1000 + when.it_value.tv_nsec / 1'000'000;
  return 0;
}

int World::wait(int epoll, epoll_event* events, int most, int timeout_ms) {
  const Suspended suspended;
  if (++waits_ > kMostWaits) {
    waits_ = 0;
    director_.spins();
  }
  const std::int64_t until = timeout_ms < 0 ? alarm_ms_ : now_ms_ + timeout_ms;
  for (;;) {
    int count = __real_epoll_wait(epoll, events, most, 0);
    if (count != 0) return count;
    if (director_.step()) continue;
    if (now_ms_ >= until) {
      if (timeout_ms < 0) alarm_ms_ = Director::kNever;
      return 0;
    }
    const bool threads = other_threads_work();
    if (threads || patience_ms_ != 0) {
      count = __real_epoll_wait(epoll, events, most, threads ? 1 : patience_ms_);
      if (count != 0) return count;
      if (director_.step() || threads) continue;
    }
    if (director_.advance()) continue;
    if (!leap(until)) director_.stuck();
  }
}

}  // namespace mote::fault

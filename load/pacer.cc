#include "load/pacer.h"

#include <sys/prctl.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "load/clock.h"

namespace mote::load {
namespace {

/// At higher rates each wake-up is for several messages: waking costs more than a message does.
constexpr std::int64_t kShortestSleepNs = 100'000;

/// The steady clock is the monotonic one.
std::chrono::steady_clock::time_point time_point(std::int64_t ns) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(ns));
}

}  // namespace

Pacer::Pacer(Client& client, std::function<void()> send_due)
    : client_(client),
      send_due_(std::make_shared<std::function<void()>>(std::move(send_due))),
      waiting_(std::make_shared<std::atomic<bool>>(false)) {}

void Pacer::start(const Schedule& schedule) {
  thread_ = std::thread([this, schedule] { run(schedule); });
}

void Pacer::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  news_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Pacer::run(const Schedule& schedule) {
  ::prctl(PR_SET_TIMERSLACK, 1);  // nanoseconds; the usual slack is 50 microseconds
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const std::int64_t now = now_ns();
    const std::int64_t next = std::max(schedule.due(schedule.count_by(now)), now + kShortestSleepNs);
    if (!news_.wait_until(lock, time_point(next), [this] { return stopping_; })) wake_client();
  }
}

void Pacer::wake_client() {
  if (waiting_->exchange(true)) return;
  client_.post([send_due = send_due_, waiting = waiting_] {
    waiting->store(false);
    (*send_due)();
  });
}

}  // namespace mote::load

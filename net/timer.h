#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <utility>

#include <mote/callback.h>

#include "core/reactor.h"

namespace mote::net {

/// Longer than any process lives, and so far from the end of the type that sums of a few do not overflow.
inline constexpr std::chrono::milliseconds kAges = std::chrono::hours(24 * 365 * 1000);

/// Calls `task` once it was armed, and again every `period` where that is not zero. `task` must not throw.
class Timer final : public core::Source {
 public:
  Timer(core::Reactor& reactor, std::chrono::milliseconds period, Callback<void()> task)
      : reactor_(reactor), period_(std::min(period, kAges)), task_(std::move(task)) {}

  /// For the user's tasks. Throws std::invalid_argument for a period below 1 ms.
  static std::unique_ptr<Timer> periodic(core::Reactor& reactor, std::chrono::milliseconds period,
                                         Callback<void()> task) {
    if (period.count() < 1) throw std::invalid_argument("every: the period must be at least 1 ms");
    return std::make_unique<Timer>(reactor, period, std::move(task));
  }

  /// Arms it for the first time, a period from now. Right after it was added to the reactor.
  void start() {
    reactor_.arm(*this, period_);  // before `now`, which this brings up to date outside of a turn
    next_ = reactor_.now() + period_;
  }

 private:
  void on_events(std::uint32_t) override {}
  void on_timer() override {
    if (period_.count() != 0) {
      // From due time to due time, so that lateness does not add up; but what was missed is not made up for.
      next_ += period_;
      if (next_ <= reactor_.now()) next_ = reactor_.now() + period_;
      reactor_.arm(*this, next_ - reactor_.now());
    }
    task_();
  }

  core::Reactor& reactor_;
  std::chrono::milliseconds period_;
  std::chrono::milliseconds next_{0};
  Callback<void()> task_;
};

}  // namespace mote::net

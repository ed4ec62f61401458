#pragma once

#include <algorithm>
#include <chrono>
#include <utility>

#include <mote/callback.h>

#include "core/reactor.h"

namespace mote::net {

/// Calls `task` once it was armed, and again every `period` where that is not zero. `task` must not throw.
class Timer final : public core::Source {
 public:
  Timer(core::Reactor& reactor, std::chrono::milliseconds period, Callback<void()> task)
      : reactor_(reactor), period_(period), next_(reactor.now() + period), task_(std::move(task)) {}

 private:
  void on_events(std::uint32_t) override {}
  void on_timer() override {
    if (period_.count() != 0) {
      // From due time to due time, so that lateness does not add up; but what was missed is not made up for.
      next_ = std::max(next_ + period_, reactor_.now() + std::chrono::milliseconds(1));
      reactor_.arm(*this, next_ - reactor_.now());
    }
    task_();
  }

  core::Reactor& reactor_;
  std::chrono::milliseconds period_;
  std::chrono::milliseconds next_;
  Callback<void()> task_;
};

}  // namespace mote::net

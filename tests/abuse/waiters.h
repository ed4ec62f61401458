#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "tests/abuse/clock.h"
#include "tests/abuse/crowd.h"
#include "tests/abuse/report.h"

namespace mote::abuse {

/// Clients that have a small message echoed in turn, evenly spread over a period, and how long each had to wait.
class Waiters {
 public:
  explicit Waiters(Crowd& crowd) : crowd_(crowd) {
    crowd_.events.echoed = [this](Crowd::Id id) { echoed(id); };
    crowd_.for_each_open([this](Crowd::Id id) { ids_.push_back(id); });
    sent_.resize(ids_.empty() ? 0 : *std::ranges::max_element(ids_) + 1);
  }

  /// To be called often: says what is due. `a_second`: messages of all together.
  void turn(double a_second, double now) {
    const auto due = static_cast<std::size_t>(now * a_second);
    for (; said_ < due; ++said_) {
      const Crowd::Id id = ids_[said_ % ids_.size()];
      if (!crowd_.is_open(id)) continue;
      if (sent_[id] != Clock::time_point()) continue;  // still waits: that will be its latency
      sent_[id] = Clock::now();
      crowd_.echo(id, 16);
    }
    crowd_.turn(1);
  }

  /// Runs for so many seconds.
  void run(double a_second, double seconds) {
    said_ = 0;
    waited_ms_.clear();
    const auto began = Clock::now();
    for (double now = 0; now < seconds; now = seconds_since(began)) turn(a_second, now);
  }

  [[nodiscard]] std::size_t echoes() const { return waited_ms_.size(); }
  /// Of those that were echoed, in milliseconds: 0.99 for the one that 99 % are not above.
  [[nodiscard]] double percentile(double share) {
    if (waited_ms_.empty()) return 0;
    const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(waited_ms_.size() - 1));
    std::ranges::nth_element(waited_ms_, waited_ms_.begin() + at);
    return waited_ms_[static_cast<std::size_t>(at)];
  }

  /// The median, what 99 % are not above, and the longest.
  [[nodiscard]] std::string told() {
    return decimal(percentile(0.5), 2) + ", " + decimal(percentile(0.99), 2) + ", " + decimal(percentile(1), 2) + " ms";
  }

 private:
  void echoed(Crowd::Id id) {
    waited_ms_.push_back(1000 * seconds_since(sent_[id]));
    sent_[id] = {};
  }

  Crowd& crowd_;
  std::vector<Crowd::Id> ids_;
  std::vector<Clock::time_point> sent_;
  std::vector<double> waited_ms_;
  std::size_t said_ = 0;
};

}  // namespace mote::abuse

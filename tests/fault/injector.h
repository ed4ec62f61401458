#pragma once

#include <array>
#include <atomic>
#include <bitset>
#include <cstddef>
#include <optional>

#include "tests/fault/plan.h"

namespace mote::fault {

/// Decides at each call of the library whether it fails. One for the process: what is wrapped has no place for another.
///
/// Only what the library does while it is armed counts. The test's own code, which the library calls back or which
/// plays the rest of the world, runs suspended. Any thread.
class Injector {
 public:
  /// In `from_then_on` a fault ends by itself after so many times: what is tried again at once would go on for ever.
  static constexpr unsigned kMostHits = 40;

  /// Forgets what was counted. Not armed.
  void begin(const std::optional<Plan>& plan);
  void arm() { armed_ = true; }
  /// The fault is gone.
  void disarm() { armed_ = false; }
  [[nodiscard]] bool armed() const { return armed_; }

  /// One more use of that call. What it is to come to; effect::none: what it really does.
  int use(Call call) noexcept;
  /// The same of a call on that descriptor: those that are spared do not count.
  int use(Call call, int descriptor) noexcept;

  /// A descriptor of somebody who is to notice nothing.
  void spare(int descriptor, bool spared = true) noexcept;

  [[nodiscard]] unsigned uses(Call call) const { return uses_[static_cast<std::size_t>(call)]; }
  /// How often the plan's fault has struck.
  [[nodiscard]] unsigned hits() const { return hits_; }

 private:
  static constexpr std::size_t kDescriptors = 256;

  std::optional<Plan> plan_;
  std::atomic<bool> armed_{false};
  std::array<std::atomic<unsigned>, kCalls> uses_{};
  std::atomic<unsigned> hits_{0};
  std::bitset<kDescriptors> spared_;
};

Injector& injector() noexcept;

/// While it lives, this thread is the test and not the library.
class Suspended {
 public:
  Suspended() noexcept { ++depth(); }
  ~Suspended() { --depth(); }
  Suspended(const Suspended&) = delete;
  Suspended& operator=(const Suspended&) = delete;
  static bool now() noexcept { return depth() != 0; }

 private:
  static int& depth() noexcept;
};

}  // namespace mote::fault

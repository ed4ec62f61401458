#pragma once

#include <array>
#include <cstdint>
#include <limits>

namespace mote::core {

/// A place in a TimerWheel, part of the object that has the timeout. Must not be destroyed or moved while armed.
class TimerNode {
 public:
  TimerNode() = default;
  TimerNode(const TimerNode&) = delete;
  TimerNode& operator=(const TimerNode&) = delete;

  [[nodiscard]] bool armed() const { return next_ != nullptr; }
  /// The tick it is armed for.
  [[nodiscard]] std::uint64_t due() const { return due_; }

 protected:
  ~TimerNode() = default;

 private:
  friend class TimerWheel;
  TimerNode* next_ = nullptr;
  TimerNode* previous_ = nullptr;
  std::uint64_t due_ = 0;
};

/// Hashed hierarchical timing wheel (Varghese and Lauck, 1987): arming and disarming are O(1), whatever the number of
/// timers. Time is a count of ticks; the wheel has no clock and never allocates.
///
/// Level n has 64 slots of 64^n ticks each; a node sinks to a finer level when its slot's time comes, so that it fires
/// at its exact tick. The top level holds everything farther than 64^4 ticks and sorts it anew each time round.
class TimerWheel {
 public:
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  TimerWheel();
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  [[nodiscard]] std::uint64_t now() const { return now_; }
  /// Arms, or arms anew. A tick that has passed already fires at the next one.
  void arm(TimerNode& node, std::uint64_t due);
  void disarm(TimerNode& node);
  /// The tick by which `advance` must be called: no later than the earliest timer, kNever where there is none. May be
  /// earlier, where a coarse slot has to be sorted.
  [[nodiscard]] std::uint64_t next() const;
  /// Moves time forward to `tick` and calls `fire(node)` for each node due by then, disarmed, in order of ticks. `fire`
  /// may arm and disarm any node.
  template <class Fire>
  void advance(std::uint64_t tick, Fire&& fire) {
    while (now_ < tick) {
      step(tick);
      List& due = levels_[0].slots[now_ % kSlots];
      while (due.next_ != &due) {
        TimerNode& node = *due.next_;
        disarm(node);
        fire(node);
      }
    }
  }

 private:
  static constexpr unsigned kBits = 6;
  static constexpr std::uint64_t kSlots = 1U << kBits;
  static constexpr unsigned kLevels = 4;

  struct List : TimerNode {  // the ring's head
    List() { next_ = previous_ = this; }
  };
  struct Level {
    std::array<List, kSlots> slots;
    std::uint64_t occupied = 0;  // bit n: slots[n] may hold something
  };

  void insert(TimerNode& node);
  void step(std::uint64_t limit);
  void sort_slot(unsigned level);
  std::uint64_t next_of(unsigned level) const;

  std::array<Level, kLevels> levels_;
  std::uint64_t now_ = 0;
};

}  // namespace mote::core

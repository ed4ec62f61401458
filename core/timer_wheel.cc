#include "core/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace mote::core {

TimerWheel::TimerWheel() = default;

void TimerWheel::arm(TimerNode& node, std::uint64_t due) {
  disarm(node);
  node.due_ = std::max(due, now_ + 1);
  insert(node);
}

void TimerWheel::disarm(TimerNode& node) {
  if (!node.armed()) return;
  // The slot's bit stays: next() then wakes once for nothing, which is cheaper than looking here for an empty ring.
  node.previous_->next_ = node.next_;
  node.next_->previous_ = node.previous_;
  node.next_ = node.previous_ = nullptr;
}

void TimerWheel::insert(TimerNode& node) {
  const std::uint64_t distance = node.due_ - now_;
  unsigned level = 0;
  while (level + 1 < kLevels && distance >= std::uint64_t{1} << (kBits * (level + 1))) ++level;
  // Beyond the top level's span: into its farthest slot, to be sorted again when that comes.
  const std::uint64_t span = std::uint64_t{1} << (kBits * kLevels);
  const std::uint64_t place = std::min(node.due_, now_ + span - 1) >> (kBits * level);
  Level& wheel = levels_[level];
  const std::uint64_t index = place % kSlots;
  List& head = wheel.slots[index];
  node.previous_ = head.previous_;
  node.next_ = &head;
  head.previous_->next_ = &node;
  head.previous_ = &node;
  wheel.occupied |= std::uint64_t{1} << index;
}

/// The first tick after now_ at which a slot of that level that may hold something begins.
std::uint64_t TimerWheel::next_of(unsigned level) const {
  const std::uint64_t occupied = levels_[level].occupied;
  if (occupied == 0) return kNever;
  const unsigned shift = kBits * level;
  const std::uint64_t place = (now_ >> shift) + 1;
  const auto steps =
      static_cast<std::uint64_t>(std::countr_zero(std::rotr(occupied, static_cast<int>(place % kSlots))));
  return (place + steps) << shift;
}

std::uint64_t TimerWheel::next() const {
  std::uint64_t earliest = kNever;
  for (unsigned level = 0; level < kLevels; ++level) earliest = std::min(earliest, next_of(level));
  return earliest;
}

/// Moves to the next tick at which there is something to do, at most to `limit`.
void TimerWheel::step(std::uint64_t limit) {
  now_ = std::min(next(), limit);
  // In any order: what falls out of a slot goes where its distance says, so into no slot that is still to be sorted.
  for (unsigned level = kLevels; level-- > 1;) {
    const std::uint64_t mask = (std::uint64_t{1} << (kBits * level)) - 1;
    if ((now_ & mask) == 0) sort_slot(level);
  }
  levels_[0].occupied &= ~(std::uint64_t{1} << now_ % kSlots);
}

void TimerWheel::sort_slot(unsigned level) {
  const std::uint64_t index = (now_ >> (kBits * level)) % kSlots;
  levels_[level].occupied &= ~(std::uint64_t{1} << index);
  List& head = levels_[level].slots[index];
  // Detached first: a node beyond the top level's span may come back into this slot.
  TimerNode* node = head.next_;
  head.previous_->next_ = nullptr;
  head.next_ = head.previous_ = &head;
  while (node != nullptr && node != &head) {
    TimerNode* const following = node->next_;
    insert(*node);
    node = following;
  }
}

}  // namespace mote::core

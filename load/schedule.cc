#include "load/schedule.h"

namespace mote::load {

std::uint64_t Schedule::count_by(std::int64_t time) const {
  if (time < start_) return 0;
  auto count = static_cast<std::uint64_t>(static_cast<double>(time - start_) / interval_ns_) + 1;
  // Where rounding made it one too many or too few; the pacer relies on due(count_by(t)) > t.
  while (count > 0 && due(count - 1) > time) --count;
  while (due(count) <= time) ++count;
  return count;
}

}  // namespace mote::load

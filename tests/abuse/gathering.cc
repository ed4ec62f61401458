#include "tests/abuse/gathering.h"

namespace mote::abuse {

std::size_t gather(Crowd& crowd, std::size_t count, double seconds, std::size_t at_once) {
  const Crowd::Counts before = crowd.counts();
  std::size_t begun = 0;
  bool stopped = false;
  crowd.turn_until(
      [&] {
        const Crowd::Counts& now = crowd.counts();
        const auto settled = now.opened - before.opened + now.ended - before.ended + now.failed - before.failed;
        while (!stopped && begun < count && begun - settled < at_once) {
          if (crowd.begin() == Crowd::kNobody) stopped = true;
          if (!stopped) ++begun;
        }
        return (stopped || begun == count) && settled >= begun;
      },
      seconds);
  return crowd.open();
}

}  // namespace mote::abuse

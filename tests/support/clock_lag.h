#pragma once

#include <chrono>

namespace mote::test {

/// The reactor's time, from which its timers count, is that of the kernel's coarse clock: a tick behind, 10 ms at most.
/// So much earlier may a timer come, and a little more for rounding.
inline constexpr std::chrono::milliseconds kClockLag{15};

}  // namespace mote::test

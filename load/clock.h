#pragma once

#include <time.h>

#include <cmath>
#include <cstdint>

namespace mote::load {

inline constexpr std::int64_t kSecond = 1'000'000'000;

/// Nanoseconds of the monotonic clock. No system call.
inline std::int64_t now_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

/// `seconds` as nanoseconds, rounded to the nearest.
inline std::int64_t ns_of(double seconds) { return std::llround(seconds * 1e9); }
inline double seconds_of(std::int64_t ns) { return static_cast<double>(ns) * 1e-9; }

}  // namespace mote::load

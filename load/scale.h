#pragma once

#include <string>
#include <vector>

namespace mote::load {

/// A mark on an axis.
struct Tick {
  double value;
  std::string label;  ///< Empty: a line without one.
};

/// An axis from 0 to the first round number, 1, 2 or 5 times a power of ten, that has `largest` below or on it; and
/// about `count` steps of such a size.
struct LinearScale {
  double end = 1;
  double step = 1;

  LinearScale(double largest, int count);
  /// Every step, 0 included.
  [[nodiscard]] std::vector<double> values() const;
};

/// An axis for durations in nanoseconds, from the largest 1, 2 or 5 times a power of ten that is not above `least` to
/// the smallest that is not below `largest`; each of these is a tick, and of more than three powers only the powers
/// have labels.
struct DurationScale {
  double begin = 1;
  double end = 10;

  DurationScale(double least, double largest);
  [[nodiscard]] std::vector<Tick> ticks() const;
  /// Where on the axis, 0 to 1.
  [[nodiscard]] double place(double ns) const;
};

}  // namespace mote::load

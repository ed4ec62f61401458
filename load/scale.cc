#include "load/scale.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "load/units.h"

namespace mote::load {
namespace {

constexpr std::array<double, 3> kRound = {1, 2, 5};

double power_of_ten(int exponent) { return std::pow(10, exponent); }

/// Against what is a hair off a round number.
constexpr double kHair = 1e-9;

double round_up(double value) {
  const double power = power_of_ten(static_cast<int>(std::floor(std::log10(value))));
  for (const double digit : kRound) {
    if (value <= digit * power * (1 + kHair)) return digit * power;
  }
  return 10 * power;
}

double round_down(double value) {
  const double power = power_of_ten(static_cast<int>(std::floor(std::log10(value) + kHair)));
  double result = power;
  for (const double digit : kRound) {
    if (value >= digit * power * (1 - kHair)) result = digit * power;
  }
  return result;
}

}  // namespace

LinearScale::LinearScale(double largest, int count) {
  if (!(largest > 0)) return;
  step = round_up(largest / count);
  end = step * std::ceil(largest / step * (1 - kHair));
}

std::vector<double> LinearScale::values() const {
  std::vector<double> result;
  for (int i = 0; i * step <= end * (1 + kHair); ++i) result.push_back(i * step);
  return result;
}

DurationScale::DurationScale(double least, double largest)
    : begin(round_down(std::max(least, 1.0))), end(round_up(std::max(largest, 1.0))) {
  if (end <= begin) end = round_up(begin * 1.5);
}

std::vector<Tick> DurationScale::ticks() const {
  const bool few = end / begin < 1500;
  std::vector<Tick> result;
  for (int exponent = static_cast<int>(std::floor(std::log10(begin) + kHair)); exponent < 20; ++exponent) {
    for (const double digit : kRound) {
      const double value = digit * power_of_ten(exponent);
      if (value > end * (1 + kHair)) return result;
      if (value < begin * (1 - kHair)) continue;
      result.push_back({value, few || digit == 1 ? round_duration(value) : std::string()});
    }
  }
  return result;
}

double DurationScale::place(double ns) const {
  return std::clamp(std::log(std::max(ns, 1.0) / begin) / std::log(end / begin), 0.0, 1.0);
}

}  // namespace mote::load

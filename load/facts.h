#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "load/measurement.h"

namespace mote::load {

/// A line of a table: what it is, and the value in words.
struct Fact {
  std::string_view name;
  std::string value;
};

/// What was asked for: connections, payload, loop, times and so on.
std::vector<Fact> settings(const Options& options);
/// What was found out, the latencies aside.
std::vector<Fact> findings(const Measurement& measurement);

/// A percentile that reports have; 0 and 100 are the least and the largest value.
struct Percentile {
  double percent;
  std::string_view name;       ///< `p99.9`
  std::string_view json_name;  ///< `p99_9`
};
inline constexpr std::array<Percentile, 7> kPercentiles = {
    Percentile{0, "min", "min"}, {50, "p50", "p50"},          {90, "p90", "p90"}, {99, "p99", "p99"},
    {99.9, "p99.9", "p99_9"},    {99.99, "p99.99", "p99_99"}, {100, "max", "max"}};
/// In nanoseconds, as the histogram counts.
std::uint64_t value_at(const Histogram& histogram, const Percentile& percentile);

}  // namespace mote::load

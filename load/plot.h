#pragma once

#include <string>

#include "load/measurement.h"

namespace mote::load {

/// Messages per second over time, as an `<svg>`; the warm-up is shaded. Colours come from the page's style sheet.
std::string throughput_plot(const Measurement& measurement);
/// Latency over percentile, as an `<svg>`: the axis of percentiles has 90, 99, 99.9 and so on at equal distances, that
/// of latencies is logarithmic.
std::string latency_plot(const Histogram& latencies);

}  // namespace mote::load

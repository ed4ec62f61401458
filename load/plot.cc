#include "load/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "load/scale.h"
#include "load/svg.h"
#include "load/units.h"

namespace mote::load {
namespace {

constexpr std::size_t kMostSlots = 240;
constexpr double kShortestSlot = 0.05;  // seconds

struct Slot {
  double begin_s;
  double end_s;
  double per_second;
};

/// Rates between samples, of as many together as make no more than kMostSlots.
std::vector<Slot> slots(const std::vector<Sample>& samples) {
  std::vector<Slot> result;
  const std::size_t stride = samples.size() / kMostSlots + 1;
  for (std::size_t from = 0; from + 1 < samples.size(); from += stride) {
    const Sample& begin = samples[from];
    const Sample& end = samples[std::min(from + stride, samples.size() - 1)];
    const double length = end.at_s - begin.at_s;
    if (length <= 0) continue;
    const auto echoes = static_cast<double>(end.echoed - begin.echoed);
    if (length >= kShortestSlot || result.empty()) {
      result.push_back({begin.at_s, end.at_s, echoes / length});
      continue;
    }
    // So short that chance would make it anything: a part of the one before.
    Slot& last = result.back();
    last.per_second = (last.per_second * (last.end_s - last.begin_s) + echoes) / (end.at_s - last.begin_s);
    last.end_s = end.at_s;
  }
  return result;
}

double largest(const std::vector<Slot>& slots) {
  double result = 0;
  for (const Slot& slot : slots) result = std::max(result, slot.per_second);
  return result;
}

double nines(double percent) { return -std::log10(1 - percent / 100); }

struct Mark {
  double percent;
  std::string_view name;
};
constexpr std::array<Mark, 6> kAxisMarks = {Mark{90, "90 %"},   {99, "99 %"},         {99.9, "99.9 %"},
                                            {99.99, "99.99 %"}, {99.999, "99.999 %"}, {99.9999, "99.9999 %"}};
constexpr std::array<Mark, 5> kDots = {Mark{50, "p50"}, {90, "p90"}, {99, "p99"}, {99.9, "p99.9"}, {99.99, "p99.99"}};

}  // namespace

std::string throughput_plot(const Measurement& measurement) {
  Svg svg("Messages per second over time");
  const std::vector<Slot> all = slots(measurement.samples);
  const double length = measurement.samples.empty() ? 1 : std::max(measurement.samples.back().at_s, 1e-3);
  const LinearScale rate(largest(all) * 1.05, 5);
  const LinearScale time(length, 10);
  if (measurement.window_begin_s > 0) {
    svg.shade(0, measurement.window_begin_s / length,
              measurement.options.ramp_s > 0 && !measurement.options.rate ? "ramp and warm-up" : "warm-up");
  }
  for (const double value : rate.values())
    svg.tick_y(value / rate.end, rate.end > 20 ? grouped_round(value) : plain(value));
  for (const double value : time.values()) {
    if (value <= length * 1.0001) svg.tick_x(value / length, plain(value));
  }
  svg.title_y("messages per second");
  svg.title_x("seconds since the first message");
  std::vector<Svg::Point> points;
  for (const Slot& slot : all) {
    points.push_back({slot.begin_s / length, slot.per_second / rate.end});
    points.push_back({slot.end_s / length, slot.per_second / rate.end});
  }
  svg.curve(points);
  svg.level(measurement.window_begin_s / length, std::min(measurement.window_end_s / length, 1.0),
            std::min(measurement.per_second() / rate.end, 1.0));
  svg.legend_level(std::string("mean while measuring: ").append(rate_text(measurement.per_second())));
  return svg.text();
}

std::string latency_plot(const Histogram& latencies) {
  Svg svg("Latency by percentile");
  const auto count = static_cast<double>(std::max<std::uint64_t>(latencies.count(), 2));
  const double end = std::clamp(std::log10(count), 1.0, 6.3);
  const DurationScale scale(static_cast<double>(latencies.min()), static_cast<double>(latencies.max()));
  for (const Tick& tick : scale.ticks()) svg.tick_y(scale.place(tick.value), tick.label);
  svg.tick_x(0, "0 %");
  svg.tick_x(nines(50) / end, "50 %");
  for (const Mark& mark : kAxisMarks) {
    if (nines(mark.percent) <= end * 1.0001) svg.tick_x(nines(mark.percent) / end, mark.name);
  }
  svg.title_x("percentile");
  const auto at = [&](double percent) { return static_cast<double>(latencies.percentile(percent)); };
  std::vector<Svg::Point> points;
  constexpr int kSteps = 400;
  for (int i = 0; i <= kSteps; ++i) {
    const double x = static_cast<double>(i) / kSteps;
    points.push_back({x, scale.place(at(100 * (1 - std::pow(10, -x * end))))});
  }
  svg.curve(points);
  for (const Mark& mark : kDots) {
    const double x = nines(mark.percent) / end;
    if (x > 1) break;
    const std::string value = duration_text(at(mark.percent));
    svg.dot({x, scale.place(at(mark.percent))}, value, std::string(mark.name).append(": ").append(value),
            mark.percent == 50 ? Svg::Side::below : Svg::Side::above);
  }
  return svg.text();
}

}  // namespace mote::load

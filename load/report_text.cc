#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "load/facts.h"
#include "load/report.h"
#include "load/units.h"

namespace mote::load {
namespace {

/// Columns of a terminal that UTF-8 takes, where all characters are narrow.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string padded(std::string_view text, std::size_t columns) {
  return std::string(text).append(columns - std::min(columns, width(text)), ' ');
}

void add(std::string& report, const Fact& fact) {
  constexpr std::size_t kColumns = 17;
  report.append(padded(fact.name, kColumns)).append(fact.value).append("\n");
}

Fact latency_names() {
  std::string line;
  for (const Percentile& percentile : kPercentiles) line.append(padded(percentile.name, 10));
  return {"Latency", line};
}

Fact latency_values(const Histogram& histogram) {
  std::string line;
  for (const Percentile& percentile : kPercentiles) {
    line.append(padded(duration_text(static_cast<double>(value_at(histogram, percentile))), 10));
  }
  return {"", line};
}

void trim_ends(std::string& text) {
  for (std::size_t at = 0; (at = text.find(" \n", at)) != std::string::npos;) {
    const std::size_t begin = text.find_last_not_of(' ', at) + 1;
    text.erase(begin, at + 1 - begin);
    at = begin;
  }
}

}  // namespace

std::string text_report(const Measurement& measurement) {
  std::string report = std::string(measurement.options.url).append("\n");
  for (const Fact& fact : settings(measurement.options)) add(report, fact);
  report.append(measurement.interrupted ? "\n(interrupted)\n" : "\n");
  for (const Fact& fact : findings(measurement)) {
    add(report, fact);
    if (fact.name != "Throughput" || measurement.latency_ns.count() == 0) continue;
    add(report, latency_names());
    add(report, latency_values(measurement.latency_ns));
  }
  for (const auto& [text, count] : measurement.errors.texts) {
    report.append("  ").append(grouped(count)).append(" x ").append(text).append("\n");
  }
  trim_ends(report);
  return report;
}

}  // namespace mote::load

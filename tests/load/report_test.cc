#include "load/report.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "load/plot.h"

namespace mote::load {
namespace {

Measurement some_measurement() {
  Measurement result;
  result.options.url = "ws://127.0.0.1:1/?a=1&b=<script>\"";
  result.options.connections = 3;
  result.opened = 3;
  result.connecting_s = 0.5;
  result.window_begin_s = 1;
  result.window_end_s = 3;
  result.messages = 2000;
  result.own_cpu = {1'000'000, 3'000'000};
  result.started = "2026-08-02 14:05 UTC";
  for (std::uint64_t i = 1; i <= 2000; ++i) result.latency_ns.record(i * 1000);
  for (std::uint64_t i = 1; i <= 3; ++i) result.connect_ns.record(i * 1'000'000);
  for (int i = 0; i <= 30; ++i) result.samples.push_back({i * 0.1, static_cast<std::uint64_t>(i) * 100});
  return result;
}

Measurement with_all(Measurement result) {
  result.options.rate = 1000;
  result.options.pid = 1;
  result.server = Measurement::Server{{{0, 0}, 1 << 20}, {{0, 0}, 2 << 20}, {{2'000'000, 6'000'000}, 4 << 20}};
  result.lateness_ns.record(50'000);
  result.interrupted = true;
  result.errors.note(result.errors.wrong, "an \"echo\" that is <wrong>\n\xFF");
  return result;
}

std::vector<Measurement> different_measurements() {
  std::vector<Measurement> all(3);
  all[1] = some_measurement();
  all[2] = with_all(some_measurement());
  return all;
}

// ---- JSON

TEST(JsonReport, IsJson) {
  for (const Measurement& measurement : different_measurements()) {
    const std::string text = json_report(measurement);
    EXPECT_TRUE(nlohmann::json::accept(text)) << text;
  }
}

TEST(JsonReport, StaysJsonWhateverThePeersSay) {
  Measurement measurement = some_measurement();
  measurement.errors.texts["a\"\n\x01 \xFF"] = 1;
  measurement.window_end_s = std::numeric_limits<double>::infinity();
  const auto json = nlohmann::json::parse(json_report(measurement));
  EXPECT_EQ(json["error_texts"]["a\"\n\x01 \xEF\xBF\xBD"], 1);
  EXPECT_TRUE(json["window_end_s"].is_null());
}

TEST(JsonReport, HasTheFigures) {
  const std::string text = json_report(with_all(some_measurement()));
  for (const std::string_view member :
       {"\"messages\": 2000", "\"messages_per_second\": 1000", "\"p50\": 1000", "\"cpu_ns_per_message\": 4000",
        "\"user_ns_per_message\": 1000", "\"errors\": 1", "\"wrong\": 1", "\"interrupted\": true",
        "\"handshakes_per_second\": 6", "\"resident_bytes_end\": 4194304"}) {
    EXPECT_NE(text.find(member), std::string::npos) << member << " in " << text;
  }
}

// ---- HTML

/// Whether each tag is closed, in order, and nothing else has angle brackets; what a reader of XML demands.
bool is_well_formed(std::string_view page) {
  std::vector<std::string> open;
  while (true) {
    const std::size_t begin = page.find('<');
    const std::string_view text = page.substr(0, begin);
    if (text.find('>') != std::string_view::npos) return false;
    if (begin == std::string_view::npos) return open.empty();
    const std::size_t end = page.find('>', begin);
    if (end == std::string_view::npos) return false;
    const std::string_view tag = page.substr(begin + 1, end - begin - 1);
    page.remove_prefix(end + 1);
    if (tag.empty() || tag.find('<') != std::string_view::npos) return false;
    if (tag[0] == '!' || tag.back() == '/') continue;
    if (tag[0] != '/') {
      open.emplace_back(tag.substr(0, tag.find_first_of(" \n")));
    } else if (open.empty() || open.back() != tag.substr(1)) {
      return false;
    } else {
      open.pop_back();
    }
  }
}

TEST(HtmlReport, IsWellFormed) {
  for (const Measurement& measurement : different_measurements()) {
    const std::string page = html_report(measurement);
    EXPECT_TRUE(page.starts_with("<!DOCTYPE html>"));
    EXPECT_TRUE(is_well_formed(page)) << page;
  }
  EXPECT_FALSE(is_well_formed("<p><b></p></b>")) << "the test's own reader";
  EXPECT_FALSE(is_well_formed("<p>"));
  EXPECT_FALSE(is_well_formed("<p> > </p>"));
}

TEST(HtmlReport, NeedsNothingFromElsewhereAndRunsNothing) {
  std::string page = html_report(with_all(some_measurement()));
  constexpr std::string_view svg_name_space = "http://www.w3.org/2000/svg";
  for (std::size_t at = 0; (at = page.find(svg_name_space)) != std::string::npos;)
    page.erase(at, svg_name_space.size());
  for (const std::string_view word :
       {"<script", "<link", "<img", "<iframe", "src=", "href=", "url(", "@import", "http"}) {
    EXPECT_EQ(page.find(word), std::string::npos) << word;
  }
}

TEST(HtmlReport, HasTheFiguresBothPlotsAndBothColourSchemes) {
  const std::string page = html_report(with_all(some_measurement()));
  for (const std::string_view part :
       {"Messages per second over time", "Latency by percentile", "99.9 %", "warm-up", "prefers-color-scheme: dark",
        "<b>1,000</b>", "<b>1.00 ms</b>", "1 wrong echoes"}) {
    EXPECT_NE(page.find(part), std::string::npos) << part;
  }
}

TEST(Plots, StayInsideTheirFrameWhateverWasMeasured) {
  std::vector<Measurement> all = different_measurements();
  Measurement& odd = all.emplace_back(some_measurement());
  odd.samples = {{0, 0}, {0, 5}, {0.1, 5}, {0.1, 10}, {7.77, 1'000'000'000}};
  odd.window_end_s = 9;
  for (const Measurement& measurement : all) {
    const std::string plots = throughput_plot(measurement) + latency_plot(measurement.latency_ns);
    EXPECT_EQ(plots.find("nan"), std::string::npos);
    EXPECT_EQ(plots.find("inf"), std::string::npos);
    for (std::size_t at = 0; (at = plots.find("=\"", at)) != std::string::npos; ++at) {
      EXPECT_NE(plots[at + 2], '-') << plots.substr(at - 10, 40);
    }
  }
}

TEST(TextReport, HasAllPercentilesAndNoBlanksAtTheEndOfALine) {
  const std::string text = text_report(with_all(some_measurement()));
  for (const std::string_view part : {"p50", "p90", "p99 ", "p99.9 ", "p99.99", "1.00 ms", "2,000 in 2.00 s",
                                      "(interrupted)", "4,000 ns a message"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
  EXPECT_EQ(text.find(" \n"), std::string::npos);
}

}  // namespace
}  // namespace mote::load

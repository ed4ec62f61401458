#include <string>
#include <string_view>
#include <vector>

#include "load/escape.h"
#include "load/facts.h"
#include "load/page_style.h"
#include "load/plot.h"
#include "load/report.h"
#include "load/units.h"

namespace mote::load {
namespace {

void add_tile(std::string& page, std::string_view value, std::string_view name) {
  page.append("<div class=\"tile\"><b>").append(html_escaped(value)).append("</b><span>");
  page.append(html_escaped(name)).append("</span></div>\n");
}

void add_tiles(std::string& page, const Measurement& measurement) {
  const auto latency = [&](double percent) {
    return duration_text(static_cast<double>(measurement.latency_ns.percentile(percent)));
  };
  page.append("<section class=\"card tiles\">\n");
  add_tile(page, rate_text(measurement.per_second()), "messages per second");
  if (measurement.latency_ns.count() != 0) {
    add_tile(page, latency(50), "median latency");
    add_tile(page, latency(99), "99th percentile");
    add_tile(page, latency(99.9), "99.9th percentile");
  }
  if (measurement.server) {
    add_tile(page, duration_text(measurement.each(measurement.server->cpu().total_ns())), "server CPU/message");
  }
  add_tile(page, grouped(measurement.errors.total()), "errors");
  page.append("</section>\n");
}

void add_table(std::string& page, std::string_view title, const std::vector<Fact>& facts) {
  page.append("<section class=\"card\"><h2>").append(html_escaped(title)).append("</h2>\n<table>\n");
  for (const Fact& fact : facts) {
    page.append("<tr><th scope=\"row\">").append(html_escaped(fact.name)).append("</th><td>");
    page.append(html_escaped(fact.value)).append("</td></tr>\n");
  }
  page.append("</table></section>\n");
}

void add_percentiles(std::string& page, const Histogram& latencies) {
  page.append("<table class=\"figures\">\n<tr>");
  for (const Percentile& percentile : kPercentiles) {
    page.append("<th scope=\"col\">").append(percentile.name).append("</th>");
  }
  page.append("</tr>\n<tr>");
  for (const Percentile& percentile : kPercentiles) {
    page.append("<td>").append(duration_text(static_cast<double>(value_at(latencies, percentile)))).append("</td>");
  }
  page.append("</tr>\n</table>\n");
}

void add_plots(std::string& page, const Measurement& measurement) {
  page.append("<section class=\"card rate\"><h2>Throughput</h2>\n").append(throughput_plot(measurement));
  page.append("</section>\n");
  if (measurement.latency_ns.count() == 0) return;
  page.append("<section class=\"card latency\"><h2>Latency</h2>\n").append(latency_plot(measurement.latency_ns));
  add_percentiles(page, measurement.latency_ns);
  page.append("</section>\n");
}

std::vector<Fact> error_facts(const Errors& errors) {
  std::vector<Fact> facts;
  for (const auto& [text, count] : errors.texts) facts.push_back({"", grouped(count).append(" × ").append(text)});
  return facts;
}

std::string lead(const Measurement& measurement) {
  std::string text = "Measured with mote_load";
  if (!measurement.started.empty()) text.append(" on ").append(measurement.started);
  return text;
}

}  // namespace

std::string html_report(const Measurement& measurement) {
  const std::string url = html_escaped(measurement.options.url);
  std::string page = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n";
  page.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
  page.append("<title>mote_load: ").append(url).append("</title>\n<style>").append(kPageStyle);
  page.append("</style>\n</head>\n<body>\n<main>\n<h1>").append(url).append("</h1>\n<p class=\"lead\">");
  page.append(html_escaped(lead(measurement)));
  if (measurement.interrupted) page.append(" <strong class=\"bad\">It was interrupted.</strong>");
  page.append("</p>\n");
  add_tiles(page, measurement);
  add_plots(page, measurement);
  page.append("<div class=\"pair\">\n");
  add_table(page, "Results", findings(measurement));
  add_table(page, "Settings", settings(measurement.options));
  page.append("</div>\n");
  if (!measurement.errors.texts.empty()) add_table(page, "Errors", error_facts(measurement.errors));
  page.append("</main>\n</body>\n</html>\n");
  return page;
}

}  // namespace mote::load

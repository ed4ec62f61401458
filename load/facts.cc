#include "load/facts.h"

#include <algorithm>
#include <cstdint>

#include "load/units.h"

namespace mote::load {
namespace {

std::string seconds_text(double seconds) { return plain(seconds).append(" s"); }

std::string loop_text(const Options& options) {
  if (options.rate) return std::string("open, ").append(rate_text(*options.rate)).append(" messages/s are due");
  return std::string("closed, ").append(grouped(options.pipeline)).append(" under way on each connection");
}

std::string time_text(const Options& options) {
  if (options.messages) return grouped(*options.messages).append(" messages");
  std::string text = seconds_text(options.duration_s).append(" after ").append(seconds_text(options.warmup_s));
  text.append(" of warm-up");
  if (options.ramp_s > 0) text.append(" and a ramp of ").append(seconds_text(options.ramp_s));
  return text;
}

std::string quantiles(const Histogram& histogram) {
  const auto at = [&](double percent) { return duration_text(static_cast<double>(histogram.percentile(percent))); };
  return std::string("p50 ").append(at(50)).append(", p99 ").append(at(99)).append(", max ").append(at(100));
}

std::string each_message(double ns) { return rate_text(ns).append(" ns"); }

std::string cpu_text(const Measurement& measurement, const CpuTime& cpu) {
  std::string text = each_message(measurement.each(cpu.total_ns())).append(" a message: ");
  text.append(each_message(measurement.each(cpu.user_ns))).append(" user, ");
  text.append(each_message(measurement.each(cpu.system_ns))).append(" system; ");
  const double percent = static_cast<double>(cpu.total_ns()) / (std::max(measurement.seconds(), 1e-9) * 1e7);
  return text.append(fixed(percent, 0)).append(" % of a core");
}

std::string connecting_text(const Measurement& measurement) {
  std::string text = grouped(measurement.opened).append(" of ").append(grouped(measurement.options.connections));
  if (measurement.opened == 0) return text;
  text.append(" in ").append(duration_text(measurement.connecting_s * 1e9)).append(", ");
  text.append(rate_text(measurement.handshakes_per_second())).append(" handshakes/s");
  return text;
}

void add_server(std::vector<Fact>& facts, const Measurement& measurement) {
  const Measurement::Server& server = *measurement.server;
  facts.push_back({"Server CPU", cpu_text(measurement, server.cpu())});
  const auto growth = static_cast<double>(server.end.resident_bytes - server.before.resident_bytes);
  std::string memory = bytes_text(static_cast<double>(server.end.resident_bytes)).append(" resident, ");
  memory.append(bytes_text(static_cast<double>(server.before.resident_bytes))).append(" before the connections");
  if (measurement.opened != 0) memory.append(": ").append(bytes_text(growth / measurement.opened)).append(" for each");
  facts.push_back({"Server memory", memory});
}

std::string error_text(const Errors& errors) {
  if (errors.total() == 0) return "none";
  std::string text;
  const auto add = [&](std::uint64_t count, std::string_view what) {
    if (count == 0) return;
    if (!text.empty()) text.append(", ");
    text.append(grouped(count)).append(" ").append(what);
  };
  add(errors.not_connected, "not connected as asked");
  add(errors.ended, "connections ended early");
  add(errors.wrong, "wrong echoes");
  add(errors.missing, "messages without an echo");
  return text;
}

}  // namespace

std::vector<Fact> settings(const Options& options) {
  std::string payload =
      bytes_text(static_cast<double>(options.payload_bytes)).append(options.text ? " of text" : " binary");
  payload.append(", ").append(name_of(options.fill));
  if (options.deflate) payload.append(", compressed");
  if (options.verify) payload.append(", each echo compared");
  std::vector<Fact> facts = {{"Connections", grouped(options.connections)},
                             {"Payload", payload},
                             {"Loop", loop_text(options)},
                             {"Time", time_text(options)}};
  if (options.source_addresses != 0) facts.push_back({"Source addresses", grouped(options.source_addresses)});
  return facts;
}

std::vector<Fact> findings(const Measurement& measurement) {
  std::vector<Fact> facts;
  facts.push_back(
      {"Messages", grouped(measurement.messages).append(" in ").append(duration_text(measurement.seconds() * 1e9))});
  facts.push_back({"Throughput", rate_text(measurement.per_second())
                                     .append(" messages/s, ")
                                     .append(rate_text(measurement.mib_per_second()))
                                     .append(" MiB/s of payload each way")});
  facts.push_back({"Connections", connecting_text(measurement)});
  if (measurement.opened != 0) facts.push_back({"Connect time", quantiles(measurement.connect_ns)});
  if (measurement.server) {
    add_server(facts, measurement);
  } else if (measurement.options.pid) {
    facts.push_back({"Server CPU", "not known: the process has ended"});
  }
  facts.push_back({"Own CPU", cpu_text(measurement, measurement.own_cpu)});
  if (measurement.options.rate) facts.push_back({"Sent late by", quantiles(measurement.lateness_ns)});
  facts.push_back({"Errors", error_text(measurement.errors)});
  return facts;
}

std::uint64_t value_at(const Histogram& histogram, const Percentile& percentile) {
  return percentile.percent == 0 ? histogram.min() : histogram.percentile(percentile.percent);
}

}  // namespace mote::load

#include <nlohmann/json.hpp>

#include <string>

#include "load/facts.h"
#include "load/report.h"

namespace mote::load {
namespace {

using Json = nlohmann::ordered_json;

Json settings_of(const Options& options) {
  Json json;
  json["url"] = options.url;
  json["connections"] = options.connections;
  json["payload_bytes"] = options.payload_bytes;
  json["kind"] = options.text ? "text" : "binary";
  json["fill"] = name_of(options.fill);
  json["loop"] = options.rate ? "open" : "closed";
  if (options.rate) {
    json["rate_per_second"] = *options.rate;
  } else {
    json["pipeline"] = options.pipeline;
  }
  if (options.messages) {
    json["messages"] = *options.messages;
  } else {
    json["warmup_s"] = options.warmup_s;
    json["duration_s"] = options.duration_s;
  }
  json["ramp_s"] = options.ramp_s;
  json["timeout_s"] = options.timeout_s;
  json["verify"] = options.verify;
  json["deflate"] = options.deflate;
  json["concurrency"] = options.concurrency;
  json["source_addresses"] = options.source_addresses;
  json["seed"] = options.seed;
  return json;
}

Json percentiles_of(const Histogram& histogram) {
  if (histogram.count() == 0) return nullptr;
  Json json = {{"count", histogram.count()}, {"mean", histogram.mean()}};
  for (const Percentile& percentile : kPercentiles) json[percentile.json_name] = value_at(histogram, percentile);
  return json;
}

Json cpu_of(const Measurement& measurement, const CpuTime& cpu) {
  return {{"cpu_ns_per_message", measurement.each(cpu.total_ns())},
          {"user_ns_per_message", measurement.each(cpu.user_ns)},
          {"system_ns_per_message", measurement.each(cpu.system_ns)},
          {"user_ns", cpu.user_ns},
          {"system_ns", cpu.system_ns}};
}

Json server_of(const Measurement& measurement) {
  if (!measurement.server) return nullptr;
  const auto& [before, begin, end] = *measurement.server;
  Json json = cpu_of(measurement, measurement.server->cpu());
  json["resident_bytes_before"] = before.resident_bytes;
  json["resident_bytes_begin"] = begin.resident_bytes;
  json["resident_bytes_end"] = end.resident_bytes;
  return json;
}

/// [seconds since the first message, echoes so far]
Json samples_of(const Measurement& measurement) {
  Json json = Json::array();
  for (const Sample& sample : measurement.samples) json.push_back(Json::array({sample.at_s, sample.echoed}));
  return json;
}

void add_errors(Json& json, const Errors& errors) {
  json["errors"] = errors.total();
  json["error_kinds"] = {{"not_connected", errors.not_connected},
                         {"ended", errors.ended},
                         {"wrong", errors.wrong},
                         {"missing", errors.missing}};
  json["error_texts"] = Json::object();
  for (const auto& [text, count] : errors.texts) json["error_texts"][text] = count;
}

}  // namespace

std::string json_report(const Measurement& measurement) {
  Json json;
  json["messages"] = measurement.messages;
  json["seconds"] = measurement.seconds();
  json["messages_per_second"] = measurement.per_second();
  json["mib_per_second_each_way"] = measurement.mib_per_second();
  json["latency_ns"] = percentiles_of(measurement.latency_ns);
  json["sent_late_ns"] = percentiles_of(measurement.lateness_ns);
  json["server"] = server_of(measurement);
  json["own"] = cpu_of(measurement, measurement.own_cpu);
  json["opened"] = measurement.opened;
  json["connecting_s"] = measurement.connecting_s;
  json["handshakes_per_second"] = measurement.handshakes_per_second();
  json["connect_ns"] = percentiles_of(measurement.connect_ns);
  add_errors(json, measurement.errors);
  json["started"] = measurement.started;
  json["interrupted"] = measurement.interrupted;
  json["settings"] = settings_of(measurement.options);
  json["window_begin_s"] = measurement.window_begin_s;
  json["window_end_s"] = measurement.window_end_s;
  json["samples"] = samples_of(measurement);
  // What peers and users wrote need not be UTF-8.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace mote::load

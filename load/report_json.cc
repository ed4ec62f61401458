#include <cstdint>
#include <string>

#include "load/facts.h"
#include "load/json_writer.h"
#include "load/report.h"

namespace mote::load {
namespace {

void write_settings(JsonWriter& json, const Options& options) {
  json.key("settings");
  json.begin_object();
  json.member("url", options.url);
  json.member("connections", options.connections);
  json.member("payload_bytes", options.payload_bytes);
  json.member("kind", options.text ? "text" : "binary");
  json.member("fill", name_of(options.fill));
  json.member("loop", options.rate ? "open" : "closed");
  if (options.rate) {
    json.member("rate_per_second", *options.rate);
  } else {
    json.member("pipeline", options.pipeline);
  }
  if (options.messages) {
    json.member("messages", *options.messages);
  } else {
    json.member("warmup_s", options.warmup_s);
    json.member("duration_s", options.duration_s);
  }
  json.member("ramp_s", options.ramp_s);
  json.member("timeout_s", options.timeout_s);
  json.member("verify", options.verify);
  json.member("deflate", options.deflate);
  json.member("concurrency", options.concurrency);
  json.member("source_addresses", options.source_addresses);
  json.member("seed", options.seed);
  json.end();
}

void write_histogram(JsonWriter& json, std::string_view name, const Histogram& histogram) {
  json.key(name);
  if (histogram.count() == 0) return json.null();
  json.begin_object();
  json.member("count", histogram.count());
  json.member("mean", histogram.mean());
  for (const Percentile& percentile : kPercentiles) json.member(percentile.json_name, value_at(histogram, percentile));
  json.end();
}

void write_connecting(JsonWriter& json, const Measurement& measurement) {
  json.member("opened", measurement.opened);
  json.member("connecting_s", measurement.connecting_s);
  json.member("handshakes_per_second", measurement.handshakes_per_second());
  write_histogram(json, "connect_ns", measurement.connect_ns);
}

void write_cpu(JsonWriter& json, const Measurement& measurement, const CpuTime& cpu) {
  json.member("cpu_ns_per_message", measurement.each(cpu.total_ns()));
  json.member("user_ns_per_message", measurement.each(cpu.user_ns));
  json.member("system_ns_per_message", measurement.each(cpu.system_ns));
  json.member("user_ns", cpu.user_ns);
  json.member("system_ns", cpu.system_ns);
}

void write_server(JsonWriter& json, const Measurement& measurement) {
  json.key("server");
  if (!measurement.server) return json.null();
  const auto& [before, begin, end] = *measurement.server;
  json.begin_object();
  write_cpu(json, measurement, measurement.server->cpu());
  json.member("resident_bytes_before", before.resident_bytes);
  json.member("resident_bytes_begin", begin.resident_bytes);
  json.member("resident_bytes_end", end.resident_bytes);
  json.end();
}

void write_samples(JsonWriter& json, const Measurement& measurement) {
  json.key("samples");  // [seconds since the first message, echoes so far]
  json.begin_array();
  for (const Sample& sample : measurement.samples) {
    json.begin_array();
    json.value(sample.at_s);
    json.value(sample.echoed);
    json.end();
  }
  json.end();
}

void write_errors(JsonWriter& json, const Errors& errors) {
  json.member("errors", errors.total());
  json.key("error_kinds");
  json.begin_object();
  json.member("not_connected", errors.not_connected);
  json.member("ended", errors.ended);
  json.member("wrong", errors.wrong);
  json.member("missing", errors.missing);
  json.end();
  json.key("error_texts");
  json.begin_object();
  for (const auto& [text, count] : errors.texts) json.member(text, count);
  json.end();
}

}  // namespace

std::string json_report(const Measurement& measurement) {
  JsonWriter json;
  json.begin_object();
  json.member("messages", measurement.messages);
  json.member("seconds", measurement.seconds());
  json.member("messages_per_second", measurement.per_second());
  json.member("mib_per_second_each_way", measurement.mib_per_second());
  write_histogram(json, "latency_ns", measurement.latency_ns);
  write_histogram(json, "sent_late_ns", measurement.lateness_ns);
  write_server(json, measurement);
  json.key("own");
  json.begin_object();
  write_cpu(json, measurement, measurement.own_cpu);
  json.end();
  write_connecting(json, measurement);
  write_errors(json, measurement.errors);
  json.member("started", measurement.started);
  json.member("interrupted", measurement.interrupted);
  write_settings(json, measurement.options);
  json.member("window_begin_s", measurement.window_begin_s);
  json.member("window_end_s", measurement.window_end_s);
  write_samples(json, measurement);
  json.end();
  return json.text();
}

}  // namespace mote::load

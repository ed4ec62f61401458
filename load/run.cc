#include "load/run.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "load/clock.h"
#include "load/units.h"

namespace mote::load {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTick{10};
constexpr std::size_t kMostSamples = 4000;

}  // namespace

Run::Run(const Options& options, Progress& progress, const std::atomic<bool>& interrupted)
    : options_(options),
      progress_(progress),
      interrupted_(interrupted),
      traffic_(options, result_.errors, [this] { end_window(now_ns()); }),
      connector_(client_, options, traffic_, result_.errors,
                 {.opened =
                      [this](Traffic::Link& link) {
                        if (options_.ramp_s == 0 || options_.rate) return;
                        const std::int64_t now = now_ns();
                        ensure_flow(now);
                        traffic_.begin(link, now);
                      },
                  .settled = [this] { on_connecting_over(); },
                  .ended =
                      [this] {
                        if (flows() && (connector_.open() == 0 || traffic_.complete())) end_window(now_ns());
                      }}),
      pacer_(client_, [this] { traffic_.send_due(now_ns()); }),
      sample_every_(100 * kSecond / 1000) {
  result_.options = options;
}

Measurement Run::measure() {
  if (options_.pid) {
    const auto facts = read_process(*options_.pid);
    if (!facts) throw std::runtime_error(std::string("there is no process ").append(std::to_string(*options_.pid)));
    result_.server = Measurement::Server{*facts, *facts, *facts};
  }
  client_.every(kTick, [this] { tick(); });
  connector_.start(now_ns());
  for (client_.run(); phase_ == Phase::connecting && !connector_.settled(); client_.run()) {
    std::this_thread::sleep_for(kTick);  // all have failed, and with a ramp others are due later
    tick();
  }
  if (phase_ == Phase::settling) close();  // there is no connection left that an echo could come on
  pacer_.stop();
  result_.opened = connector_.opened();
  result_.connecting_s = seconds_of(connector_.connecting_ns());
  result_.connect_ns = connector_.times();
  result_.latency_ns = traffic_.latencies();
  result_.lateness_ns = traffic_.lateness();
  return std::move(result_);
}

// ---- Phases

void Run::tick() {
  const std::int64_t now = now_ns();
  if (interrupted_ && !result_.interrupted) interrupt(now);
  if (phase_ == Phase::connecting) {
    connector_.advance(now);
    if (connector_.settled()) on_connecting_over();  // the last one could not even begin
  }
  if (phase_ == Phase::warming && now >= phase_end_) begin_window(now);
  if (phase_ == Phase::measuring) watch_window(now);
  if (phase_ == Phase::settling && (traffic_.under_way() == 0 || now >= phase_end_)) close();
  if (phase_ == Phase::closing && connector_.open() == 0) client_.stop();  // handshakes that were interrupted
  if (flow_begin_ != 0 && phase_ != Phase::closing && now >= next_sample_) take_sample(now);
  if (progress_.shown() && now - last_line_ >= kSecond) show_progress(now);
}

void Run::on_connecting_over() {
  if (phase_ == Phase::connecting && connector_.opened() != 0) start_flow(now_ns());
}

void Run::ensure_flow(std::int64_t now) {
  if (flow_begin_ != 0) return;
  flow_begin_ = now;
  take_sample(now);
  if (options_.messages) begin_window(now);
}

void Run::start_flow(std::int64_t now) {
  ensure_flow(now);
  phase_ = window_begin_ != 0 ? Phase::measuring : Phase::warming;
  phase_end_ = now + ns_of(options_.warmup_s);
  if (phase_ == Phase::warming && options_.warmup_s == 0) begin_window(now);
  if (options_.rate) {
    traffic_.begin_schedule(now);
    pacer_.start(traffic_.schedule());
  } else {
    for (Traffic::Link& link : traffic_.links()) traffic_.begin(link, now);
  }
  // With a ramp, what was to be sent may be back already, or its connections have ended.
  if (connector_.open() == 0 || traffic_.complete()) end_window(now_ns());
}

void Run::begin_window(std::int64_t now) {
  if (phase_ == Phase::warming) phase_ = Phase::measuring;
  phase_end_ = now + ns_of(options_.duration_s);
  window_begin_ = moved_ = now;
  result_.window_begin_s = seconds_of(now - flow_begin_);
  echoed_before_ = echoed_seen_ = traffic_.echoed();
  take_server_facts(&Measurement::Server::begin);
  result_.own_cpu = own_cpu();
  traffic_.begin_window(now);
}

void Run::end_window(std::int64_t now) {
  if (!flows()) return;
  if (window_begin_ == 0) begin_window(now);
  traffic_.end_window(now);
  traffic_.stop();
  pacer_.stop();
  result_.own_cpu = own_cpu() - result_.own_cpu;
  take_server_facts(&Measurement::Server::end);
  result_.messages = traffic_.echoed() - echoed_before_;
  result_.window_end_s = seconds_of(now - flow_begin_);
  take_sample(now);
  phase_ = Phase::settling;
  phase_end_ = now + (result_.interrupted ? kSecond : ns_of(options_.timeout_s));
}

void Run::close() {
  traffic_.count_missing();
  phase_ = Phase::closing;
  connector_.close_all();
}

void Run::interrupt(std::int64_t now) {
  result_.interrupted = true;
  if (phase_ == Phase::connecting) return close();
  if (phase_ == Phase::settling) return close();
  end_window(now);
}

/// The time is over; or nothing comes any more, or what is left was due on a connection that has ended.
void Run::watch_window(std::int64_t now) {
  if (options_.messages ? traffic_.complete() || stalled(now) : now >= phase_end_) end_window(now);
}

bool Run::stalled(std::int64_t now) {
  if (traffic_.echoed() != echoed_seen_ || traffic_.under_way() == 0) {
    echoed_seen_ = traffic_.echoed();
    moved_ = now;
  }
  return now - moved_ > ns_of(options_.timeout_s);
}

/// A server that has ended meanwhile has no figures that could be trusted.
void Run::take_server_facts(ProcessFacts Measurement::Server::*which) {
  if (!result_.server) return;
  if (const auto facts = read_process(*options_.pid)) {
    (*result_.server).*which = *facts;
  } else {
    result_.server.reset();
  }
}

// ---- What is seen

void Run::take_sample(std::int64_t now) {
  auto& samples = result_.samples;
  samples.push_back({seconds_of(now - flow_begin_), traffic_.echoed()});
  next_sample_ = now + sample_every_;
  if (samples.size() < kMostSamples) return;
  for (std::size_t i = 0; 2 * i < samples.size(); ++i) samples[i] = samples[2 * i];
  samples.resize((samples.size() + 1) / 2);
  sample_every_ *= 2;
}

void Run::show_progress(std::int64_t now) {
  const double seconds = seconds_of(now - std::max(last_line_, flow_begin_));
  std::string line = phase_text();
  if (flow_begin_ != 0 && seconds > 0.5) {
    const double rate = static_cast<double>(traffic_.echoed() - echoed_at_line_) / seconds;
    line.append(", ").append(rate_text(rate)).append(" messages/s");
  }
  if (traffic_.latencies().count() != 0) {
    line.append(", p99 ").append(duration_text(static_cast<double>(traffic_.latencies().percentile(99))));
  }
  if (result_.errors.total() != 0) line.append(", ").append(grouped(result_.errors.total())).append(" errors");
  progress_.show(line);
  echoed_at_line_ = traffic_.echoed();
  last_line_ = now;
}

std::string Run::phase_text() const {
  std::string text;
  if (phase_ == Phase::connecting) {
    return text.append("connecting ")
        .append(grouped(connector_.opened()))
        .append(" of ")
        .append(grouped(options_.connections));
  }
  text.append(phase_ == Phase::warming ? "warming up" : phase_ == Phase::measuring ? "measuring" : "ending");
  return text.append(", ").append(grouped(connector_.open())).append(" connections");
}

}  // namespace mote::load

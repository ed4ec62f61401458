#pragma once

#include <mote/client.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "load/connector.h"
#include "load/measurement.h"
#include "load/options.h"
#include "load/pacer.h"
#include "load/progress.h"
#include "load/traffic.h"

namespace mote::load {

/// One run from the first connection to the last Close, phase by phase.
class Run {
 public:
  /// `interrupted`: set by a signal handler, to end with what has been measured. Both must outlive it.
  Run(const Options& options, Progress& progress, const std::atomic<bool>& interrupted);

  /// Throws std::invalid_argument where an option makes no sense to the client, else std::runtime_error.
  Measurement measure();

 private:
  enum class Phase {
    connecting,
    warming,    // messages flow, and nobody counts
    measuring,  // the window
    settling,   // no more is sent: the last echoes come
    closing,
  };

  void tick();
  void on_connecting_over();
  void ensure_flow(std::int64_t now);
  void start_flow(std::int64_t now);
  void begin_window(std::int64_t now);
  void end_window(std::int64_t now);
  void close();
  void interrupt(std::int64_t now);
  void watch_window(std::int64_t now);
  [[nodiscard]] bool stalled(std::int64_t now);
  void take_sample(std::int64_t now);
  void show_progress(std::int64_t now);
  [[nodiscard]] std::string phase_text() const;
  void take_server_facts(ProcessFacts Measurement::Server::*which);
  [[nodiscard]] bool flows() const { return phase_ == Phase::warming || phase_ == Phase::measuring; }

  const Options& options_;
  Progress& progress_;
  const std::atomic<bool>& interrupted_;
  Phase phase_ = Phase::connecting;
  Measurement result_;
  Client client_;
  Traffic traffic_;
  Connector connector_;
  Pacer pacer_;
  std::int64_t flow_begin_ = 0;  // 0: not yet
  std::int64_t phase_end_ = 0;
  std::int64_t window_begin_ = 0;
  std::uint64_t echoed_before_ = 0;  // when the window began
  std::uint64_t echoed_seen_ = 0;    // for stalled()
  std::int64_t moved_ = 0;
  std::int64_t sample_every_;
  std::int64_t next_sample_ = 0;
  std::int64_t last_line_ = 0;
  std::uint64_t echoed_at_line_ = 0;
};

}  // namespace mote::load

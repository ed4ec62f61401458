#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "load/errors.h"
#include "load/histogram.h"
#include "load/options.h"
#include "load/process_facts.h"

namespace mote::load {

/// Echoes that had come at a moment.
struct Sample {
  double at_s = 0;  ///< Since the first message.
  std::uint64_t echoed = 0;
};

/// All that one run has found out; what the reports are made of.
struct Measurement {
  Options options;
  std::string started;       ///< When, as `2026-08-02 14:05 UTC`.
  bool interrupted = false;  ///< By a signal, before the time was over.
  Errors errors;

  /// \name Connecting
  /// @{
  std::uint32_t opened = 0;
  double connecting_s = 0;  ///< From the first `connect` until the last handshake was over.
  Histogram connect_ns;     ///< From `connect` until the connection was open, TLS included.
  /// @}

  /// \name The measured window
  /// @{
  double window_begin_s = 0;  ///< Since the first message.
  double window_end_s = 0;
  std::uint64_t messages = 0;  ///< Echoes that came in it.
  Histogram latency_ns;
  Histogram lateness_ns;        ///< Open loop: how much later than due messages were sent.
  std::vector<Sample> samples;  ///< From the first message to the last, every 100 ms or so.
  CpuTime own_cpu;              ///< Of this program, in the window.
  /// @}

  /// \name The server, where Options::pid is set and was there until the window's end
  /// @{
  struct Server {
    ProcessFacts before;  ///< Before connecting.
    ProcessFacts begin;   ///< At the window's begin.
    ProcessFacts end;     ///< At its end.

    [[nodiscard]] CpuTime cpu() const { return end.cpu - begin.cpu; }
  };
  std::optional<Server> server;
  /// @}

  [[nodiscard]] double seconds() const { return window_end_s - window_begin_s; }
  [[nodiscard]] double per_second() const { return seconds() > 0 ? static_cast<double>(messages) / seconds() : 0; }
  /// Of payload, each way.
  [[nodiscard]] double mib_per_second() const {
    return per_second() * static_cast<double>(options.payload_bytes) / (1024.0 * 1024.0);
  }
  [[nodiscard]] double handshakes_per_second() const { return connecting_s > 0 ? opened / connecting_s : 0; }
  /// `ns` for each message.
  [[nodiscard]] double each(std::int64_t ns) const {
    return messages == 0 ? 0 : static_cast<double>(ns) / static_cast<double>(messages);
  }
};

}  // namespace mote::load

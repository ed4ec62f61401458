#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "tests/fault/plan.h"
#include "tests/fault/run.h"
#include "tests/fault/scenario.h"

namespace mote::fault {

/// Runs scenarios with one fault after another, and counts.
class Campaign {
 public:
  struct Settings {
    std::optional<Call> only_call = {};
    std::optional<int> only_effect = {};
    std::optional<Mode> only_mode = {};
    unsigned every = 1;     ///< Of all faults of a scenario only one in so many, always the same ones.
    bool thorough = false;  ///< All of OpenSSL's allocations, of which a handshake has thousands.
    std::string folder = {};
  };

  explicit Campaign(Settings settings);

  /// With every fault that strikes.
  void explore(const Scenario& scenario);
  /// With that fault only, or none.
  void run_one(const Scenario& scenario, const std::optional<Plan>& plan);

  /// That were injected: calls that were made to fail.
  [[nodiscard]] std::uint64_t faults() const { return faults_; }
  /// Runs in which at least one was.
  [[nodiscard]] std::uint64_t runs() const { return runs_; }
  /// How many were of which call.
  [[nodiscard]] std::string table() const;
  [[nodiscard]] bool every_call_failed() const;
  [[nodiscard]] std::uint64_t failures() const { return failures_; }

 private:
  static constexpr std::uint64_t kMostTold = 25;
  static constexpr unsigned kMostOfOpenssl = 150;  // of one scenario's

  void explore_uses(const Scenario& scenario, Plan plan, unsigned uses);
  void count(const std::optional<Plan>& plan, const Outcome& outcome);
  [[nodiscard]] bool left_socket_file(const std::optional<Plan>& plan) const;
  Outcome run(const Scenario& scenario, const std::optional<Plan>& plan);
  Outcome checked(const Scenario& scenario, const std::optional<Plan>& plan, int patience_ms);
  void tell(const Scenario& scenario, const std::optional<Plan>& plan, const std::string& failure);

  Settings settings_;
  int descriptors_;  // open ones, between two runs
  std::uint64_t faults_ = 0;
  std::uint64_t runs_ = 0;
  std::array<std::uint64_t, kCalls> faults_of_{};
  std::uint64_t failures_ = 0;
  std::uint64_t looked_at_ = 0;
};

}  // namespace mote::fault

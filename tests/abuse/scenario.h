#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "tests/abuse/report.h"

namespace mote::abuse {

struct Settings {
  /// Some hundred clients and a second or so, and only bounds on memory and counts: for the tests.
  bool small = false;
  /// Over TLS.
  bool tls = false;
  /// In place of the scenario's own length.
  std::optional<double> seconds = {};

  /// What a scenario takes in its full size and in the small one.
  template <class T>
  [[nodiscard]] T pick(T full_size, T small_size) const {
    return small ? small_size : full_size;
  }
  [[nodiscard]] double length(double full_size, double small_size) const {
    return seconds.value_or(pick(full_size, small_size));
  }
};

struct Scenario {
  std::string_view name;
  std::string_view text;
  void (*play)(const Settings& settings, Report& report);
};

std::vector<Scenario> all_scenarios();

/// \name The scenarios; each is explained where it is
/// @{
void play_full(const Settings& settings, Report& report);
void play_many(const Settings& settings, Report& report);
void play_churn(const Settings& settings, Report& report);
void play_accept_limit(const Settings& settings, Report& report);
void play_deaf(const Settings& settings, Report& report);
void play_slowloris(const Settings& settings, Report& report);
void play_hellos(const Settings& settings, Report& report);
void play_flood(const Settings& settings, Report& report);
void play_soak(const Settings& settings, Report& report);
/// @}

}  // namespace mote::abuse

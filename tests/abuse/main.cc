#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/abuse/clock.h"
#include "tests/abuse/report.h"
#include "tests/abuse/scenario.h"

namespace mote::abuse {

std::vector<Scenario> all_scenarios() {
  return {
      {"full", "19,000 connections to one process, all echoing", play_full},
      {"many", "100,000 connections over several processes", play_many},
      {"churn", "5,000 connects and disconnects a second for a minute", play_churn},
      {"accept_limit", "the limit of descriptors is reached, and left again", play_accept_limit},
      {"deaf", "1,000 peers send and never read", play_deaf},
      {"slowloris", "5,000 opening handshakes, a byte at a time", play_slowloris},
      {"hellos", "TLS handshakes that are begun and left, as fast as they are answered", play_hellos},
      {"flood", "one peer floods, 1,000 wait for their echo", play_flood},
      {"soak", "ten minutes of coming, talking and going", play_soak},
  };
}

namespace {

/// Where others want the cores too, times and rates say less about the server.
std::string load_average() {
  double last_minute = 0;
  return ::getloadavg(&last_minute, 1) == 1 ? decimal(last_minute) : "unknown";
}

void tell_usage() {
  std::printf(
      "abuse [--small] [--tls] [--seconds S] [SCENARIO...]: puts a server under load, prints what it took; all "
      "scenarios unless some are named\n"
      "  --small      a second each, bounds on memory and counts only\n"
      "  --tls        over TLS; churn with a tenth of the connections\n"
      "  --seconds S  of the part of a scenario that has a length\n");
  for (const Scenario& scenario : all_scenarios()) {
    std::printf("  %-12.*s %.*s\n", static_cast<int>(scenario.name.size()), scenario.name.data(),
                static_cast<int>(scenario.text.size()), scenario.text.data());
  }
}

Scenario scenario_named(std::string_view name) {
  for (const Scenario& scenario : all_scenarios()) {
    if (scenario.name == name) return scenario;
  }
  throw std::invalid_argument("no scenario \"" + std::string(name) + "\": see --help");
}

int run(int count, char** words) {
  Settings settings;
  std::vector<Scenario> chosen;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    if (word == "--help") {
      tell_usage();
      return 0;
    }
    if (word == "--small") {
      settings.small = true;
    } else if (word == "--tls") {
      settings.tls = true;
    } else if (word == "--seconds" && i + 1 < count) {
      settings.seconds = std::stod(words[++i]);
    } else {
      chosen.push_back(scenario_named(word));
    }
  }
  if (chosen.empty()) chosen = all_scenarios();
  Report report;
  for (const Scenario& scenario : chosen) {
    report.begin(std::string(scenario.name) + (settings.tls ? " over TLS: " : ": ") + std::string(scenario.text));
    report.figure("load average of the machine", load_average());
    const auto began = Clock::now();
    scenario.play(settings, report);
    report.figure("took", decimal(seconds_since(began)) + " s");
  }
  std::printf("%zu scenarios, %u bounds missed\n", chosen.size(), report.missed());
  return report.missed() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace mote::abuse

int main(int count, char** words) {
  try {
    return mote::abuse::run(count, words);
  } catch (const std::invalid_argument& exception) {
    std::fprintf(stderr, "abuse: %s\n", exception.what());
    return 2;
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "abuse: %s\n", exception.what());
    return 1;
  }
}

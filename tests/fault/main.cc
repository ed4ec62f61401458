#include <signal.h>

#include <charconv>
#include <cstdio>
#include <ctime>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <mote/log.h>

#include "tests/fault/allocators.h"
#include "tests/fault/campaign.h"
#include "tests/fault/credentials.h"
#include "tests/fault/log_book.h"
#include "tests/fault/scenario.h"
#include "tests/support/temporary_folder.h"

namespace {

using namespace mote::fault;

constexpr const char* kUsage =
    "faults [OPTION...]: has each system call and allocation of the library fail in each scenario\n"
    "  --list             names the scenarios\n"
    "  --group GROUP      those of one group only: server, ending, deflate, tls, client, limits, proxies, evidence\n"
    "  --scenario NAME    one of them\n"
    "  --call CALL        only faults of that call: recv, accept4, new, openssl ...\n"
    "  --errno NAME       only that fault: ECONNRESET, one-byte, end, no-memory ...\n"
    "  --mode once|on     only once, or only from then on\n"
    "  --nth N            one run, with the fault at the Nth use; needs --scenario, --call, --errno and --mode\n"
    "  --thorough         all of OpenSSL's allocations, and not 150 of each scenario's\n"
    "  --clean            one run of each, without any fault\n"
    "  --every N          one fault in N, always the same ones\n";

struct Arguments {
  std::string_view group;
  std::string_view scenario;
  bool list = false;
  bool clean = false;
  bool help = false;
  std::optional<unsigned> nth;
  Campaign::Settings settings;
};

[[noreturn]] void refuse(std::string_view what) { throw std::invalid_argument("bad argument: " + std::string(what)); }

unsigned number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0) refuse(text);
  return value;
}

Mode mode_named(std::string_view name) {
  if (name != "once" && name != "on") refuse(name);
  return name == "once" ? Mode::once : Mode::from_then_on;
}

void take(Arguments& to, std::string_view option, std::string_view value) {
  if (option == "--group") {
    to.group = value;
  } else if (option == "--scenario") {
    to.scenario = value;
  } else if (option == "--call") {
    to.settings.only_call = call_named(value);
    if (!to.settings.only_call) refuse(value);
  } else if (option == "--errno") {
    to.settings.only_effect = effect_named(value);
    if (!to.settings.only_effect) refuse(value);
  } else if (option == "--mode") {
    to.settings.only_mode = mode_named(value);
  } else if (option == "--nth") {
    to.nth = number(value);
  } else if (option == "--every") {
    to.settings.every = number(value);
  } else {
    refuse(option);
  }
}

Arguments parse(int count, char** words) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string_view option = words[i];
    if (option == "--list") {
      arguments.list = true;
    } else if (option == "--help") {
      arguments.help = true;
    } else if (option == "--clean") {
      arguments.clean = true;
    } else if (option == "--thorough") {
      arguments.settings.thorough = true;
    } else if (++i < count) {
      take(arguments, option, words[i]);
    } else {
      refuse(option);
    }
  }
  return arguments;
}

std::optional<Plan> plan_of(const Arguments& arguments) {
  if (!arguments.nth) return std::nullopt;
  const auto& settings = arguments.settings;
  if (arguments.scenario.empty() || !settings.only_call || !settings.only_effect || !settings.only_mode)
    refuse("--nth");
  return Plan{*settings.only_call, *settings.only_effect, *arguments.nth, *settings.only_mode};
}

/// Answers how many there were.
unsigned play(const Arguments& arguments, Campaign& campaign) {
  const auto plan = plan_of(arguments);
  unsigned played = 0;
  for (const Scenario& scenario : all_scenarios()) {
    if (!arguments.group.empty() && arguments.group != scenario.group) continue;
    if (!arguments.scenario.empty() && arguments.scenario != scenario.name) continue;
    ++played;
    if (arguments.list) {
      std::printf("%-8.*s %.*s\n", static_cast<int>(scenario.group.size()), scenario.group.data(),
                  static_cast<int>(scenario.name.size()), scenario.name.data());
    } else if (plan || arguments.clean) {
      campaign.run_one(scenario, plan);
    } else {
      campaign.explore(scenario);
    }
  }
  return played;
}

/// Nothing was left out.
bool whole(const Arguments& arguments) {
  const auto& settings = arguments.settings;
  return arguments.group.empty() && arguments.scenario.empty() && !arguments.clean && !settings.only_call &&
         !settings.only_effect && !settings.only_mode && settings.every == 1;
}

double seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

int run(int count, char** words) {
  Arguments arguments = parse(count, words);
  if (arguments.help) return std::printf("%s", kUsage) > 0 ? 0 : 1;
  take_over_allocators();
  ::signal(SIGXFSZ, SIG_IGN);  // of a file that may not be so large
  static_cast<void>(credentials());
  mote::set_logger(mote::LogLevel::warning, [](mote::LogLevel, std::string_view line) { log_book().add(line); });
  const mote::test::TemporaryFolder folder;
  arguments.settings.folder = folder.path();
  Campaign campaign(arguments.settings);
  const double began = seconds();
  const unsigned scenarios = play(arguments, campaign);
  if (scenarios == 0) refuse(arguments.scenario.empty() ? arguments.group : arguments.scenario);
  if (arguments.list) return 0;
  std::printf("%s\n", campaign.table().c_str());
  std::printf("%u scenarios, %llu runs with a fault, %llu injected faults, %llu failures, %.1f s\n", scenarios,
              static_cast<unsigned long long>(campaign.runs()), static_cast<unsigned long long>(campaign.faults()),
              static_cast<unsigned long long>(campaign.failures()), seconds() - began);
  if (whole(arguments) && !campaign.every_call_failed()) {
    std::printf("FAILED: a call that no scenario makes\n");
    return 1;
  }
  return campaign.failures() == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
  try {
    return run(count, words);
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "%s\n%s", exception.what(), kUsage);
    return 2;
  }
}

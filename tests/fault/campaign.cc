#include "tests/fault/campaign.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "tests/fault/allocators.h"
#include "tests/fault/wraps.h"

namespace mote::fault {
namespace {

constexpr unsigned kPatienceSeconds = 60;
constexpr int kKernelsTimeMs = 10;
constexpr int kMostDescriptors = 48;  // of which a run needs half

// What is being run, for who must tell it when the process comes to its end.
std::array<char, 512> present_run{};

void write_down(const Scenario& scenario, const std::optional<Plan>& plan) {
  std::string text = "faults --scenario ";
  text.append(scenario.name);
  if (plan) text.append(" ").append(to_string(*plan));
  text.append("\n");
  std::strncpy(present_run.data(), text.c_str(), present_run.size() - 1);
}

void tell_present_run() {
  constexpr std::string_view words = "the process ends in: build/release/bin/";
  [[maybe_unused]] auto written = ::write(STDERR_FILENO, words.data(), words.size());
  written = ::write(STDERR_FILENO, present_run.data(), std::strlen(present_run.data()));
}

void on_signal(int number) {
  tell_present_run();
  ::signal(number, SIG_DFL);
  ::raise(number);
}

int open_descriptors() {
  int count = 0;
  for (int i = 0; i < kMostDescriptors; ++i) count += ::fcntl(i, F_GETFD) >= 0 ? 1 : 0;
  return count;
}

}  // namespace

extern "C" void __sanitizer_set_death_callback(void (*)()) __attribute__((weak));

Campaign::Campaign(Settings settings) : settings_(std::move(settings)), descriptors_(open_descriptors()) {
  for (const int number : {SIGABRT, SIGALRM}) ::signal(number, on_signal);
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(tell_present_run);
  } else {
    for (const int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE}) ::signal(number, on_signal);
  }
}

Outcome Campaign::checked(const Scenario& scenario, const std::optional<Plan>& plan, int patience_ms) {
  write_down(scenario, plan);
  ::alarm(kPatienceSeconds);
  const std::int64_t blocks = live_blocks();
  Outcome outcome = Run(scenario, plan, settings_.folder, patience_ms).play();
  ERR_clear_error();
  while (other_threads_work()) ::sched_yield();
  ::alarm(0);
  if (!outcome.failure.empty()) return outcome;
  if (live_blocks() > blocks) outcome.failure = "leaks " + std::to_string(live_blocks() - blocks) + " blocks";
  const int descriptors = open_descriptors();
  if (descriptors != descriptors_) outcome.failure = "leaves descriptors open";
  descriptors_ = descriptors;
  if (left_socket_file(plan)) outcome.failure = "leaves its socket file behind";
  return outcome;
}

/// Which would be in the way of whatever comes next there.
bool Campaign::left_socket_file(const std::optional<Plan>& plan) const {
  const bool left = ::unlink((settings_.folder + "/server").c_str()) == 0;
  return left && !(plan && plan->call == Call::unlink);
}

/// What fails has to fail again: what is made once for the life of the process is no leak, and the kernel's part of
/// TCP takes its time.
Outcome Campaign::run(const Scenario& scenario, const std::optional<Plan>& plan) {
  Outcome outcome = checked(scenario, plan, 0);
  if (!outcome.failure.empty()) outcome = checked(scenario, plan, kKernelsTimeMs);
  if (!outcome.failure.empty()) tell(scenario, plan, outcome.failure);
  return outcome;
}

void Campaign::tell(const Scenario& scenario, const std::optional<Plan>& plan, const std::string& failure) {
  if (++failures_ > kMostTold) return;
  std::printf("FAILED: %s\n  again: faults --scenario %.*s %s\n", failure.c_str(),
              static_cast<int>(scenario.name.size()), scenario.name.data(), plan ? to_string(*plan).c_str() : "");
  std::fflush(stdout);
}

void Campaign::run_one(const Scenario& scenario, const std::optional<Plan>& plan) { count(plan, run(scenario, plan)); }

void Campaign::count(const std::optional<Plan>& plan, const Outcome& outcome) {
  faults_ += outcome.hits;
  runs_ += outcome.hits != 0 ? 1 : 0;
  if (plan) faults_of_[static_cast<std::size_t>(plan->call)] += outcome.hits;
}

void Campaign::explore(const Scenario& scenario) {
  // The first one makes what is made once for the life of the process.
  static_cast<void>(checked(scenario, std::nullopt, 0));
  const Outcome clean = run(scenario, std::nullopt);
  if (!clean.failure.empty()) return;
  for (std::size_t i = 0; i < kCalls; ++i) {
    const auto call = static_cast<Call>(i);
    if (clean.uses[i] == 0 || (settings_.only_call && *settings_.only_call != call)) continue;
    for (const int effect : effects_of(call)) {
      if (settings_.only_effect && *settings_.only_effect != effect) continue;
      for (const Mode mode : {Mode::once, Mode::from_then_on}) {
        if (!settings_.only_mode || *settings_.only_mode == mode)
          explore_uses(scenario, {call, effect, 1, mode}, clean.uses[i]);
      }
    }
  }
}

std::string Campaign::table() const {
  std::string text;
  for (std::size_t i = 0; i < kCalls; ++i) {
    if (!text.empty()) text.append(", ");
    text.append(name_of(static_cast<Call>(i))).append(" ").append(std::to_string(faults_of_[i]));
  }
  return text;
}

bool Campaign::every_call_failed() const {
  return std::ranges::all_of(faults_of_, [](const std::uint64_t faults) { return faults != 0; });
}

/// Use after use, until there is none. Where only some are chosen it is enough to know how many there are without any
/// fault.
void Campaign::explore_uses(const Scenario& scenario, Plan plan, unsigned uses) {
  const unsigned stride = plan.call == Call::openssl && !settings_.thorough ? uses / kMostOfOpenssl + 1 : 1;
  const bool some = settings_.every != 1 || stride != 1;
  plan.nth = 1 + static_cast<unsigned>(looked_at_ % stride);
  for (;; plan.nth += stride) {
    if (some && plan.nth > uses) return;
    if (looked_at_++ % settings_.every != 0) continue;
    const Outcome outcome = run(scenario, plan);
    count(plan, outcome);
    if (outcome.hits == 0 && !some) return;
  }
}

}  // namespace mote::fault

#include "tests/conformance/runner.h"

#include <atomic>
#include <chrono>
#include <exception>
#include <string_view>
#include <thread>

namespace mote::conformance {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kSideBySide = 3;
// Above what a server under a sanitizer on a busy machine takes; each single wait is bounded too.
constexpr double kLongestMilliseconds = 300'000;

bool is_timed(const Case& one) { return section_of(one) == "9"; }

Result run_case(const Case& one, const Open& open, const Scale& scale) {
  Result result{Result::Outcome::passed};
  const auto begin = Clock::now();
  try {
    Peer peer = open(one);
    one.script(peer, scale);
  } catch (const std::exception& error) {
    result = {Result::Outcome::failed, error.what()};
  }
  result.milliseconds = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  if (result.outcome == Result::Outcome::passed && result.milliseconds > kLongestMilliseconds) {
    result.outcome = Result::Outcome::failed;
    result.why = "it took too long";
  }
  return result;
}

}  // namespace

std::vector<Result> run_cases(const std::vector<Case>& cases, const Open& open, const Scale& scale) {
  std::vector<Result> results(cases.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < cases.size(); i = next++) {
      if (!is_timed(cases[i])) results[i] = run_case(cases[i], open, scale);
    }
  };
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < kSideBySide; ++i) workers.emplace_back(work);
  for (std::thread& worker : workers) worker.join();
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (is_timed(cases[i])) results[i] = run_case(cases[i], open, scale);
  }
  return results;
}

}  // namespace mote::conformance

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include <mote/log.h>

#include "tests/model/play.h"
#include "tests/support/allocation_counter.h"
#include "tests/support/temporary_folder.h"

namespace {

constexpr const char* kUsage =
    "model [OPTION...]: peers and callbacks that do anything, against a model of what mote promises\n"
    "  --seeds FROM..TO  those plays, both included; 1..3000 unless told otherwise\n"
    "  --seed N          one of them, with a line for all that happens\n";

struct Arguments {
  std::uint64_t first = 1;
  std::uint64_t last = 3'000;
  bool traces = false;
};

[[noreturn]] void refuse(std::string_view what) { throw std::invalid_argument("bad argument: " + std::string(what)); }

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) refuse(text);
  return value;
}

Arguments parse(int count, char** words) {
  Arguments arguments;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view option = words[i];
    const std::string_view value = words[i + 1];
    if (option == "--seed") {
      arguments = {number(value), number(value), true};
    } else if (const std::size_t dots = value.find(".."); option == "--seeds" && dots != std::string_view::npos) {
      arguments = {number(value.substr(0, dots)), number(value.substr(dots + 2)), false};
    } else {
      refuse(option);
    }
  }
  if (count % 2 == 0) refuse(words[count - 1]);
  return arguments;
}

struct Sum {
  std::uint64_t attempts = 0;
  std::uint64_t opened = 0;
  std::uint64_t failures = 0;
};

/// What was wrong, which is nothing where it was so only once: TCP may be late, and some things are made once in a
/// process. The second time there is more patience.
std::string play(std::uint64_t seed, const std::string& folder, bool traces, Sum& sum) {
  for (const int patience_ms : {0, 5}) {
    const std::int64_t blocks = mote::test::live_blocks();
    auto play = std::make_unique<mote::model::Play>(seed, folder, patience_ms, traces);
    std::string failure = play->perform();
    const bool excused = play->uses_tcp() && !failure.empty();
    const std::size_t attempts = play->attempts();
    const std::size_t opened = play->opened();
    play.reset();
    const bool leaves_memory = failure.empty() && mote::test::live_blocks() != blocks;
    if (patience_ms == 0 && (excused || leaves_memory)) continue;
    sum.attempts += attempts;
    sum.opened += opened;
    return leaves_memory ? "memory is left" : failure;
  }
  return {};
}

int run(const Arguments& arguments) {
  mote::set_logger(mote::LogLevel::off, {});
  const mote::test::TemporaryFolder folder;
  Sum sum;
  for (std::uint64_t seed = arguments.first; seed <= arguments.last; ++seed) {
    const std::string failure = play(seed, folder.path(), arguments.traces, sum);
    if (failure.empty()) continue;
    ++sum.failures;
    std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), failure.c_str());
    std::fflush(stdout);
  }
  std::printf("seeds %llu..%llu: %llu attempts, %llu connections opened, %llu plays failed\n",
              static_cast<unsigned long long>(arguments.first), static_cast<unsigned long long>(arguments.last),
              static_cast<unsigned long long>(sum.attempts), static_cast<unsigned long long>(sum.opened),
              static_cast<unsigned long long>(sum.failures));
  return sum.failures == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
  try {
    return run(parse(count, words));
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "%s\n%s", exception.what(), kUsage);
    return 2;
  }
}

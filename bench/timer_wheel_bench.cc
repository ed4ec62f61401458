// The timer wheel with a million timers armed, with ticks of a millisecond as in a reactor. The argument is the longest
// timeout in seconds; timeouts are spread evenly up to it.

#include <benchmark/benchmark.h>

#include <time.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "bench/host.h"
#include "core/timer_wheel.h"

namespace {

constexpr std::size_t kTimers = 1'000'000;

struct Timer final : mote::core::TimerNode {
  std::array<std::byte, 40> owner;  // a timer is a part of a connection: they are not packed
};

class ArmedWheel {
 public:
  explicit ArmedWheel(std::int64_t longest_seconds) : timers_(kTimers) {
    std::mt19937 random(1);  // the same in every run
    for (std::uint64_t& timeout : timeouts_)
      timeout = 1 + random() % static_cast<std::uint64_t>(longest_seconds * 1000);
    for (std::size_t i = 0; i < kTimers; ++i) arm(any());
  }

  void arm(Timer& timer) { wheel.arm(timer, wheel.now() + timeouts_[++armed_ % timeouts_.size()]); }
  // Each once, then again in the same order, all over memory: rarely one that a cache holds.
  Timer& any() { return timers_[at_ = (at_ + kStride) % kTimers]; }

  mote::core::TimerWheel wheel;

 private:
  static constexpr std::size_t kStride = 618'033;  // has no factor in common with kTimers

  std::array<std::uint64_t, 1024> timeouts_;
  std::size_t armed_ = 0;
  std::size_t at_ = 0;
  std::vector<Timer> timers_;
};

// One more timer, armed and disarmed at once.
void arm_and_disarm(benchmark::State& state) {
  ArmedWheel armed(state.range(0));
  Timer timer;
  for (auto _ : state) {
    armed.arm(timer);
    armed.wheel.disarm(timer);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}

void rearm_any(benchmark::State& state) {
  ArmedWheel armed(state.range(0));
  for (auto _ : state) {
    armed.arm(armed.any());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}

// CPU time of this thread: what others do on this machine is not in it.
double thread_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// A tick, with `next()` as before a wait; what fires is armed again. `longest` is the longest tick of those at which a
// coarse slot is sorted into finer ones: every 64th.
void advance(benchmark::State& state) {
  ArmedWheel armed(state.range(0));
  std::int64_t fired = 0;
  double longest = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(armed.wheel.next());
    const std::uint64_t tick = armed.wheel.now() + 1;
    const bool sorts = tick % 64 == 0;
    const double begin = sorts ? thread_seconds() : 0;
    armed.wheel.advance(tick, [&](mote::core::TimerNode& node) {
      ++fired;
      armed.arm(static_cast<Timer&>(node));
    });
    if (sorts) longest = std::max(longest, thread_seconds() - begin);
  }
  state.SetItemsProcessed(fired);
  state.counters["fired"] = benchmark::Counter(static_cast<double>(fired), benchmark::Counter::kAvgIterations);
  state.counters["longest"] = longest;
}

void timeouts(benchmark::internal::Benchmark* bench) { bench->ArgName("seconds")->Arg(1)->Arg(60)->Arg(3600); }

BENCHMARK(arm_and_disarm)->Apply(timeouts);
BENCHMARK(rearm_any)->Apply(timeouts);
BENCHMARK(advance)->Apply(timeouts);

}  // namespace

int main(int argc, char** argv) { return mote::bench::run(argc, argv); }

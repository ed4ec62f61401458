#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "tests/abuse/clock.h"
#include "tests/abuse/crowd.h"
#include "tests/abuse/scenario.h"
#include "tests/abuse/server_process.h"
#include "tests/support/client_frame.h"

// Clients come, have messages of all sizes echoed, and go in every way, always the same number of them. Once all that
// is kept for reuse has come into being, memory does not grow any more.
namespace mote::abuse {
namespace {

constexpr unsigned kSeed = 20'260'101;
constexpr std::int64_t kKeptForReuse = 4 * 1024 * 1024;  // of blocks that connections have given back
constexpr double kWarmUpShare = 0.25;

class Soak {
 public:
  Soak(const Door& door, std::size_t clients) : crowd_(door, 64), clients_(clients) {
    crowd_.events.opened = [this](Crowd::Id id) { say_something(id); };
    crowd_.events.echoed = [this](Crowd::Id id) { chance(8) ? go(id) : say_something(id); };
  }

  void turn() {
    while (crowd_.present() < clients_ && crowd_.begin() != Crowd::kNobody) continue;
    crowd_.turn(5);
  }
  /// All go.
  void end() {
    crowd_.events.opened = {};
    crowd_.events.echoed = {};
    crowd_.reset_all();
  }
  [[nodiscard]] const Crowd::Counts& counts() const { return crowd_.counts(); }

 private:
  [[nodiscard]] bool chance(unsigned one_in) { return random_() % one_in == 0; }

  void say_something(Crowd::Id id) {
    if (chance(4)) crowd_.say(id, test::client_frame(10, "still here"));
    const std::size_t most = chance(20) ? 200'000 : chance(4) ? 5'000 : 200;
    crowd_.echo(id, 1 + random_() % most);
  }

  void go(Crowd::Id id) {
    crowd_.stop_listening(id);
    switch (random_() % 5) {
      case 0:
        return crowd_.say(id, test::close_frame(1000, "enough"));
      case 1:
        return crowd_.say(id, test::client_frame(3, "no such frame"));
      case 2:
        crowd_.say(id, test::client_frame(1, std::string(3000, 'h'), {.announced = 90'000}));  // half a message
        return crowd_.close(id);
      case 3:
        return crowd_.close(id);
      default:
        return crowd_.reset(id);
    }
  }

  Crowd crowd_;
  std::size_t clients_;
  std::minstd_rand random_{kSeed};
};

struct Sample {
  double seconds;
  double heap;
  double resident;
};

Sample sample(const ServerProcess& server, double seconds) {
  const ServerFacts facts = server.facts();
  return {seconds, static_cast<double>(facts.heap_bytes), static_cast<double>(facts.resident_bytes)};
}

/// Of a straight line through them, by least squares.
double slope(const std::vector<Sample>& samples, double Sample::*value) {
  double time = 0;
  double mean = 0;
  for (const Sample& sample : samples) {
    time += sample.seconds / static_cast<double>(samples.size());
    mean += sample.*value / static_cast<double>(samples.size());
  }
  double above = 0;
  double below = 0;
  for (const Sample& sample : samples) {
    above += (sample.seconds - time) * (sample.*value - mean);
    below += (sample.seconds - time) * (sample.seconds - time);
  }
  return below > 0 ? above / below : 0;
}

std::string a_minute(double bytes_a_second) { return decimal(60 * bytes_a_second / 1024, 2) + " KiB a minute"; }

}  // namespace

void play_soak(const Settings& settings, Report& report) {
  const double length = settings.length(600, 1);
  const ServerProcess server({.tls = settings.tls});
  const ServerFacts empty = server.facts();
  Soak soak(server.door(), settings.pick<std::size_t>(200, 50));
  std::vector<Sample> samples;
  const auto began = Clock::now();
  double next_look = kWarmUpShare * length;
  for (double now = 0; now < length; now = seconds_since(began)) {
    soak.turn();
    if (now < next_look) continue;
    next_look += length / 600;
    samples.push_back(sample(server, now));
  }
  samples.push_back(sample(server, length));
  soak.end();
  ServerFacts left = server.facts();
  for (const auto patience = after(30); left.descriptors != empty.descriptors && Clock::now() < patience;)
    left = server.facts();
  const double heap = slope(samples, &Sample::heap);
  const double resident = slope(samples, &Sample::resident);
  report.figure("seed, clients at a time", std::to_string(kSeed) + ", " + std::to_string(settings.pick(200, 50)));
  report.figure("connections, echoes",
                std::to_string(soak.counts().begun) + ", " + std::to_string(soak.counts().echoes));
  report.figure("server's heap", mebibytes(static_cast<std::int64_t>(samples.front().heap)) + " after the warm-up, " +
                                     mebibytes(static_cast<std::int64_t>(samples.back().heap)) + " at the end, slope " +
                                     a_minute(heap));
  report.figure("server's resident memory", mebibytes(static_cast<std::int64_t>(samples.front().resident)) + ", " +
                                                mebibytes(static_cast<std::int64_t>(samples.back().resident)) +
                                                ", slope " + a_minute(resident));
  report.figure("heap when all have gone",
                mebibytes(left.heap_bytes) + ", before anybody came: " + mebibytes(empty.heap_bytes));
  report.must(soak.counts().wrong == 0 && soak.counts().echoes > 0, "no echo was wrong");
  report.must(left.closed == left.opened && left.descriptors == empty.descriptors && left.memory_bytes == 0,
              "one on_close each; nothing is left of them");
  report.must(left.heap_bytes - empty.heap_bytes < kKeptForReuse,
              "the heap is where it was, within the 4 MiB that are kept for reuse");
  if (!settings.small)
    report.must(resident * length < 1024 * 1024, "resident memory does not grow: below 1 MiB in that time");
}

}  // namespace mote::abuse

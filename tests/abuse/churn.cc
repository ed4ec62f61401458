#include <algorithm>
#include <cmath>

#include "tests/abuse/clock.h"
#include "tests/abuse/crowd.h"
#include "tests/abuse/gathering.h"
#include "tests/abuse/scenario.h"
#include "tests/abuse/server_process.h"
#include "tests/support/client_frame.h"

// So many clients a second connect, have a message echoed, and leave: with a Close, with an end of the stream, or with
// a reset. After a first second, which fills what is kept for reuse, memory and descriptors stay what they are. Over
// TLS it is a tenth of them.
namespace mote::abuse {
namespace {

constexpr std::size_t kSources = 64;
constexpr std::int64_t kTablesForEach = 7 * 16;  // the reactor's lists of those who have something to do in a turn

class Churn {
 public:
  Churn(const Door& door, std::size_t most_present) : crowd_(door, kSources), most_present_(most_present) {
    gather(crowd_, most_present, 20);
    crowd_.reset_all();
    crowd_.events.opened = [this](Crowd::Id id) { crowd_.echo(id, 20); };
    crowd_.events.echoed = [this](Crowd::Id id) { go(id); };
  }

  /// Answers how many have come.
  std::uint64_t run(double a_second, double seconds) {
    const std::uint64_t before = crowd_.counts().begun;
    const auto began = Clock::now();
    for (double now = 0; now < seconds; now = seconds_since(began)) {
      const auto due = static_cast<std::uint64_t>(now * a_second);
      while (crowd_.counts().begun - before < due && crowd_.present() < most_present_) {
        if (crowd_.begin() == Crowd::kNobody) break;
      }
      crowd_.turn(1);
    }
    crowd_.turn_until([this] { return crowd_.present() == 0; }, 20);
    return crowd_.counts().begun - before;
  }

  [[nodiscard]] const Crowd::Counts& counts() const { return crowd_.counts(); }
  [[nodiscard]] std::size_t present() const { return crowd_.present(); }

 private:
  void go(Crowd::Id id) {
    switch (gone_++ % 3) {
      case 0:
        crowd_.stop_listening(id);
        crowd_.say(id, test::close_frame(1000));  // and the server ends it
        break;
      case 1:
        crowd_.close(id);
        break;
      default:
        crowd_.reset(id);
    }
  }

  Crowd crowd_;
  std::size_t most_present_;
  std::uint64_t gone_ = 0;
};

/// When all have gone.
ServerFacts facts_when_empty(const ServerProcess& server) {
  ServerFacts facts = server.facts();
  for (const auto patience = after(20); facts.connections != 0 && Clock::now() < patience;) facts = server.facts();
  return facts;
}

}  // namespace

void play_churn(const Settings& settings, Report& report) {
  const double a_second = settings.pick(5'000.0, 500.0) / (settings.tls ? 10 : 1);
  const double length = settings.length(60, 0.5);
  const ServerProcess server({.tls = settings.tls});
  const auto most_present = settings.pick<std::size_t>(4'000, 200);
  Churn churn(server.door(), most_present);
  churn.run(a_second, settings.pick(2.0, 0.3));
  const ServerFacts before = facts_when_empty(server);
  const std::uint64_t warm_up = churn.counts().begun;
  const std::uint64_t echoes = churn.counts().echoes;
  const std::uint64_t came = churn.run(a_second, length);
  const ServerFacts behind = facts_when_empty(server);
  const double rate = static_cast<double>(came) / length;
  report.figure("connections that came and went", came);
  report.figure("a second", decimal(rate, 0));
  report.figure("server's CPU", decimal(100 * (behind.cpu_seconds - before.cpu_seconds) / length, 0) + " %");
  report.figure("server's heap",
                std::to_string(before.heap_bytes) + " bytes before, " + std::to_string(behind.heap_bytes) + " after");
  report.figure("server's resident memory",
                mebibytes(before.resident_bytes) + " before, " + mebibytes(behind.resident_bytes) + " after");
  report.must(
      churn.counts().begun - warm_up == came && churn.counts().echoes - echoes == came && churn.counts().wrong == 0,
      "each was served: " + std::to_string(churn.counts().echoes - echoes) + " echoes");
  report.must(churn.present() == 0 && behind.closed == behind.opened, "all have gone, with one on_close each");
  report.must(behind.descriptors == before.descriptors, "no descriptor is left");
  const std::int64_t tables = kTablesForEach * static_cast<std::int64_t>(most_present);
  report.must(behind.heap_bytes - before.heap_bytes < tables,
              "the heap is where it was, but for tables: " + std::to_string(tables / 1024) + " KiB at most");
  if (!settings.small) report.must(rate > 0.98 * a_second, "so many a second: " + decimal(a_second, 0));
}

}  // namespace mote::abuse

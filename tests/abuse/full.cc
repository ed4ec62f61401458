#include <cstring>

#include "tests/abuse/clock.h"
#include "tests/abuse/crowd.h"
#include "tests/abuse/gathering.h"
#include "tests/abuse/scenario.h"
#include "tests/abuse/server_process.h"

// As many connections as one process may have descriptors for, less some, and each of them always waits for an echo.
// When they have gone, nothing is left of them.
namespace mote::abuse {
namespace {

constexpr std::size_t kMessageBytes = 64;
constexpr std::int64_t kLeftOver = 256 * 1024;  // tables that have grown, such as that of the reactor's slots

void echo_for(Crowd& crowd, double seconds) {
  const auto end = after(seconds);
  crowd.events.echoed = [&](Crowd::Id id) {
    if (Clock::now() < end) crowd.echo(id, kMessageBytes);
  };
  const std::uint64_t before = crowd.counts().echoes;
  std::uint64_t begun = 0;
  crowd.for_each_open([&](Crowd::Id id) {
    crowd.echo(id, kMessageBytes);
    ++begun;
  });
  crowd.turn_until([&] { return Clock::now() >= end && crowd.counts().echoes - before >= begun; }, seconds + 10);
  crowd.turn_until([] { return false; }, 0.2);  // what is under way
}

}  // namespace

void play_full(const Settings& settings, Report& report) {
  const std::size_t wanted = settings.pick<std::size_t>(19'000, 300);
  Options options;
  options.ping_interval = Options::kNever;
  const ServerProcess server({.options = options});
  const ServerFacts empty = server.facts();
  Crowd crowd(server.port(), 4);
  const auto began = Clock::now();
  const std::size_t open = gather(crowd, wanted, 120);
  const double took = seconds_since(began);
  const ServerFacts idle = server.facts();
  report.figure("connections", open);
  report.figure("handshakes a second", decimal(static_cast<double>(open) / took, 0));
  report.figure("server's heap for each idle connection",
                std::to_string((idle.heap_bytes - empty.heap_bytes) / static_cast<std::int64_t>(open)) + " bytes");
  report.must(open == wanted, "all connections are open" +
                                  (crowd.error() != 0 ? std::string(": ") + std::strerror(crowd.error()) : ""));

  const double length = settings.length(10, 0.3);
  echo_for(crowd, length);
  const ServerFacts busy = server.facts();
  report.figure("echoes a second", decimal(static_cast<double>(crowd.counts().echoes) / length, 0));
  report.figure("server's CPU while echoing", decimal(100 * (busy.cpu_seconds - idle.cpu_seconds) / length, 0) + " %");
  report.figure("server's resident memory", mebibytes(busy.resident_bytes));
  report.must(crowd.counts().echoes >= wanted, "each has had at least one echo");
  report.must(crowd.counts().wrong == 0 && crowd.open() == open, "no echo is wrong, and no connection lost");

  crowd.reset_all();
  ServerFacts left = server.facts();
  crowd.turn_until([&] { return (left = server.facts()).connections == 0; }, 30);
  report.figure("server's heap when all have gone",
                mebibytes(left.heap_bytes) + ", before: " + mebibytes(empty.heap_bytes));
  report.must(left.closed == left.opened && left.descriptors == empty.descriptors,
              "one on_close each, no descriptor left");
  report.must(left.heap_bytes - empty.heap_bytes < kLeftOver + 48 * static_cast<std::int64_t>(wanted),
              "memory is given back");
}

}  // namespace mote::abuse

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
constexpr std::int64_t kTables = 64 * 1024;
constexpr std::int64_t kTlsTables = 512 * 1024;  // and what OpenSSL and we keep for the next connection
constexpr std::int64_t kTablesForEach = 7 * 16;  // the reactor's lists, 8 bytes in each, and up to twice as many places

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

/// When all have gone.
ServerFacts facts_without(Crowd& crowd, const ServerProcess& server) {
  crowd.reset_all();
  ServerFacts facts = server.facts();
  crowd.turn_until([&] { return (facts = server.facts()).connections == 0; }, 30);
  return facts;
}

}  // namespace

void play_full(const Settings& settings, Report& report) {
  const auto wanted = settings.pick<std::size_t>(19'000, 300);
  Options options;
  options.ping_interval = Options::kNever;
  const ServerProcess server({.options = options, .tls = settings.tls});
  const ServerFacts empty = server.facts();
  Crowd crowd(server.door(), 4);
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

  const ServerFacts left = facts_without(crowd, server);
  crowd.events.echoed = {};
  gather(crowd, wanted, 120);
  const ServerFacts again = facts_without(crowd, server);
  report.figure("server's heap before", mebibytes(empty.heap_bytes));
  report.figure("when all have gone, and once more",
                mebibytes(left.heap_bytes) + ", " + mebibytes(again.heap_bytes) + ": tables that have grown");
  report.must(again.closed == again.opened && again.opened == 2 * wanted, "one on_close each");
  report.must(again.descriptors == empty.descriptors && again.memory_bytes == 0, "nothing is left of them");
  const std::int64_t tables = settings.tls ? kTlsTables : kTables;
  report.must(left.heap_bytes - empty.heap_bytes < tables + kTablesForEach * static_cast<std::int64_t>(wanted),
              "memory is given back, but for the tables");
  report.must(again.heap_bytes - left.heap_bytes < tables, "and does not grow the second time");
}

}  // namespace mote::abuse

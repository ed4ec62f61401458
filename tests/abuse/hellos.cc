#include <unistd.h>

#include <atomic>
#include <string>

#include "tests/abuse/child.h"
#include "tests/abuse/clock.h"
#include "tests/abuse/crowd.h"
#include "tests/abuse/gathering.h"
#include "tests/abuse/scenario.h"
#include "tests/abuse/server_process.h"
#include "tests/abuse/shared.h"
#include "tests/abuse/waiters.h"
#include "tests/support/tls_engine.h"

// Peers that connect, send one and the same ClientHello, have the server compute its answer, and go, as fast as they
// can: to ask costs them nothing, to answer a signature. How many such steps a turn may have keeps the others' wait
// short. Always over TLS.
namespace mote::abuse {
namespace {

constexpr std::size_t kAtOnce = 64;

struct Tally {
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> answered{0};
};

void ask_and_go(const Door& door, const std::string& hello, Tally& tally) {
  if (::nice(5) < 0) return;  // it is the server that is measured, and not who of two processes has the CPU
  Crowd crowd(door, 16, 50);
  crowd.events.heard = [&](Crowd::Id id) {
    ++tally.answered;
    crowd.reset(id);
  };
  while (!tally.stop) {
    while (crowd.present() < kAtOnce) {
      const Crowd::Id id = crowd.begin_silent();
      if (id == Crowd::kNobody) break;
      crowd.say(id, hello);
    }
    crowd.turn(1);
  }
}

}  // namespace

void play_hellos(const Settings& settings, Report& report) {
  const auto wanted = settings.pick<std::size_t>(200, 50);
  const double length = settings.length(10, 0.5);
  const auto a_second = static_cast<double>(wanted);  // each says something once a second
  const Shared<Tally> tally;
  const ServerProcess server({.tls = true});
  Crowd crowd(server.door(), 2);
  const std::size_t open = gather(crowd, wanted, 20);
  Waiters waiters(crowd);
  waiters.run(a_second, length / 2);
  report.figure("peers that wait for echoes", open);
  report.figure("before: median, 99 %, longest", waiters.told());
  const ServerFacts quiet = server.facts();
  Child asking([&] { ask_and_go(server.door(), test::client_hello(), *tally); });
  const auto patience = after(20);
  do waiters.run(a_second, 0.2);
  while (tally->answered < 2 * kAtOnce && Clock::now() < patience);  // until it is in full flow
  const ServerFacts before = server.facts();
  const std::uint64_t answered = tally->answered;
  waiters.run(a_second, length);
  const ServerFacts during = server.facts();
  report.figure("ClientHellos answered a second", decimal(static_cast<double>(tally->answered - answered) / length, 0));
  report.figure("server's CPU", decimal(100 * (during.cpu_seconds - before.cpu_seconds) / length, 0) + " %");
  report.figure("during it: median, 99 %, longest", waiters.told());
  const std::size_t newcomers = gather(crowd, wanted, 20) - wanted;
  report.must(waiters.echoes() > 0 && crowd.counts().wrong == 0 && crowd.open() == 2 * wanted, "all were served");
  report.must(newcomers == wanted, "new clients came in meanwhile");
  report.must(tally->answered > answered, "they were answered");
  if (!settings.small) report.must(waiters.percentile(0.99) < 10, "99 % wait less than 10 ms");
  tally->stop = true;
  asking.stop();
  ServerFacts left = server.facts();
  crowd.turn_until([&] { return (left = server.facts()).descriptors == quiet.descriptors + newcomers; }, 20);
  report.must(left.descriptors == quiet.descriptors + newcomers, "no descriptor is left of them");
  crowd.reset_all();
  crowd.turn_until([&] { return (left = server.facts()).connections == 0; }, 20);
  report.must(left.memory_bytes == 0 && left.closed == left.opened, "and nothing else");
}

}  // namespace mote::abuse

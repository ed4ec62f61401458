#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>

#include "tests/abuse/child.h"
#include "tests/abuse/clock.h"
#include "tests/abuse/crowd.h"
#include "tests/abuse/gathering.h"
#include "tests/abuse/scenario.h"
#include "tests/abuse/server_process.h"
#include "tests/abuse/shared.h"
#include "tests/abuse/waiters.h"
#include "tests/support/client_frame.h"

// One peer sends small messages as fast as they are taken, and reads the echoes; beside it many have a message echoed
// now and then. What a turn of one connection may do keeps their wait short.
namespace mote::abuse {
namespace {

constexpr std::size_t kBatch = 4'000;  // messages of 16 bytes, about 90 KiB

void flood(const Door& door, const std::atomic<bool>& stop) {
  if (::nice(5) < 0) return;  // it is the server that is measured, and not who of two processes has the CPU
  std::string batch;
  for (std::size_t i = 0; i < kBatch; ++i) batch += test::client_frame(1, std::string(16, 'f'));
  Crowd crowd(door, 1, 50);
  crowd.events.opened = [&](Crowd::Id id) { crowd.stop_listening(id); };
  gather(crowd, 1, 10);
  while (!stop && crowd.open() == 1) {
    crowd.for_each_open([&](Crowd::Id id) {
      if (crowd.said(id)) crowd.say(id, batch);
    });
    crowd.turn(1);
  }
}

}  // namespace

void play_flood(const Settings& settings, Report& report) {
  const auto wanted = settings.pick<std::size_t>(1'000, 100);
  const double length = settings.length(10, 0.5);
  const auto a_second = static_cast<double>(wanted);  // each says something once a second
  const Shared<std::atomic<bool>> stop;
  const ServerProcess server({.tls = settings.tls});
  const ServerFacts empty = server.facts();
  std::unique_ptr<Child> flooder;
  Crowd crowd(server.door(), 2);
  const std::size_t open = gather(crowd, wanted, 20);
  Waiters waiters(crowd);
  waiters.run(a_second, length / 2);
  report.figure("peers that wait for echoes", open);
  report.figure("before the flood: median, 99 %, longest", waiters.told());
  flooder = std::make_unique<Child>([&] { flood(server.door(), *stop); });
  const std::uint64_t few = server.facts().messages + 10 * kBatch;
  const auto patience = after(20);
  do waiters.run(a_second, 0.2);
  while (server.facts().messages < few && Clock::now() < patience);  // until it is in full flow
  const ServerFacts before = server.facts();
  waiters.run(a_second, length);
  const ServerFacts during = server.facts();
  report.figure("flooded messages a second",
                decimal(static_cast<double>(during.messages - before.messages) / length, 0));
  report.figure("server's CPU", decimal(100 * (during.cpu_seconds - before.cpu_seconds) / length, 0) + " %");
  report.figure("during it: median, 99 %, longest", waiters.told());
  report.figure("the server held", mebibytes(during.memory_bytes));
  report.must(waiters.echoes() > 0 && crowd.open() == wanted && crowd.counts().wrong == 0, "all were served");
  report.must(during.messages > few, "it was a flood");
  if (!settings.small) report.must(waiters.percentile(0.99) < 5, "99 % wait less than 5 ms");
  *stop = true;
  flooder->stop();
  crowd.reset_all();
  ServerFacts left = server.facts();
  crowd.turn_until([&] { return (left = server.facts()).connections == 0; }, 20);
  report.must(left.memory_bytes == 0 && left.descriptors == empty.descriptors, "nothing is left of it");
}

}  // namespace mote::abuse

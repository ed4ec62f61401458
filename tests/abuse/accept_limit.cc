#include <string>

#include "tests/abuse/clock.h"
#include "tests/abuse/crowd.h"
#include "tests/abuse/gathering.h"
#include "tests/abuse/scenario.h"
#include "tests/abuse/server_process.h"

// A server has no descriptor left while more clients wait, because it was told to take more than it can (EMFILE), or
// because its own limit of connections is reached. It waits without turning in circles, serves those who are there, and
// when some have gone takes the others at once.
namespace mote::abuse {
namespace {

constexpr std::uint64_t kDescriptors = 512;

/// `most`: the connections that such a server can have.
void play(const Settings& settings, Report& report, const ServerProcess& server, std::size_t most,
          std::string_view what) {
  Crowd crowd(server.door(), 2);
  std::uint64_t echoes_due = 0;
  gather(crowd, kDescriptors - 200, 20);
  for (unsigned i = 0; i < 400; ++i) crowd.begin();
  const std::size_t waiting = crowd.present() - most;
  crowd.turn_until([&] { return crowd.open() == most; }, 20);
  report.figure(std::string(what) + ": served, waiting", std::to_string(crowd.open()) + ", " + std::to_string(waiting));
  report.must(crowd.open() == most && waiting > 0 && crowd.counts().ended == 0,
              "the limit is reached, and nobody was sent away");

  const double length = settings.length(10, 0.5);
  const double cpu = server.cpu_seconds();
  crowd.turn_until([] { return false; }, length);
  const double share = 100 * (server.cpu_seconds() - cpu) / length;
  report.figure("CPU while they wait", decimal(share, 2) + " %");
  if (!settings.small) report.must(share < 1, "below 1 % of CPU while they wait");
  report.must(crowd.open() == most && crowd.present() == most + waiting, "and they do wait");

  crowd.for_each_open([&](Crowd::Id id) {
    crowd.echo(id, 10);
    ++echoes_due;
  });
  report.must(crowd.turn_until([&] { return crowd.counts().echoes == echoes_due; }, 20), "who is there is served");

  const std::uint64_t opened = crowd.counts().opened;
  std::size_t gone = 0;
  crowd.for_each_open([&](Crowd::Id id) {
    if (gone++ < waiting) crowd.reset(id);
  });
  const auto began = Clock::now();
  const bool all = crowd.turn_until([&] { return crowd.counts().opened - opened >= waiting; }, 20);
  const double took = seconds_since(began);
  report.figure("until all who waited are served", decimal(1000 * took, 0) + " ms");
  report.must(all, "all who waited are served when there is room");
  if (!settings.small) report.must(took < 1, "within a second");
}

}  // namespace

void play_accept_limit(const Settings& settings, Report& report) {
  const ServerProcess::Settings limited{.most_descriptors = kDescriptors, .tls = settings.tls};
  ServerProcess::Settings too_many = limited;
  too_many.options.max_connections = 100'000;
  {
    const ServerProcess server(too_many);
    play(settings, report, server, kDescriptors - server.facts().descriptors, "no descriptors");
  }
  const ServerProcess server(limited);
  play(settings, report, server, kDescriptors - 64, "max_connections");  // as options.h promises
}

}  // namespace mote::abuse

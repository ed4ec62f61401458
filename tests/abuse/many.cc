#include <sys/resource.h>

#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/abuse/child.h"
#include "tests/abuse/clock.h"
#include "tests/abuse/crowd.h"
#include "tests/abuse/gathering.h"
#include "tests/abuse/scenario.h"
#include "tests/abuse/server_process.h"
#include "tests/abuse/shared.h"

// More connections than a process may have descriptors for: several servers on one port, among which the kernel spreads
// them, and several processes of clients, each with addresses of its own.
namespace mote::abuse {
namespace {

constexpr std::size_t kProcesses = 6;
constexpr std::size_t kMessageBytes = 32;

struct Progress {
  std::array<std::atomic<std::uint64_t>, kProcesses> open{};
  std::array<std::atomic<std::uint64_t>, kProcesses> echoes{};
  std::array<std::atomic<std::uint64_t>, kProcesses> wrong{};
  std::array<std::atomic<int>, kProcesses> error{};
  std::array<std::atomic<unsigned>, kProcesses> gathered{};
  std::atomic<bool> echo{false};
  std::atomic<bool> leave{false};
};

/// Opens its share, then has each of its clients echo once, then waits until all are to leave.
void be_clients(const Door& door, unsigned number, std::size_t share, Progress& progress) {
  Crowd crowd(door, 4, 1 + 4 * number);
  progress.open[number] = gather(crowd, share, 240, 128);
  progress.error[number] = crowd.error();
  progress.gathered[number] = 1;
  const auto told = [&](const std::atomic<bool>& sign) { crowd.turn_until([&] { return sign.load(); }, 300); };
  told(progress.echo);
  crowd.for_each_open([&](Crowd::Id id) {
    crowd.echo(id, kMessageBytes);
    crowd.turn(0);
  });
  crowd.turn_until(
      [&] {
        progress.echoes[number] = crowd.counts().echoes;
        progress.wrong[number] = crowd.counts().wrong + crowd.counts().ended;
        return crowd.counts().echoes >= crowd.open();
      },
      60);
  progress.echoes[number] = crowd.counts().echoes;
  told(progress.leave);
}

template <class T>
T sum(const std::array<std::atomic<T>, kProcesses>& values) {
  T total{};
  for (const auto& value : values) total += value;
  return total;
}

template <class Done>
void wait_for(double seconds, Done done) {
  const auto patience = after(seconds);
  while (!done() && Clock::now() < patience) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // between two looks, not in place of one
  }
}

std::string names_of_errors(const Progress& progress) {
  std::string names;
  for (const auto& error : progress.error) {
    if (error != 0) names.append(names.empty() ? "" : ", ").append(std::strerror(error));
  }
  return names;
}

void report_servers(const std::vector<std::unique_ptr<ServerProcess>>& servers, Report& report) {
  std::int64_t resident = 0;
  std::int64_t heap = 0;
  std::string spread;
  for (const auto& server : servers) {
    const ServerFacts facts = server->facts();
    resident += facts.resident_bytes;
    heap += facts.heap_bytes;
    spread.append(spread.empty() ? "" : " ").append(std::to_string(facts.connections));
  }
  report.figure("connections of each server", spread);
  report.figure("resident memory of all servers", mebibytes(resident));
  report.figure("heap of all servers", mebibytes(heap));
}

}  // namespace

void play_many(const Settings& settings, Report& report) {
  const auto wanted = settings.pick<std::size_t>(100'000, 600);
  const Shared<Progress> progress;
  std::vector<std::unique_ptr<ServerProcess>> servers;
  Options options;
  options.reuse_port = true;
  options.ping_interval = Options::kNever;
  options.handshake_timeout = std::chrono::seconds(60);
  for (std::size_t i = 0; i < kProcesses; ++i) {
    servers.push_back(std::make_unique<ServerProcess>(ServerProcess::Settings{
        .options = options, .port = i == 0 ? std::uint16_t{0} : servers.front()->port(), .tls = settings.tls}));
  }
  std::vector<std::unique_ptr<Child>> crowds;
  const auto began = Clock::now();
  for (unsigned i = 0; i < kProcesses; ++i) {
    const std::size_t share = wanted / kProcesses + (i < wanted % kProcesses ? 1 : 0);
    crowds.push_back(std::make_unique<Child>(
        [&progress, i, share, door = servers.front()->door()] { be_clients(door, i, share, *progress); }));
  }
  wait_for(250, [&] { return sum(progress->gathered) == kProcesses; });
  const double took = seconds_since(began);
  const std::uint64_t open = sum(progress->open);
  report.figure("processes", std::to_string(kProcesses) + " servers, " + std::to_string(kProcesses) + " of clients");
  report.figure("connections", open);
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  report.figure("descriptors that a process may have", limit.rlim_cur);
  report.figure("handshakes a second", decimal(static_cast<double>(open) / took, 0));
  if (const std::string why = names_of_errors(*progress); !why.empty()) report.figure("why not more", why);
  report_servers(servers, report);
  report.must(open == wanted, "all connections are open");

  const auto echo_began = Clock::now();
  progress->echo = true;
  wait_for(70, [&] { return sum(progress->echoes) >= open; });
  report.figure("echoes, one for each",
                std::to_string(sum(progress->echoes)) + " in " + decimal(seconds_since(echo_began)) + " s");
  report.must(sum(progress->echoes) == open && sum(progress->wrong) == 0, "each has had its echo, none wrong or lost");
  progress->leave = true;
  for (const auto& crowd : crowds) crowd->stop();
  std::uint64_t left = 1;
  wait_for(60, [&] {
    left = 0;
    for (const auto& server : servers) left += server->facts().connections;
    return left == 0;
  });
  report.must(left == 0, "none is left when the clients have gone");
}

}  // namespace mote::abuse

#include "tests/abuse/server_process.h"

#include <dirent.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

#include <mote/mote.h>

#include "load/process_facts.h"
#include "tests/abuse/clock.h"
#include "tests/support/certificates.h"
#include "tests/support/process_facts.h"

namespace mote::abuse {
namespace {

constexpr double kPatienceSeconds = 30;
constexpr std::chrono::milliseconds kTick{20};

Server* running = nullptr;

/// Returns when `done` holds, and looks again now and then; throws after a while.
template <class Done>
void await(Done done, const char* what) {
  const auto patience = after(kPatienceSeconds);
  while (!done()) {
    if (Clock::now() > patience) throw std::runtime_error(what);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // between two looks, not in place of one
  }
}

std::size_t descriptors_of(int process) {
  std::size_t count = 0;
  DIR* const folder = ::opendir(("/proc/" + std::to_string(process) + "/fd").c_str());
  while (folder != nullptr) {
    const dirent* const entry = ::readdir(folder);
    if (entry == nullptr) break;
    if (entry->d_name[0] != '.') ++count;  // "." and ".."
  }
  if (folder != nullptr) ::closedir(folder);
  return count;
}

}  // namespace

void ServerProcess::serve(const Settings& settings, Board& board) {
  if (settings.most_descriptors) {
    const rlimit limit{*settings.most_descriptors, *settings.most_descriptors};
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  set_logger(LogLevel::off, {});
  Options options = settings.options;
  if (settings.tls) {
    const test::Identity shown = test::any_identity();
    options.tls.certificate_chain_pem = shown.certificate_pem;
    options.tls.private_key_pem = shown.key_pem;
  }
  const std::string scheme = settings.tls ? "wss" : "ws";
  Server server(scheme + "://127.0.0.1:" + std::to_string(settings.port), options);
  running = &server;
  std::signal(SIGTERM, [](int) { running->stop(); });
  server.start({
      .on_open = [&](Connection&) { ++board.opened; },
      .on_message =
          [&](Connection& socket, std::string_view text) {
            ++board.messages;
            socket.send(text);
          },
      .on_close = [&](Connection&, const CloseInfo&) { ++board.closed; },
  });
  server.every(kTick, [&] {
    const std::uint32_t asked = board.asked;
    if (asked == board.answered) return;
    board.connections = server.connection_count();
    board.memory_bytes = static_cast<std::int64_t>(server.memory_bytes());
    board.heap_bytes = test::allocated_bytes();
    board.answered = asked;
  });
  board.port = server.port();
  server.run();
}

ServerProcess::ServerProcess(const Settings& settings)
    : tls_(settings.tls), child_(std::make_unique<Child>([&] { serve(settings, *board_); })) {
  await([&] { return port() != 0 || !child_->alive(); }, "the server does not start");
  if (port() == 0) throw std::runtime_error("the server has not started");
}

std::uint16_t ServerProcess::port() const { return static_cast<std::uint16_t>(board_->port.load()); }

ServerFacts ServerProcess::facts() const {
  const std::uint32_t asked = ++board_->asked;
  await([&] { return board_->answered == asked; }, "the server does not answer");
  return {board_->opened,       board_->closed,     board_->messages, board_->connections,
          board_->memory_bytes, board_->heap_bytes, resident_bytes(), descriptors_of(child_->process()),
          cpu_seconds()};
}

/// The scheduler's figure is in nanoseconds, that of /proc/PID/stat in clock ticks.
double ServerProcess::cpu_seconds() const {
  std::ifstream stream("/proc/" + std::to_string(child_->process()) + "/schedstat");
  double nanoseconds = 0;
  if (stream >> nanoseconds) return nanoseconds / 1e9;
  const auto facts = load::read_process(child_->process());
  return facts ? static_cast<double>(facts->cpu.total_ns()) / 1e9 : 0;
}

std::int64_t ServerProcess::resident_bytes() const {
  const auto facts = load::read_process(child_->process());
  return facts ? facts->resident_bytes : 0;
}

}  // namespace mote::abuse

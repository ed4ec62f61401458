#include "tests/conformance/server_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

namespace mote::conformance {
namespace {

constexpr int kPatienceMs = 30'000;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what + ": " + std::strerror(errno)); }

[[noreturn]] void become(std::vector<char*> arguments, int output) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(output, STDOUT_FILENO);
  ::execv(arguments[0], arguments.data());
  constexpr std::string_view complaint = "cannot run the server\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, complaint.data(), complaint.size());
  ::_exit(127);
}

}  // namespace

ServerProcess::ServerProcess(const std::vector<std::string>& command) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe2");
  std::vector<std::string> texts = command;
  std::vector<char*> arguments;
  for (std::string& text : texts) arguments.push_back(text.data());
  arguments.push_back(nullptr);
  process_ = ::fork();
  if (process_ == 0) become(std::move(arguments), ends[1]);
  ::close(ends[1]);
  if (process_ > 0) port_ = read_port(ends[0]);
  ::close(ends[0]);
  if (process_ < 0) fail("fork");
  if (port_ != 0) return;
  stop();
  throw std::runtime_error(command[0] + " does not say where it listens");
}

ServerProcess::~ServerProcess() { stop(); }

std::uint16_t ServerProcess::read_port(int output) {
  constexpr std::string_view greeting = "listening on ws://127.0.0.1:";
  std::string line;
  while (line.find('\n') == std::string::npos) {
    pollfd ready{output, POLLIN, 0};
    std::array<char, 256> bytes{};
    const ssize_t got = ::poll(&ready, 1, kPatienceMs) == 1 ? ::read(output, bytes.data(), bytes.size()) : 0;
    if (got <= 0) return 0;
    line.append(bytes.data(), static_cast<std::size_t>(got));
  }
  if (!line.starts_with(greeting)) return 0;
  return static_cast<std::uint16_t>(std::strtoul(line.c_str() + greeting.size(), nullptr, 10));
}

int ServerProcess::stop() {
  const pid_t process = std::exchange(process_, -1);
  if (process <= 0) return -1;
  ::kill(process, SIGTERM);
  const auto patience = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
  int status = 0;
  while (::waitpid(process, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > patience) ::kill(process, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // between two looks, not in place of one
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace mote::conformance

#include "tests/abuse/child.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <system_error>
#include <thread>
#include <utility>

#include "tests/abuse/clock.h"

namespace mote::abuse {
namespace {

constexpr double kPatienceSeconds = 60;

/// What was printed so far is printed once.
pid_t fork_flushed() {
  std::fflush(stdout);
  return ::fork();
}

[[noreturn]] void live(const std::function<void()>& work) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  int code = 0;
  try {
    work();
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "a process of the scenario: %s\n", exception.what());
    code = 1;
  }
  std::exit(code);
}

}  // namespace

Child::Child(const std::function<void()>& work) : process_(fork_flushed()) {
  if (process_ == 0) live(work);
  if (process_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
}

bool Child::alive() const {
  siginfo_t info{};
  return process_ > 0 && ::waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0;
}

bool Child::stop() {
  const pid_t process = std::exchange(process_, -1);
  if (process <= 0) return false;
  ::kill(process, SIGTERM);
  const auto patience = after(kPatienceSeconds);
  int status = 0;
  while (::waitpid(process, &status, WNOHANG) == 0) {
    if (Clock::now() > patience) ::kill(process, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // between two looks, not in place of one
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace mote::abuse

#pragma once

#include <pthread.h>
#include <signal.h>

namespace mote::core {

/// Blocks every signal for this thread, as long as it lives: for starting threads, which inherit that. So no signal of
/// the program's is handled on a thread that it does not know of.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace mote::core

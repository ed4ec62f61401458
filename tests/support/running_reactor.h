#pragma once

#include <chrono>
#include <future>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <utility>

#include "core/reactor.h"

namespace mote::test {

/// A reactor that turns on a thread of its own until the end of the scope.
class RunningReactor {
 public:
  RunningReactor() : thread_([this] { reactor_.run(); }) {}
  ~RunningReactor() {
    reactor_.stop();
    thread_.join();
  }
  RunningReactor(const RunningReactor&) = delete;
  RunningReactor& operator=(const RunningReactor&) = delete;

  core::Reactor& operator*() { return reactor_; }

  /// Calls `call` on the reactor's thread and answers what it does. Throws std::runtime_error where it does not come to
  /// it within ten seconds.
  template <class Call>
  auto on_thread(Call call) -> std::invoke_result_t<Call> {
    // Of the task, so that one that comes late finds it.
    std::packaged_task<std::invoke_result_t<Call>()> task(std::move(call));
    auto result = task.get_future();
    reactor_.mailbox()->post(std::move(task));
    if (result.wait_for(std::chrono::seconds(10)) != std::future_status::ready) {
      throw std::runtime_error("the reactor is stuck");
    }
    return result.get();
  }

 private:
  core::Reactor reactor_;
  std::thread thread_;
};

}  // namespace mote::test

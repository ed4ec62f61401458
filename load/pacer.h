#pragma once

#include <mote/client.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "load/schedule.h"

namespace mote::load {

/// Wakes a client's thread when messages of a schedule are due, to some ten microseconds; a client's own timers have a
/// resolution of a millisecond. A thread of its own, which sleeps between.
class Pacer {
 public:
  /// `send_due` is called on the client's thread.
  Pacer(Client& client, std::function<void()> send_due);
  /// Ends the thread.
  ~Pacer() { stop(); }
  Pacer(const Pacer&) = delete;
  Pacer& operator=(const Pacer&) = delete;

  void start(const Schedule& schedule);
  void stop();

 private:
  void run(const Schedule& schedule);
  void wake_client();

  Client& client_;
  std::shared_ptr<std::function<void()>> send_due_;
  std::shared_ptr<std::atomic<bool>> waiting_;  // whether a task that sends is on its way
  std::mutex mutex_;
  std::condition_variable news_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace mote::load

#pragma once

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include <mote/callback.h>

namespace mote::core {

/// Tasks from other threads for the thread of a reactor, and the eventfd that wakes it. Outlives the reactor where
/// others hold it.
class Mailbox {
 public:
  using Task = Callback<void()>;

  /// Throws std::system_error where no eventfd can be had.
  Mailbox();
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// Any thread. False, and the task is gone, once the mailbox is closed.
  bool post(Task task);
  /// Makes the eventfd ready. Any thread, and signal handlers.
  void wake() noexcept;

  /// \name The reactor's thread
  /// @{
  /// Edge-triggered it needs no read: each write is an edge.
  [[nodiscard]] int descriptor() const { return descriptor_; }
  /// The tasks posted since the last call, in order.
  std::vector<Task> take();
  /// Tasks that wait are destroyed without being called.
  void close();
  void adopt_thread() { thread_.store(std::this_thread::get_id(), std::memory_order_relaxed); }
  /// It is nobody's until it is adopted again. To be called before that thread ends: another may get its id.
  void leave_thread() { thread_.store({}, std::memory_order_relaxed); }
  /// @}

  /// Whether the caller is on the reactor's thread. Any thread.
  [[nodiscard]] bool on_own_thread() const {
    return thread_.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }

 private:
  int descriptor_;
  std::atomic<std::thread::id> thread_;
  std::mutex mutex_;
  std::vector<Task> tasks_;
  bool closed_ = false;
};

}  // namespace mote::core

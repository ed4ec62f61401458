#pragma once

#include <sys/types.h>

#include <functional>

namespace mote::abuse {

/// A process of this program's own, forked without exec: it runs `work` and ends. It dies with this one, and is asked
/// to end with SIGTERM, which it may handle.
class Child {
 public:
  explicit Child(const std::function<void()>& work);
  ~Child() { stop(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[nodiscard]] pid_t process() const { return process_; }
  [[nodiscard]] bool alive() const;
  /// Whether it has ended, or did when asked to, with exit code 0.
  bool stop();

 private:
  pid_t process_;
};

}  // namespace mote::abuse

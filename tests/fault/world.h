#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <ctime>
#include <limits>

namespace mote::fault {

/// What goes on around the library, told by whoever wrote the play.
class Director {
 public:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  /// Lets everybody do what they can now; whether anybody did something.
  virtual bool step() = 0;
  /// Nobody can do anything, and the library has nothing to do at once: begins the next act, or answers false.
  virtual bool advance() = 0;
  /// When somebody has something to do although nothing happens to him, in the world's milliseconds.
  [[nodiscard]] virtual std::int64_t next_deadline_ms() const = 0;
  /// Nothing will ever happen any more. Something must be done about it.
  virtual void stuck() = 0;
  /// The library was waited for too often.
  virtual void spins() = 0;

 protected:
  ~Director() = default;
};

/// Time and everybody else, as the library sees them while one of these lives: they move while it waits for events, and
/// where nothing is left to happen time leaps to the library's next timer. So a run takes no time and is always the
/// same.
class World {
 public:
  /// `patience_ms`: how long to wait, in real time, for what the kernel or another thread may be at.
  World(Director& director, int patience_ms);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// Null while there is none: then time is real, and nobody is there.
  static World* present() noexcept;

  /// In place of timerfd_settime: then a `wait` without a timeout ends, too, without an event.
  int set_alarm(const itimerspec& when);
  /// In place of epoll_wait.
  int wait(int epoll, epoll_event* events, int most, int timeout_ms);

  [[nodiscard]] std::int64_t nanoseconds() const { return now_ms_ * 1'000'000; }
  [[nodiscard]] std::int64_t milliseconds() const { return now_ms_; }
  [[nodiscard]] timespec time() const { return {now_ms_ / 1000, now_ms_ % 1000 * 1'000'000}; }

 private:
  static constexpr std::int64_t kBeginningMs = 1'000'000;
  static constexpr unsigned kMostWaits = 50'000;

  /// Whether there is a time that it can leap to.
  bool leap(std::int64_t until_ms);

  Director& director_;
  int patience_ms_;
  std::int64_t now_ms_ = kBeginningMs;
  std::int64_t alarm_ms_ = Director::kNever;
  unsigned waits_ = 0;
};

}  // namespace mote::fault

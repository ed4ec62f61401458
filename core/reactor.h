#pragma once

#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/mailbox.h"
#include "core/timer_wheel.h"

namespace mote::core {

class Reactor;

/// Names a source for as long as anybody cares to keep the name: a slot that is used again has another generation.
struct Token {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;  // 31 bits
  bool operator==(const Token&) const = default;
};

/// What a reactor's owner has to say to every source.
enum class Announcement : std::uint8_t {
  weigh,  ///< Somebody wants to know how much memory each holds.
  drain,  ///< The reactor will stop once everybody is done: come to an end gently.
  stop,   ///< It has stopped: come to an end now.
};

/// What a reactor drives: an object that may have a descriptor, has one timer, and one place in each of the reactor's
/// lists. Its callbacks must not throw.
class Source : private TimerNode {
 public:
  // What on_events may report.
  static constexpr std::uint32_t kReadable = 0x1;                // EPOLLIN
  static constexpr std::uint32_t kWritable = 0x4;                // EPOLLOUT
  static constexpr std::uint32_t kEnding = 0x2000 | 0x10 | 0x8;  // EPOLLRDHUP | HUP | ERR

  virtual ~Source() = default;
  [[nodiscard]] Token token() const { return token_; }

 protected:
  Source() = default;

 private:
  friend class Reactor;
  virtual void on_events(std::uint32_t events) = 0;  ///< Bits of epoll_event::events; each edge is reported once.
  virtual void on_ready() {}                         ///< After `make_ready`, once.
  virtual void on_timer() {}                         ///< After `arm`, once.
  virtual void on_turn_end() {}                      ///< After `at_turn_end`, once.
  virtual void on_announcement(Announcement) {}      ///< After `announce`.

  Token token_;
  bool ready_ = false;
  bool turn_end_ = false;
};

/// Single-threaded event loop on edge-triggered epoll.
///
/// Order within a turn: descriptors' events, then the ready list as it was then, then timers, then what asked for the
/// turn's end (until nobody asks any more), then removed sources are destroyed. Tasks posted by other threads run when
/// the eventfd's event has its turn. An event for a source that was removed earlier in the same turn is not delivered.
class Reactor {
 public:
  using milliseconds = std::chrono::milliseconds;

  static constexpr std::uint32_t kReadWrite = 0x1 | 0x4 | 0x2000 | (1U << 31);  // EPOLLIN | OUT | RDHUP | ET
  static constexpr std::uint32_t kRead = 0x1 | (1U << 31);                      // EPOLLIN | ET

  /// Throws std::system_error where epoll, an eventfd or a timerfd cannot be had.
  Reactor();
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  /// Takes the source over. With a descriptor, which stays the source's own to close in its destructor, it is
  /// registered for `events` (kReadWrite, kRead) once and for all. Answers 0 or the errno of epoll_ctl, and then the
  /// source is gone. Throws std::bad_alloc; nothing else here does.
  int add(std::unique_ptr<Source> source, int descriptor, std::uint32_t events);
  void add(std::unique_ptr<Source> source);
  /// Registers a descriptor for a source that was added without one, as `add` does. Answers 0 or the errno of
  /// epoll_ctl, ENOENT for a source that was removed; the source stays either way. One descriptor at a time.
  int attach(Source& source, int descriptor, std::uint32_t events);
  /// Takes a registered descriptor out; it stays open, and may be added for another source at once. An event of it that
  /// is in this turn's batch already still reaches the source that had it, unless that is removed.
  void detach(int descriptor);
  /// From now on it gets no more callbacks and `find` does not know it; it is destroyed at the end of the turn. What is
  /// asked for it until then, another removal included, is ignored.
  void remove(Source& source);
  /// Null where that source was removed.
  [[nodiscard]] Source* find(Token token) const;
  /// Tells every source.
  void announce(Announcement announcement);

  void make_ready(Source& source);
  void at_turn_end(Source& source);

  /// One timer a source; arming again replaces it. Delays of a second and more may come up to 64 ms late, so that many
  /// timers share a wake-up; any may come early by a tick of the kernel's, 4 to 10 ms, by which `now` may lag.
  void arm(Source& source, milliseconds delay);
  /// The same, but an earlier time that is armed already stays.
  void arm_no_later(Source& source, milliseconds delay);
  void disarm(Source& source);
  /// Monotonic time since the reactor was made, read once a turn. Delays count from it; outside of `run`, from the
  /// call.
  [[nodiscard]] milliseconds now() const { return milliseconds(now_ms_); }

  /// Counts the turns of `run`.
  [[nodiscard]] std::uint64_t turn_number() const { return turn_number_; }

  /// Is called on the reactor's thread after each `Mailbox::wake`, before the posted tasks.
  void on_wake(Callback<void()> callback) { woken_ = std::move(callback); }
  /// After the last event the loop goes on asking for others for that long before it sleeps, which takes the CPU and
  /// spares the time to wake up. 0: it sleeps at once.
  void busy_poll(std::chrono::microseconds span) { busy_poll_ = span; }
  /// Turns until `stop`.
  void run();
  /// Ends `run` after the present turn. Any thread, and signal handlers.
  void stop() noexcept;
  /// After `run` has returned: it may be called again.
  void rewind() { stopping_.store(false); }  // before whatever the caller then looks at
  /// What ends a turn, for use after `run` has returned: see the class.
  void finish_turn();
  /// The end of what `run` was for, on its thread: tells every source Announcement::stop, and finishes the turn. From
  /// then on the reactor has no thread, until it runs again.
  void wind_up();

  /// Shared by those who may outlive the reactor.
  [[nodiscard]] const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }

 private:
  class Tasks;
  class Alarm;
  class Slot;

  void add_own(std::unique_ptr<Source> source, int descriptor);
  void take_down();
  void make_room();
  std::uint32_t take_slot();
  void turn();
  void dispatch(int count);
  void run_ready();
  void run_timers();
  void run_turn_end();
  void prefetch(Token token) const;
  int wait();
  int poll(int timeout_ms);
  int poll_busily();
  int set_alarm();
  [[nodiscard]] bool alarm_rang(int count) const;
  [[nodiscard]] std::uint64_t due_after(milliseconds delay);
  void arm_at(Source& source, std::uint64_t due);
  void read_clock(bool precise);

  struct Events;
  int epoll_;
  std::uint64_t started_ms_;
  std::uint64_t now_ms_ = 0;
  std::uint64_t turn_number_ = 0;
  std::atomic<bool> stopping_{false};
  bool running_ = false;
  TimerWheel wheel_;
  Alarm* alarm_ = nullptr;                       // one of the sources
  std::uint64_t alarm_ms_ = TimerWheel::kNever;  // when it rings; kNever: it has rung, or was not set
  std::chrono::microseconds busy_poll_{0};
  std::vector<Slot> slots_;
  std::uint32_t free_slot_;  // of a list
  std::unique_ptr<Events> events_;
  std::vector<Token> ready_;
  std::vector<Token> ready_now_;
  std::vector<Token> turn_end_;
  std::vector<Token> turn_end_now_;
  std::vector<std::unique_ptr<Source>> removed_;
  std::vector<std::unique_ptr<Source>> spare_;  // empty: takes the place of removed_
  std::shared_ptr<Mailbox> mailbox_;
  Callback<void()> woken_;
};

/// Holds a source or, with the lowest bit set, what is needed to hold the next one. It owns nothing, so that it can be
/// moved as bytes; the reactor does.
class Reactor::Slot {
 public:
  /// Free: `generation` is that of the next source.
  Slot(std::uint32_t generation, std::uint32_t next_free)
      : bits_(std::uint64_t{next_free} << 32 | std::uint64_t{generation} << 1 | 1) {}

  [[nodiscard]] Source* source() const {
    return (bits_ & 1) == 0 ? std::bit_cast<Source*>(static_cast<std::uintptr_t>(bits_)) : nullptr;
  }
  [[nodiscard]] std::uint32_t next_free() const { return static_cast<std::uint32_t>(bits_ >> 32); }
  [[nodiscard]] std::uint32_t generation() const { return static_cast<std::uint32_t>(bits_) >> 1; }
  void hold(Source* source) { bits_ = std::bit_cast<std::uintptr_t>(source); }

 private:
  std::uint64_t bits_;
};

inline Source* Reactor::find(Token token) const {
  if (token.slot >= slots_.size()) return nullptr;
  Source* const source = slots_[token.slot].source();
  return source != nullptr && source->token_.generation == token.generation ? source : nullptr;
}

}  // namespace mote::core

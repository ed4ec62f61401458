#include "core/reactor.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <limits>
#include <system_error>
#include <utility>

#include "core/log.h"

namespace mote::core {
namespace {

static_assert(Reactor::kReadWrite == (EPOLLIN | EPOLLOUT | EPOLLRDHUP | static_cast<std::uint32_t>(EPOLLET)));
static_assert(Reactor::kRead == (EPOLLIN | static_cast<std::uint32_t>(EPOLLET)));

static_assert(Source::kReadable == EPOLLIN && Source::kWritable == EPOLLOUT);
static_assert(Source::kEnding == (EPOLLRDHUP | EPOLLHUP | EPOLLERR));

constexpr std::uint32_t kNoSlot = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t kGenerations = 0x7FFF'FFFF;
constexpr std::uint64_t kSlackMs = 64;  // a slot of the wheel's second level, which then fires without another wake-up

std::uint64_t clock_ms(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1000 + static_cast<std::uint64_t>(time.tv_nsec) / 1'000'000;
}

constexpr std::uint64_t pack(Token token) { return std::uint64_t{token.generation} << 32 | token.slot; }
constexpr Token unpack(std::uint64_t data) {
  return {static_cast<std::uint32_t>(data), static_cast<std::uint32_t>(data >> 32)};
}

}  // namespace

struct Reactor::Events {
  std::array<epoll_event, 512> list;
};

/// Runs what the mailbox holds.
class Reactor::Tasks final : public Source {
 public:
  explicit Tasks(const Reactor& reactor) : reactor_(reactor) {}

 private:
  void on_events(std::uint32_t) override {
    if (reactor_.woken_) reactor_.woken_();
    for (const auto& task : reactor_.mailbox_->take()) run(task);
  }

  static void run(const Mailbox::Task& task) {
    try {
      task();
    } catch (const std::exception& exception) {
      log(LogLevel::error, {"a posted task threw: ", exception.what()});
    }
  }

  const Reactor& reactor_;
};

/// Ends the wait when the earliest timer is due. Where epoll_wait is given a timeout it sets a timer of the kernel's
/// and takes it back, each time, for a microsecond; this one stays set until it rings.
class Reactor::Alarm final : public Source {
 public:
  explicit Alarm(Reactor& reactor)
      : reactor_(reactor), descriptor_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "timerfd_create");
  }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  ~Alarm() override { ::close(descriptor_); }

  [[nodiscard]] int descriptor() const { return descriptor_; }
  /// To ring at that time of CLOCK_MONOTONIC, and not when it was to ring before.
  bool set(std::uint64_t ms) const {
    itimerspec when{};
    when.it_value.tv_sec = static_cast<time_t>(ms / 1000);
    when.it_value.tv_nsec = static_cast<long>(ms % 1000 * 1'000'000);
    return ::timerfd_settime(descriptor_, TFD_TIMER_ABSTIME, &when, nullptr) == 0;
  }

 private:
  /// Edge-triggered it needs no read: each expiration is an edge, and setting it makes it not ready.
  void on_events(std::uint32_t) override { reactor_.alarm_ms_ = TimerWheel::kNever; }

  Reactor& reactor_;
  int descriptor_;
};

Reactor::Reactor()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), started_ms_(clock_ms(CLOCK_MONOTONIC)), free_slot_(kNoSlot) {
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  try {
    events_ = std::make_unique<Events>();
    mailbox_ = std::make_shared<Mailbox>();
    add_own(std::make_unique<Tasks>(*this), mailbox_->descriptor());
    auto alarm = std::make_unique<Alarm>(*this);
    alarm_ = alarm.get();
    add_own(std::move(alarm), alarm_->descriptor());
  } catch (...) {
    take_down();
    throw;
  }
}

void Reactor::add_own(std::unique_ptr<Source> source, int descriptor) {
  if (const int error = add(std::move(source), descriptor, kRead); error != 0) {
    throw std::system_error(error, std::generic_category(), "epoll_ctl");
  }
}

Reactor::~Reactor() {
  mailbox_->close();
  take_down();
}

void Reactor::take_down() {
  for (const Slot& slot : slots_) {
    if (Source* const source = slot.source()) remove(*source);
  }
  finish_turn();  // destroys them, and calls nobody any more
  ::close(epoll_);
}

std::uint32_t Reactor::take_slot() {
  if (free_slot_ == kNoSlot) {
    slots_.emplace_back(1, kNoSlot);
    return static_cast<std::uint32_t>(slots_.size() - 1);
  }
  return std::exchange(free_slot_, slots_[free_slot_].next_free());
}

int Reactor::add(std::unique_ptr<Source> source, int descriptor, std::uint32_t events) {
  Source& added = *source;
  add(std::move(source));
  const int error = attach(added, descriptor, events);
  if (error != 0) remove(added);
  return error;
}

int Reactor::attach(Source& source, int descriptor, std::uint32_t events) {
  if (find(source.token_) == nullptr) return ENOENT;
  epoll_event event{};
  event.events = events;
  event.data.u64 = pack(source.token_);
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : errno;
}

void Reactor::detach(int descriptor) { ::epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr); }

/// Afterwards whatever a source is put on needs no memory: it may be wanted to end a source for the lack of any.
void Reactor::make_room() {
  const auto for_one_more = [this](auto& list) {
    const std::size_t needed = list.size() + slots_.size() + 1;
    if (list.capacity() < needed) list.reserve(std::max(needed, 2 * list.capacity()));
  };
  for (auto* list : {&ready_, &ready_now_, &turn_end_, &turn_end_now_}) for_one_more(*list);
  for (auto* list : {&removed_, &spare_}) for_one_more(*list);
}

void Reactor::add(std::unique_ptr<Source> source) {
  make_room();
  const std::uint32_t index = take_slot();
  Slot& slot = slots_[index];
  source->token_ = {index, slot.generation()};
  slot.hold(source.release());
}

void Reactor::remove(Source& source) {
  if (find(source.token_) == nullptr) return;
  const auto [slot, generation] = source.token_;
  wheel_.disarm(source);
  removed_.emplace_back(&source);
  slots_[slot] = Slot((generation + 1) & kGenerations, std::exchange(free_slot_, slot));
}

void Reactor::announce(Announcement announcement) {
  for (std::size_t i = 0; i < slots_.size(); ++i) {  // NOLINT(modernize-loop-convert): a source may add others
    if (Source* source = slots_[i].source()) source->on_announcement(announcement);
  }
}

void Reactor::make_ready(Source& source) {
  if (source.ready_) return;
  ready_.push_back(source.token_);
  source.ready_ = true;
}

void Reactor::at_turn_end(Source& source) {
  if (source.turn_end_) return;
  turn_end_.push_back(source.token_);
  source.turn_end_ = true;
}

std::uint64_t Reactor::due_after(milliseconds delay) {
  if (!running_) read_clock(true);  // no turn has read it
  const auto ms = static_cast<std::uint64_t>(std::max<milliseconds::rep>(delay.count(), 1));
  const std::uint64_t due = now_ms_ + ms;
  return ms < 1000 ? due : (due + kSlackMs - 1) / kSlackMs * kSlackMs;
}

void Reactor::arm(Source& source, milliseconds delay) { arm_at(source, due_after(delay)); }

void Reactor::arm_no_later(Source& source, milliseconds delay) {
  const std::uint64_t due = due_after(delay);
  const TimerNode& node = source;
  if (!node.armed() || due < node.due()) arm_at(source, due);
}

void Reactor::arm_at(Source& source, std::uint64_t due) {
  // A removed source would be destroyed while the wheel holds it.
  if (find(source.token_) != nullptr) wheel_.arm(source, due);
}

void Reactor::disarm(Source& source) { wheel_.disarm(source); }

void Reactor::stop() noexcept {
  stopping_.store(true, std::memory_order_release);
  mailbox_->wake();
}

void Reactor::run() {
  mailbox_->adopt_thread();
  read_clock(true);
  running_ = true;
  while (!stopping_.load(std::memory_order_acquire)) turn();
  running_ = false;
}

void Reactor::wind_up() {
  announce(Announcement::stop);
  finish_turn();
  mailbox_->leave_thread();
}

/// Sets it where it would ring too late, and answers what epoll_wait is to be told. It may ring early, for a timer that
/// was armed anew since.
int Reactor::set_alarm() {
  if (!ready_.empty() || !turn_end_.empty() || !removed_.empty()) return 0;
  const std::uint64_t next = wheel_.next();
  if (next >= alarm_ms_) return -1;
  if (next <= now_ms_) return 0;
  if (alarm_->set(started_ms_ + next)) {
    alarm_ms_ = next;
    return -1;
  }
  return static_cast<int>(std::min<std::uint64_t>(next - now_ms_, std::numeric_limits<int>::max()));
}

int Reactor::wait() {
  const int timeout = set_alarm();
  if (busy_poll_.count() != 0 && timeout < 0) {
    if (const int count = poll_busily()) return count;
  }
  return poll(timeout);
}

int Reactor::poll(int timeout_ms) {
  const int count = ::epoll_wait(epoll_, events_->list.data(), static_cast<int>(events_->list.size()), timeout_ms);
  if (count > 0 || timeout_ms == 0) return std::max(count, 0);
  alarm_ms_ = TimerWheel::kNever;  // a signal (EINTR) ended it, or the timeout: how the alarm is set does not matter
  return 0;
}

int Reactor::poll_busily() {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + busy_poll_;
  int count = 0;
  do count = poll(0);
  while (count == 0 && Clock::now() < end);
  return count;
}

/// Whether that was what ended the wait.
bool Reactor::alarm_rang(int count) const {
  return count != 0 && unpack(events_->list.front().data.u64) == alarm_->token();
}

/// The coarse clock costs a third and lags by a tick, 4 to 10 ms, which no timeout minds; but where it was the alarm
/// that ended the wait, the precise one saves waiting again for the rest of a tick.
void Reactor::read_clock(bool precise) {
  const std::uint64_t time = clock_ms(precise ? CLOCK_MONOTONIC : CLOCK_MONOTONIC_COARSE);
  if (time > started_ms_ + now_ms_) now_ms_ = time - started_ms_;
}

void Reactor::turn() {
  const int count = wait();
  ++turn_number_;
  read_clock(count == 0 || alarm_rang(count));
  dispatch(count);
  run_ready();
  run_timers();
  finish_turn();
}

void Reactor::dispatch(int count) {
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events_->list[static_cast<std::size_t>(i)];
    if (Source* source = find(unpack(event.data.u64))) source->on_events(event.events);
  }
}

void Reactor::run_ready() {
  if (ready_.empty()) return;
  ready_now_.swap(ready_);  // who asks again during this pass waits for the next turn
  // By index: a source may add others, which makes room in the list.
  for (std::size_t i = 0; i < ready_now_.size(); ++i) {  // NOLINT(modernize-loop-convert)
    if (Source* source = find(ready_now_[i])) {
      source->ready_ = false;
      source->on_ready();
    }
  }
  ready_now_.clear();
}

void Reactor::run_timers() {
  wheel_.advance(now_ms_, [](TimerNode& node) { static_cast<Source&>(node).on_timer(); });
}

/// After a message to thousands of sources none of them is in the cache any more.
inline void Reactor::prefetch(Token token) const {
  constexpr std::size_t kLineBytes = 64;
  constexpr std::size_t kLines = 4;  // a session has so many
  const auto* const source = reinterpret_cast<const char*>(slots_[token.slot].source());
  if (source == nullptr) return;
  for (std::size_t line = 0; line < kLines; ++line) __builtin_prefetch(source + line * kLineBytes);
}

void Reactor::run_turn_end() {
  turn_end_now_.swap(turn_end_);
  for (std::size_t i = 0; i < turn_end_now_.size(); ++i) {  // NOLINT(modernize-loop-convert): as above
    if (i + 1 < turn_end_now_.size()) prefetch(turn_end_now_[i + 1]);
    if (Source* source = find(turn_end_now_[i])) {
      source->turn_end_ = false;
      source->on_turn_end();
    }
  }
  turn_end_now_.clear();
}

void Reactor::finish_turn() {
  while (!turn_end_.empty() || !removed_.empty()) {
    while (!turn_end_.empty()) run_turn_end();
    // What is destroyed may be the user's, and ask for more: its list is nobody else's.
    std::vector<std::unique_ptr<Source>> destroyed;
    destroyed.swap(removed_);
    removed_.swap(spare_);
    destroyed.clear();
    if (spare_.capacity() < destroyed.capacity()) spare_.swap(destroyed);
  }
}

}  // namespace mote::core

#include "net/handshake_gate.h"

#include <functional>
#include <map>
#include <utility>

namespace mote::net {

/// Those with one address.
struct HandshakeGate::Line {
  std::string_view address;  // the key that it is found by
  std::size_t held = 0;
  std::map<std::uint64_t, Callback<void()>> waiting;  // by number, so in order of arrival
  bool due = false;                                   // on the list of lines that may move on
  Line* next_due = nullptr;
};

class HandshakeGate::Waker final : public core::Source {
 public:
  explicit Waker(std::shared_ptr<State> state) : state_(std::move(state)) {}

 private:
  void on_events(std::uint32_t) override {}
  void on_ready() override;

  std::shared_ptr<State> state_;
};

/// What gate and permits share. Giving up a permit needs no memory, so that a destructor may.
class HandshakeGate::State {
 public:
  State(core::Reactor& reactor, std::size_t limit) : reactor_(reactor), limit_(limit) {}

  void open(core::Token waker) { waker_ = waker; }
  /// From now on nobody moves on, and the reactor is not touched.
  void close() {
    closed_ = true;
    if (core::Source* const waker = reactor_.find(waker_)) reactor_.remove(*waker);
  }

  Line& line(std::string_view address) {
    if (const auto found = lines_.find(address); found != lines_.end()) return found->second;
    const auto [made, _] = lines_.try_emplace(std::string(address));
    made->second.address = made->first;
    return made->second;
  }
  std::uint64_t join(Line& line, Callback<void()> granted) {
    if (line.held < limit_ && line.waiting.empty()) {
      ++line.held;
    } else {
      line.waiting.emplace(next_number_, std::move(granted));
    }
    return next_number_++;
  }
  void leave(Line& line, std::uint64_t number) {
    if (line.waiting.erase(number) == 0) --line.held;
    settle(line);
  }
  /// Has somebody look whether the line moves on; one that nobody is in is forgotten.
  void settle(Line& line) {
    if (line.due) return;
    if (line.held == 0 && line.waiting.empty()) {
      lines_.erase(lines_.find(line.address));
    } else if (!closed_ && line.held < limit_ && !line.waiting.empty()) {
      line.due = true;
      line.next_due = std::exchange(first_due_, &line);
      if (core::Source* const waker = reactor_.find(waker_)) reactor_.make_ready(*waker);
    }
  }
  void move_lines_on() {
    Line* line = std::exchange(first_due_, nullptr);
    while (line != nullptr) {
      Line& moving = *std::exchange(line, line->next_due);
      moving.due = false;
      move_on(moving);
    }
  }
  [[nodiscard]] std::size_t lines() const { return lines_.size(); }

 private:
  void move_on(Line& line) {
    Callback<void()> granted;
    if (!closed_ && line.held < limit_ && !line.waiting.empty()) {
      granted = std::move(line.waiting.begin()->second);
      line.waiting.erase(line.waiting.begin());
      ++line.held;
    }
    settle(line);  // before the callback: it may be the end of the line
    if (granted) granted();
  }

  core::Reactor& reactor_;
  std::size_t limit_;
  core::Token waker_;
  std::map<std::string, Line, std::less<>> lines_;
  Line* first_due_ = nullptr;
  std::uint64_t next_number_ = 0;
  bool closed_ = false;
};

void HandshakeGate::Waker::on_ready() { state_->move_lines_on(); }

HandshakeGate::HandshakeGate(core::Reactor& reactor, std::size_t limit)
    : state_(std::make_shared<State>(reactor, limit)) {
  auto waker = std::make_unique<Waker>(state_);
  const Waker& added = *waker;
  reactor.add(std::move(waker));
  state_->open(added.token());
}

HandshakeGate::~HandshakeGate() { state_->close(); }

HandshakePermit HandshakeGate::enter(std::string_view address, Callback<void()> granted) {
  Line& line = state_->line(address);
  try {
    return {state_, line, state_->join(line, std::move(granted))};
  } catch (...) {
    state_->settle(line);
    throw;
  }
}

std::size_t HandshakeGate::busy_addresses() const { return state_->lines(); }

HandshakePermit::HandshakePermit(std::shared_ptr<HandshakeGate::State> state, HandshakeGate::Line& line,
                                 std::uint64_t number)
    : state_(std::move(state)), line_(&line), number_(number) {}

HandshakePermit::HandshakePermit(HandshakePermit&& other) noexcept
    : state_(std::move(other.state_)), line_(std::exchange(other.line_, nullptr)), number_(other.number_) {}

HandshakePermit& HandshakePermit::operator=(HandshakePermit&& other) noexcept {
  if (this != &other) {
    release();
    state_ = std::move(other.state_);
    line_ = std::exchange(other.line_, nullptr);
    number_ = other.number_;
  }
  return *this;
}

bool HandshakePermit::held() const { return line_ != nullptr && !line_->waiting.contains(number_); }

void HandshakePermit::release() {
  if (line_ == nullptr) return;
  state_->leave(*std::exchange(line_, nullptr), number_);
  state_ = nullptr;
}

}  // namespace mote::net

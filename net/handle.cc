#include <mote/handle.h>

#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "net/dialer.h"
#include "net/handle_state.h"
#include "net/session.h"

namespace mote {
namespace {

using net::HandleState;
using net::Session;
using proto::Opcode;
using State = std::shared_ptr<HandleState>;

/// What a handle was given to send; `Payload` owns its bytes on the way to another thread.
template <class Payload>
struct Sending {
  Opcode opcode;
  Compress compress;
  Payload payload;

  SendStatus operator()(Session& session) const {
    if (proto::is_control(opcode)) return session.send_control(opcode, payload);
    return session.send_data(opcode, payload, compress);
  }
  [[nodiscard]] std::size_t size() const { return payload.size(); }
  [[nodiscard]] bool is_pong() const { return opcode == Opcode::pong; }
  [[nodiscard]] Sending<std::vector<std::byte>> copy() const {
    return {opcode, compress, std::vector<std::byte>(payload.begin(), payload.end())};
  }
};

struct SendingPrepared {
  PreparedMessage message;

  SendStatus operator()(Session& session) const { return session.send_prepared(proto::PreparedFrames::of(message)); }
  [[nodiscard]] std::size_t size() const { return message.size(); }
  [[nodiscard]] static bool is_pong() { return false; }
  [[nodiscard]] SendingPrepared copy() const { return *this; }
};

/// `call(session)` on the reactor's thread, for somebody who is not there to be told of an exception: a message that
/// was accepted must not be missing among those that follow.
template <class Call>
void call_for_absent(Session& session, const Call& call) {
  try {
    call(session);
  } catch (const std::exception& exception) {
    session.failed_within(exception);
  }
}

/// Runs `call(session)` on the reactor's thread, unless the connection has ended by then; false where that is known
/// now.
template <class Call>
bool run_there(const State& state, Call call) {
  return state->mailbox->post([state, call = std::move(call)]() mutable {
    if (state->session != nullptr) call_for_absent(*state->session, call);
  });
}

/// The same, at once where the caller is on that thread.
template <class Call>
void on_session(const State& state, Call call) {
  if (!state->mailbox->on_own_thread()) {
    run_there(state, std::move(call));
  } else if (state->session != nullptr) {
    call(*state->session);
  }
}

/// Calls `end(session)` on the reactor's thread; a client makes no other connection, however this one has ended.
template <class End>
void end_there(const State& state, End end) {
  const auto end_now = [](const State& of, const auto& by) {
    if (of->dialer != nullptr) of->dialer->give_up();
    if (of->session != nullptr) by(*of->session);
  };
  if (state->mailbox->on_own_thread()) {
    end_now(state, end);
  } else {
    state->mailbox->post([state, end_now, end = std::move(end)] {
      end_now(state, [&](Session& session) { call_for_absent(session, end); });
    });
  }
}

/// The room of a message on its way to the reactor's thread, for as long as it lives. An empty one takes some, too: the
/// task that carries it.
class Reservation {
 public:
  Reservation(State state, std::size_t payload_bytes)
      : state_(std::move(state)),
        size_(kTaskBytes + payload_bytes),
        before_(state_->posted_bytes.fetch_add(size_, std::memory_order_relaxed)) {}
  Reservation(Reservation&& other) noexcept = default;
  Reservation& operator=(Reservation&&) = delete;
  ~Reservation() { release(); }

  void release() {
    if (const State state = std::exchange(state_, nullptr)) {
      state->posted_bytes.fetch_sub(size_, std::memory_order_relaxed);
    }
  }
  /// Its own.
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Of this and those before it.
  [[nodiscard]] std::size_t posted() const { return before_ + size_; }
  /// What is known here of all that waits, the connection's queue included.
  [[nodiscard]] std::size_t total() const { return posted() + state_->queued_bytes.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kTaskBytes = 128;

  State state_;
  std::size_t size_;
  std::size_t before_;
};

/// The connection is to end because another thread has passed its hard limit. Said once until it is heard: who goes on
/// sending takes no memory.
void post_overflow(const State& state) {
  if (state->overflowing.exchange(true)) return;
  try {
    state->mailbox->post([state] {
      state->overflowing = false;
      if (state->session != nullptr) call_for_absent(*state->session, [](Session& session) { session.overflow(); });
    });
  } catch (...) {
    state->overflowing = false;
    throw;
  }
}

/// A pong waits for no room in the connection's queue, which keeps but the latest: only what is posted limits it.
template <class What>
SendStatus post_message(const State& state, const What& sending) {
  auto copy = sending.copy();
  Reservation room(state, sending.size());
  const std::size_t total = room.total();
  const std::size_t limited = sending.is_pong() ? room.posted() : total;
  if (limited != room.size() && limited > state->hard_limit_bytes) {
    if (state->overflow == Overflow::close_connection && !sending.is_pong()) post_overflow(state);
    return SendStatus::dropped;
  }
  const bool queued = total > state->soft_limit_bytes;
  const bool posted = state->mailbox->post([state, queued, copy = std::move(copy), room = std::move(room)]() mutable {
    room.release();
    if (state->session == nullptr) return;
    call_for_absent(*state->session, copy);
    if (queued) state->session->owe_drain();  // the queue may be empty by now, or have never been above the limit
  });
  if (!posted) return SendStatus::closed;
  return queued ? SendStatus::queued : SendStatus::sent;
}

template <class What>
SendStatus send_through(const State& state, const What& sending) {
  if (state == nullptr || !state->open.load(std::memory_order_relaxed)) return SendStatus::closed;
  if (state->mailbox->on_own_thread()) return sending(*state->session);
  return post_message(state, sending);
}

SendStatus send_bytes(const State& state, Opcode opcode, std::span<const std::byte> payload, Compress compress) {
  return send_through(state, Sending<std::span<const std::byte>>{opcode, compress, payload});
}

SendStatus send_control(const State& state, Opcode opcode, std::span<const std::byte> payload) {
  Session::check_control(payload);
  return send_bytes(state, opcode, payload, Compress::never);
}

}  // namespace

Handle::Handle(std::shared_ptr<net::HandleState> state) : state_(std::move(state)) {}

SendStatus Handle::send(std::string_view text, Compress compress) const {
  return send_bytes(state_, Opcode::text, std::as_bytes(std::span(text)), compress);
}
SendStatus Handle::send(std::span<const std::byte> bytes, Compress compress) const {
  return send_bytes(state_, Opcode::binary, bytes, compress);
}
SendStatus Handle::send(const PreparedMessage& message) const { return send_through(state_, SendingPrepared{message}); }
SendStatus Handle::send_ping(std::span<const std::byte> payload) const {
  return send_control(state_, Opcode::ping, payload);
}
SendStatus Handle::send_pong(std::span<const std::byte> payload) const {
  return send_control(state_, Opcode::pong, payload);
}

void Handle::pause_reading() const {
  if (state_ != nullptr) on_session(state_, [](Session& session) { session.pause_reading(); });
}

void Handle::resume_reading() const {
  if (state_ != nullptr) on_session(state_, [](Session& session) { session.resume_reading(); });
}

void Handle::close(std::uint16_t code, std::string_view reason) const {
  Session::check_close(code, reason);
  if (state_ == nullptr) return;
  end_there(state_, [code, copy = std::string(reason)](Session& session) { session.start_close(code, copy); });
}

void Handle::abort() const {
  if (state_ == nullptr) return;
  end_there(state_, [](Session& session) { session.drop(); });
}

bool Handle::is_open() const { return state_ != nullptr && state_->open.load(std::memory_order_relaxed); }

}  // namespace mote

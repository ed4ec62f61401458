#include <mote/handle.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "net/handle_state.h"
#include "net/session.h"

namespace mote {
namespace {

using net::HandleState;
using net::Session;
using proto::Opcode;
using State = std::shared_ptr<HandleState>;

SendStatus send_on(Session& session, Opcode opcode, std::span<const std::byte> payload) {
  return proto::is_control(opcode) ? session.send_control(opcode, payload) : session.send_data(opcode, payload);
}

/// Runs `call(session)` on the reactor's thread, unless the connection has ended by then; false where that is known
/// now.
template <class Call>
bool run_there(const State& state, Call call) {
  return state->mailbox->post([state, call = std::move(call)]() mutable {
    if (state->session != nullptr) call(*state->session);
  });
}

/// The room of a message on its way to the reactor's thread, for as long as it lives.
class Reservation {
 public:
  Reservation(State state, std::size_t size)
      : state_(std::move(state)),
        size_(size),
        before_(state_->posted_bytes.fetch_add(size, std::memory_order_relaxed)) {}
  Reservation(Reservation&& other) noexcept = default;
  Reservation& operator=(Reservation&&) = delete;
  ~Reservation() { release(); }

  void release() {
    if (const State state = std::exchange(state_, nullptr)) {
      state->posted_bytes.fetch_sub(size_, std::memory_order_relaxed);
    }
  }
  /// What is known here of all that waits, this message and the connection's queue included.
  [[nodiscard]] std::size_t total() const {
    return before_ + size_ + state_->queued_bytes.load(std::memory_order_relaxed);
  }

 private:
  State state_;
  std::size_t size_;
  std::size_t before_;
};

SendStatus post_message(const State& state, Opcode opcode, std::span<const std::byte> payload) {
  std::vector<std::byte> copy(payload.begin(), payload.end());
  Reservation room(state, payload.size());
  const std::size_t total = room.total();
  if (total != payload.size() && total > state->hard_limit_bytes) {
    if (state->overflow == Overflow::close_connection) run_there(state, [](Session& session) { session.overflow(); });
    return SendStatus::dropped;
  }
  const bool queued = total > state->soft_limit_bytes;
  const bool posted =
      state->mailbox->post([state, opcode, queued, copy = std::move(copy), room = std::move(room)]() mutable {
        room.release();
        if (state->session == nullptr) return;
        send_on(*state->session, opcode, copy);
        if (queued) state->session->owe_drain();  // the queue may be empty by now, or have never been above the limit
      });
  if (!posted) return SendStatus::closed;
  return queued ? SendStatus::queued : SendStatus::sent;
}

SendStatus send_through(const State& state, Opcode opcode, std::span<const std::byte> payload) {
  if (proto::is_control(opcode)) Session::check_control(payload);
  if (state == nullptr || !state->open.load(std::memory_order_relaxed)) return SendStatus::closed;
  if (state->mailbox->on_own_thread()) return send_on(*state->session, opcode, payload);
  return post_message(state, opcode, payload);
}

}  // namespace

Handle::Handle(std::shared_ptr<net::HandleState> state) : state_(std::move(state)) {}

SendStatus Handle::send(std::string_view text) const {
  return send_through(state_, Opcode::text, std::as_bytes(std::span(text)));
}
SendStatus Handle::send(std::span<const std::byte> bytes) const { return send_through(state_, Opcode::binary, bytes); }
SendStatus Handle::send_ping(std::span<const std::byte> payload) const {
  return send_through(state_, Opcode::ping, payload);
}
SendStatus Handle::send_pong(std::span<const std::byte> payload) const {
  return send_through(state_, Opcode::pong, payload);
}

void Handle::close(std::uint16_t code, std::string_view reason) const {
  Session::check_close(code, reason);
  if (!is_open()) return;
  if (state_->mailbox->on_own_thread()) {
    state_->session->start_close(code, reason);
  } else {
    run_there(state_, [code, copy = std::string(reason)](Session& session) { session.start_close(code, copy); });
  }
}

void Handle::abort() const {
  if (state_ == nullptr) return;
  if (!state_->mailbox->on_own_thread()) {
    run_there(state_, [](Session& session) { session.drop(); });
  } else if (state_->session != nullptr) {
    state_->session->drop();
  }
}

bool Handle::is_open() const { return state_ != nullptr && state_->open.load(std::memory_order_relaxed); }

}  // namespace mote

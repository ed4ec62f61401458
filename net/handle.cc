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

/// Reserves room for a message, by what is known here of the queue: false where it would pass the hard limit.
bool reserve(HandleState& state, std::size_t size, std::size_t& total) {
  total = state.posted_bytes.fetch_add(size, std::memory_order_relaxed) + size +
          state.queued_bytes.load(std::memory_order_relaxed);
  if (total == size || total <= state.hard_limit_bytes) return true;
  state.posted_bytes.fetch_sub(size, std::memory_order_relaxed);
  return false;
}

SendStatus post_message(const State& state, Opcode opcode, std::span<const std::byte> payload) {
  std::size_t total = 0;
  if (!reserve(*state, payload.size(), total)) {
    if (state->overflow == Overflow::close_connection) run_there(state, [](Session& session) { session.overflow(); });
    return SendStatus::dropped;
  }
  const bool posted =
      state->mailbox->post([state, opcode, copy = std::vector<std::byte>(payload.begin(), payload.end())] {
        state->posted_bytes.fetch_sub(copy.size(), std::memory_order_relaxed);
        if (state->session != nullptr) send_on(*state->session, opcode, copy);
      });
  if (!posted) return SendStatus::closed;
  return total > state->soft_limit_bytes ? SendStatus::queued : SendStatus::sent;
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

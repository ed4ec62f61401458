#include "tests/model/near_end.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

namespace mote::model {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

template <class To>
SendStatus send_to(To& to, unsigned opcode, const std::string& payload) {
  switch (opcode) {
    case 1:
      return to.send(payload);
    case 2:
      return to.send(bytes_of(payload));
    case 9:
      return to.send_ping(bytes_of(payload));
    default:
      return to.send_pong(bytes_of(payload));
  }
}

const char* name_of(SendStatus status) {
  switch (status) {
    case SendStatus::sent:
      return "sent";
    case SendStatus::queued:
      return "queued";
    case SendStatus::dropped:
      return "dropped";
    default:
      return "closed";
  }
}

}  // namespace

NearEnd::NearEnd(House& house, FarEnd& far) : house_(house), far_(far) {
  far_.listen([this](const fault::FarFrame& frame) { reached(frame); });
}

void NearEnd::note(const std::string& text) const {
  if (house_.verdict.traces()) house_.note("mote, connection " + std::to_string(far_.number()) + ": " + text);
}

void NearEnd::require(bool true_one, const std::string& else_wrong) const {
  if (!true_one) house_.verdict.fail("connection " + std::to_string(far_.number()) + ": " + else_wrong);
}

// ---- What the user was told

/// What holds for each callback.
void NearEnd::callback(const std::string& name, bool before_the_end) {
  note(name);
  require(!house_.inside_call, name + " while a method of mote's runs");
  require(!closed_, name + " after on_close");
  require(!vanished_, name + " after the client's end");
  if (!before_the_end || closed_) return;
  require(opened_, name + " before on_open");
  require(socket_->is_open(), name + " while it is not open");
  require(cause_ == Cause::none, name + " after it was ended");
}

void NearEnd::configured(Connection& socket) {
  note("configure");
  require(!configured_ && !vanished_ && !house_.inside_call, "configured twice, or at the wrong time");
  configured_ = true;
  configured_ms_ = House::now_ms();
  socket_ = &socket;
  if (is_client()) require(socket.handle() == handle_, "a connection has another handle than `connect` has answered");
}

void NearEnd::opened() {
  note("on_open");
  require(!house_.inside_call && configured_ && !opened_ && !closed_ && !vanished_,
          "on_open twice, or at the wrong time");
  require(socket_ != nullptr && (socket_->is_open() || cause_ != Cause::none), "is not open in on_open");
  require(!is_client() || !aborted_, "opened although it was ended before");
  require(far_.may_open(), "opened before all of a correct handshake was there");
  opened_ = true;
}

void NearEnd::heard(Unit::Kind kind, unsigned opcode, std::string_view payload) {
  callback("hears opcode " + std::to_string(opcode) + " with " + std::to_string(payload.size()) + " bytes", true);
  require(!paused_, "heard something while it reads nothing");
  const auto& units = far_.speech().units();
  if (delivered_ >= units.size()) return require(false, "heard more than was said");
  const Unit& unit = units[delivered_++];
  require(unit.kind == kind && unit.opcode == opcode && unit.payload == payload,
          "heard another thing than what was said, or in another order");
  require(unit.end <= far_.speech().given(), "heard before it was said");
  if (kind == Unit::Kind::ping) pongs_.emplace_back(payload);
}

void NearEnd::drained() {
  callback("on_drain", true);
  require(socket_->queued_bytes() <= house_.options.soft_limit_bytes,
          "on_drain while the queue is above the soft limit");
  drain_due_ = false;
}

void NearEnd::failed(const Error& error) {
  callback(std::string("on_error: ") + error.what(), false);
  require(!error_, "on_error twice");
  require(socket_ != nullptr && !socket_->is_open(), "is open in on_error");
  error_ = error.kind();
  error_status_ = error.response() != nullptr ? error.response()->status : 0;
}

void NearEnd::closed(const CloseInfo& why) {
  callback("on_close: " + std::to_string(why.code) + " \"" + std::string(why.reason) + "\" by " +
               std::to_string(static_cast<int>(why.by)) + (why.clean ? ", clean" : ""),
           false);
  require(socket_ != nullptr && !socket_->is_open(), "is open in on_close");
  require(opened_ || (configured_ && (is_client() || cause_ != Cause::none)), "on_close without on_open");
  check_ending(why);
  check_error(why);
  ending_ = why;
  ending_.reason = {};
  closed_ms_ = House::now_ms();
  ends_this_turn_ = false;
}

// ---- What the user does

/// Nobody is called back meanwhile.
template <class Call>
auto NearEnd::call(Call&& call) {
  house_.inside_call = true;
  if constexpr (std::is_void_v<decltype(call())>) {
    call();
    house_.inside_call = false;
  } else {
    const auto result = call();
    house_.inside_call = false;
    return result;
  }
}

template <class ByConnection, class ByHandle>
NearEnd::Via NearEnd::through(Via via, ByConnection&& by_connection, ByHandle&& by_handle) {
  if (has_handle_ && (via == Via::handle || socket_ == nullptr)) {
    call([&] { by_handle(handle_); });
    return Via::handle;
  }
  if (socket_ != nullptr) call([&] { by_connection(*socket_); });
  return Via::connection;
}

void NearEnd::take_handle() {
  if (socket_ == nullptr || has_handle_) return;
  handle_ = socket_->handle();
  has_handle_ = true;
}

void NearEnd::adopt(Handle handle) {
  handle_ = std::move(handle);
  has_handle_ = true;
}

void NearEnd::take_farewell(Via via) {
  if (via == Via::handle && farewell_) farewell_();
}

void NearEnd::vanish() {
  vanished_ = true;
  socket_ = nullptr;
  ends_this_turn_ = false;
}

NearEnd::Before NearEnd::look() const {
  if (closed_) require(!handle_.is_open(), "a handle is open after on_close");
  if (socket_ == nullptr) return {false, 0};
  const bool open = socket_->is_open();
  require(!has_handle_ || handle_.is_open() == open, "a handle and its connection disagree about is_open");
  require(!open || cause_ == Cause::none, "is open after it was ended");
  return {open, socket_->queued_bytes()};
}

void NearEnd::send(Via via, unsigned opcode, const std::string& payload) {
  const Before before = look();
  SendStatus status = SendStatus::closed;
  through(
      via, [&](Connection& socket) { status = send_to(socket, opcode, payload); },
      [&](const Handle& handle) { status = send_to(handle, opcode, payload); });
  note("sends opcode " + std::to_string(opcode) + " with " + std::to_string(payload.size()) +
       " bytes: " + name_of(status));
  judge_sending(before, status, payload.size(), opcode != 10);
  if (status == SendStatus::sent || status == SendStatus::queued) accepted(opcode, payload);
}

void NearEnd::accepted(unsigned opcode, const std::string& payload) {
  if (opcode == 10) {
    pongs_.push_back(payload);
  } else {
    outgoing_.push_back({opcode, payload});
  }
}

void NearEnd::judge_sending(const Before& before, SendStatus status, std::size_t size, bool may_be_dropped) {
  if (!before.open) return require(status == SendStatus::closed, "`send` does not answer `closed` where it is");
  const auto& options = house_.options;
  const bool too_much = may_be_dropped && before.queued != 0 && before.queued + size > options.hard_limit_bytes;
  require(too_much == (status == SendStatus::dropped), "`dropped` and the hard limit disagree");
  switch (status) {
    case SendStatus::sent:
      require(socket_->queued_bytes() <= options.soft_limit_bytes, "`sent` above the soft limit");
      require(!drain_due_, "`sent` while on_drain is due");
      break;
    case SendStatus::queued:
      drain_due_ = true;
      break;
    case SendStatus::closed:
      require(far_.left(), "`closed` although it was open");
      break;
    case SendStatus::dropped:
      if (options.overflow == Overflow::close_connection) end_by(Cause::limit, close_code::policy_violation);
      require(socket_->is_open() == (options.overflow == Overflow::drop_message),
              "what follows a dropped message is wrong");
  }
}

/// From now on nothing is delivered.
void NearEnd::end_by(Cause cause, std::uint16_t close_sent) {
  cause_ = cause;
  ended_ms_ = House::now_ms();
  ends_this_turn_ = cause != Cause::close;
  if (!close_sent_ && cause != Cause::abort) close_sent_ = close_sent;
}

void NearEnd::close(Via via, std::uint16_t code, const std::string& reason) {
  const Before before = look();
  note("close " + std::to_string(code));
  take_farewell(through(
      via, [&](Connection& socket) { socket.close(code, reason); },
      [&](const Handle& handle) { handle.close(code, reason); }));
  note_close(before, code);
}

/// A client's that has not opened is dropped.
void NearEnd::note_close(const Before& before, std::uint16_t code) {
  if (is_connecting()) return note_abort(before);
  if (before.open) end_by(Cause::close, code);
  if (socket_ != nullptr && !closed_) require(!socket_->is_open(), "is open after `close`");
}

void NearEnd::abort(Via via) {
  const Before before = look();
  note("abort");
  take_farewell(through(
      via, [](Connection& socket) { socket.abort(); }, [](const Handle& handle) { handle.abort(); }));
  note_abort(before);
}

void NearEnd::note_abort(const Before& before) {
  if (is_connecting()) aborted_ = true;  // perhaps without the user's knowing that it has begun
  if (socket_ == nullptr) return;
  aborted_ = true;
  require(!socket_->is_open(), "is open after `abort`");
  if (before.open) end_by(Cause::abort, 0);
  ends_this_turn_ = !closed_;
}

void NearEnd::pause(Via via) {
  if (socket_ == nullptr && is_connecting()) return;  // has it begun?
  note("pauses");
  through(
      via, [](Connection& socket) { socket.pause_reading(); }, [](const Handle& handle) { handle.pause_reading(); });
  if (socket_ != nullptr) paused_ = true;
}

void NearEnd::resume(Via via) {
  note("resumes");
  through(
      via, [](Connection& socket) { socket.resume_reading(); }, [](const Handle& handle) { handle.resume_reading(); });
  if (paused_) resumed_ms_ = House::now_ms();
  paused_ = false;
}

std::string NearEnd::throws() {
  note("throws");
  threw_ = true;
  ends_this_turn_ = socket_ != nullptr;
  if (socket_ == nullptr) return "as the model has it";
  if (socket_->is_open() || (cause_ == Cause::close && !aborted_)) end_by(Cause::exception, close_code::internal_error);
  return "as the model has it";
}

void NearEnd::before_posted() { before_posted_ = look(); }

/// The status was about what was known in the other thread; what counts is what there was when the message came here.
void NearEnd::after_posted_send(unsigned opcode, const std::string& payload, SendStatus status) {
  if (status == SendStatus::closed || status == SendStatus::dropped) {
    if (status == SendStatus::dropped && before_posted_.open && !is_open())
      end_by(Cause::limit, close_code::policy_violation);
    return;
  }
  if (!before_posted_.open) return;
  if (!is_open()) {
    const bool full =
        before_posted_.queued != 0 && before_posted_.queued + payload.size() > house_.options.hard_limit_bytes;
    require(full || far_.left(), "a message from another thread has ended the connection");
    if (full) end_by(Cause::limit, close_code::policy_violation);
    if (!full) accepted(opcode, payload);
    return;
  }
  const bool full = opcode != 10 && before_posted_.queued != 0 &&
                    before_posted_.queued + payload.size() > house_.options.hard_limit_bytes;
  if (!full) accepted(opcode, payload);
  if (status == SendStatus::queued) drain_due_ = true;
}

void NearEnd::after_posted_close(std::uint16_t code) {
  take_farewell(Via::handle);
  note_close(before_posted_, code);
}

void NearEnd::after_posted_abort() {
  take_farewell(Via::handle);
  note_abort(before_posted_);
}

}  // namespace mote::model

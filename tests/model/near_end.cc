#include "tests/model/near_end.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

namespace mote::model {
namespace {

constexpr std::int64_t kLateMs = 200;  // timers of a second and more may be 64 ms late, and two may follow each other

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
  if (house_.verdict.traces()) house_.note("server, connection " + std::to_string(far_.number()) + ": " + text);
}

void NearEnd::require(bool true_one, const std::string& else_wrong) const {
  if (!true_one) house_.verdict.fail("connection " + std::to_string(far_.number()) + ": " + else_wrong);
}

// ---- What the server was told

/// What holds for each callback.
void NearEnd::callback(const std::string& name, bool before_the_end) {
  note(name);
  require(!house_.inside_call, name + " while a method of mote's runs");
  require(!closed_, name + " after on_close");
  if (!before_the_end || closed_) return;
  require(opened_, name + " before on_open");
  require(socket_->is_open(), name + " while it is not open");
  require(cause_ == Cause::none, name + " after it was ended");
}

void NearEnd::configured(Connection& socket) {
  note("configure");
  require(!configured_, "configured twice");
  configured_ = true;
  socket_ = &socket;
}

void NearEnd::opened() {
  note("on_open");
  require(!house_.inside_call && configured_ && !opened_ && !closed_, "on_open twice, or at the wrong time");
  require(socket_ != nullptr && (socket_->is_open() || cause_ != Cause::none), "is not open in on_open");
  require(far_.has_asked(), "opened before all of the request was there");
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
}

void NearEnd::closed(const CloseInfo& why) {
  callback("on_close: " + std::to_string(why.code) + " \"" + std::string(why.reason) + "\" by " +
               std::to_string(static_cast<int>(why.by)) + (why.clean ? ", clean" : ""),
           false);
  require(socket_ != nullptr && !socket_->is_open(), "is open in on_close");
  require(opened_ || (configured_ && cause_ != Cause::none), "on_close without on_open");
  check_ending(why);
  check_error(why);
  ending_ = why;
  ending_.reason = {};
  ends_this_turn_ = false;
}

// ---- What the server does

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
void NearEnd::through(Via via, ByConnection&& by_connection, ByHandle&& by_handle) {
  if (has_handle_ && (via == Via::handle || socket_ == nullptr)) {
    call([&] { by_handle(handle_); });
  } else if (socket_ != nullptr) {
    call([&] { by_connection(*socket_); });
  }
}

void NearEnd::take_handle() {
  if (socket_ == nullptr || has_handle_) return;
  handle_ = socket_->handle();
  has_handle_ = true;
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
  through(
      via, [&](Connection& socket) { socket.close(code, reason); },
      [&](const Handle& handle) { handle.close(code, reason); });
  note_close(before, code);
}

void NearEnd::note_close(const Before& before, std::uint16_t code) {
  if (before.open) end_by(Cause::close, code);
  if (socket_ != nullptr && !closed_) require(!socket_->is_open(), "is open after `close`");
}

void NearEnd::abort(Via via) {
  const Before before = look();
  note("abort");
  through(
      via, [](Connection& socket) { socket.abort(); }, [](const Handle& handle) { handle.abort(); });
  note_abort(before);
}

void NearEnd::note_abort(const Before& before) {
  if (socket_ == nullptr) return;
  aborted_ = true;
  require(!socket_->is_open(), "is open after `abort`");
  if (before.open) end_by(Cause::abort, 0);
  ends_this_turn_ = !closed_;
}

void NearEnd::pause(Via via) {
  note("pauses");
  through(
      via, [](Connection& socket) { socket.pause_reading(); }, [](const Handle& handle) { handle.pause_reading(); });
  paused_ = true;
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
  ends_this_turn_ = true;
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

void NearEnd::after_posted_close(std::uint16_t code, const std::string&) { note_close(before_posted_, code); }
void NearEnd::after_posted_abort() { note_abort(before_posted_); }

// ---- What reaches the client

void NearEnd::reached(const fault::FarFrame& frame) {
  require(frame.fin && !frame.compressed, "a frame of the server's is no whole one");
  if (frame.opcode == 10) {
    const auto found =
        std::find(pongs_.begin() + static_cast<std::ptrdiff_t>(pongs_reached_), pongs_.end(), frame.payload);
    // A ping that comes behind this side's Close is answered and not told.
    require(found != pongs_.end() || cause_ != Cause::none || house_.drained_ms,
            "a pong that nobody has asked for, or in the wrong order");
    if (found != pongs_.end()) pongs_reached_ = static_cast<std::size_t>(found - pongs_.begin()) + 1;
    return;
  }
  require(!close_reached_, "a frame came behind a Close frame");
  if (frame.opcode == 8) return close_reached(frame);
  if (frame.opcode == 9 && frame.payload.empty()) return;  // mote's own
  if (reached_ >= outgoing_.size()) return require(false, "a message reached the client that was not accepted");
  const Outgoing& next = outgoing_[reached_++];
  require(next.opcode == frame.opcode && next.payload == frame.payload,
          "another message reached the client than the one that was sent next");
}

void NearEnd::close_reached(const fault::FarFrame& frame) {
  close_reached_ = close_code::no_status;
  if (frame.payload.size() >= 2) {
    const auto high = static_cast<unsigned char>(frame.payload[0]);
    const auto low = static_cast<unsigned char>(frame.payload[1]);
    close_reached_ = static_cast<std::uint16_t>(high << 8U | low);
  }
  require(reached_ == outgoing_.size(), "a Close frame overtook messages");
}

// ---- How it ends

bool NearEnd::heard_all_before_end() const {
  const auto end = far_.speech().first_end();
  return end && delivered_ == *end;
}

/// The client's Close, or something bad, has been given whole.
bool NearEnd::end_is_complete() const {
  const auto end = far_.speech().first_end();
  return end && far_.speech().units()[*end].end <= far_.speech().given();
}

bool NearEnd::says_clients_close(const CloseInfo& why) const {
  const auto end = far_.speech().first_end();
  if (!end) return false;
  const Unit& unit = far_.speech().units()[*end];
  return unit.kind == Unit::Kind::close && why.clean && why.code == unit.code && why.reason == unit.payload &&
         end_is_complete();
}

bool NearEnd::says_clients_fault(const CloseInfo& why) const {
  const auto end = far_.speech().first_end();
  if (!end) return false;
  const Unit& unit = far_.speech().units()[*end];
  return unit.kind == Unit::Kind::bad && !why.clean && why.code == unit.code && why.by == unit.by &&
         unit.begin < far_.speech().given();
}

bool NearEnd::may_be_timeout() const {
  const auto& options = house_.options;
  const std::int64_t now = House::now_ms();
  if (cause_ == Cause::close) return now - ended_ms_ >= options.close_timeout.count();
  if (house_.drained_ms && now - *house_.drained_ms >= options.close_timeout.count()) return true;
  const bool silent = now - far_.last_said_ms() >= (options.ping_interval + options.ping_timeout).count();
  const bool unread = now - far_.last_read_ms() >= options.write_timeout.count();
  return silent || unread;
}

bool NearEnd::may_end_so(const CloseInfo& why) const {
  const bool untouched = cause_ == Cause::none && !house_.drained_ms;
  const bool abnormal = why.code == close_code::abnormal && why.reason.empty() && !why.clean;
  switch (why.by) {
    case EndedBy::peer:
      return cause_ == Cause::none && says_clients_close(why) && heard_all_before_end();
    case EndedBy::local:
      if (cause_ == Cause::abort) return abnormal;
      if (cause_ == Cause::exception) return why.code == close_code::internal_error && !why.clean;
      if (aborted_ && abnormal) return cause_ == Cause::close || house_.drained_ms;
      return cause_ == Cause::close && says_clients_close(why);
    case EndedBy::transport:
      // Half closed, all that came before it is heard.
      return abnormal && far_.left() &&
             (!untouched || far_.dropped() || (delivered_ == far_.speech().complete() && !end_is_complete()));
    case EndedBy::timeout:
      return abnormal && may_be_timeout();
    case EndedBy::limit:
      if (cause_ == Cause::limit) return why.code == close_code::policy_violation && !why.clean;
      [[fallthrough]];
    case EndedBy::protocol_error:
      return (cause_ == Cause::none || cause_ == Cause::close) && says_clients_fault(why) &&
             (!untouched || heard_all_before_end());
    case EndedBy::shutdown:
      if (why.clean) return house_.drained_ms && says_clients_close(why);
      return (house_.stopped || house_.deadline_ms) && why.code == close_code::going_away;
    default:
      return false;
  }
}

void NearEnd::check_ending(const CloseInfo& why) {
  require(may_end_so(why), "it cannot have ended so: " + std::to_string(why.code) + " \"" + std::string(why.reason) +
                               "\" by " + std::to_string(static_cast<int>(why.by)) + (why.clean ? ", clean" : "") +
                               ", cause " + std::to_string(static_cast<int>(cause_)));
  if (close_sent_) return;
  if (why.by == EndedBy::peer) close_sent_ = why.code;
  if (why.by == EndedBy::protocol_error || why.by == EndedBy::limit) close_sent_ = why.code;
  if (why.by == EndedBy::shutdown) close_sent_ = close_code::going_away;
}

/// An exception's error takes the place of another.
void NearEnd::check_error(const CloseInfo& why) {
  std::optional<ErrorKind> due;
  if (why.by == EndedBy::transport) due = ErrorKind::transport;
  if (why.by == EndedBy::timeout) due = ErrorKind::timeout;
  if (why.by == EndedBy::protocol_error) due = ErrorKind::protocol;
  if (why.by == EndedBy::limit) due = ErrorKind::limit;
  if (threw_) due = ErrorKind::callback;
  require(error_ == due, "on_error came without need, did not come, or told of another thing");
  closed_ = true;
}

// ---- What must hold

void NearEnd::check_between_turns() { require(!ends_this_turn_, "on_close did not come before the turn's end"); }

/// Where the client never looked away, it has what was accepted before an orderly end, and the Close frame behind it.
void NearEnd::check_last_words() const {
  const bool orderly = ending_.by == EndedBy::peer || ending_.by == EndedBy::protocol_error ||
                       ending_.by == EndedBy::limit || ending_.clean || cause_ == Cause::exception;
  if (!orderly || !opened_ || aborted_ || !far_.was_attentive()) return;
  require(reached_ == outgoing_.size(), "not all that was accepted reached the client");
  require(close_reached_.has_value(), "no Close frame reached the client");
}

void NearEnd::check_opening() const {
  if (house_.stopped || house_.drained_ms || far_.left() || !far_.all_written()) return;
  if (far_.has_asked()) require(opened_ || closed_, "a correct request was not answered");
  if (far_.is_wrong()) require(far_.was_refused(), "a request that is not correct was not refused");
  const bool too_late = House::now_ms() - far_.began_ms() > house_.options.handshake_timeout.count() + kLateMs;
  if (too_late) require(opened_ || closed_ || far_.server_ended(), "the handshake timeout has passed");
}

/// After this side's Close.
void NearEnd::check_closing() const {
  if (cause_ != Cause::close) return;
  const bool too_late = House::now_ms() - ended_ms_ > house_.options.close_timeout.count() + kLateMs;
  require(!too_late, "the close timeout has passed");
  if (!far_.reads() || !far_.all_written()) return;
  require(!end_is_complete() && !far_.left(), "the client's answer to Close, or its end, is not noticed");
}

void NearEnd::check_silence() const {
  const auto& options = house_.options;
  const std::int64_t most = (options.ping_interval + options.ping_timeout).count() + kLateMs;
  // While this side does not read, since it pauses or the client does not read, silence is not held against it.
  const std::int64_t since = std::max({far_.last_said_ms(), far_.reads_since_ms(), resumed_ms_});
  require(House::now_ms() - since <= most, "a client that does not answer pings is not dropped");
}

void NearEnd::check_at_rest() {
  check_opening();
  if (closed_) return check_last_words();
  if (!is_open()) return check_closing();
  if (far_.dropped()) return require(paused_, "the end of the connection is not noticed");
  if (!far_.reads() || !far_.all_written()) return;
  require(reached_ == outgoing_.size(), "messages do not reach the client that reads");
  require(socket_->queued_bytes() == 0 && !drain_due_, "output waits, or on_drain does, although the client reads");
  require(pongs_.empty() || pongs_reached_ == pongs_.size(), "the last pong did not come");
  if (paused_) return;
  check_silence();
  require(!far_.half_closed(), "the end of the client's sending is not noticed");
  require(delivered_ == far_.speech().complete(), "something that was said is not delivered");
  require(!end_is_complete(), "the client's Close or fault is not noticed");
}

/// A drain closes with 1001 who is open when it begins, which is not seen from here.
void NearEnd::check_close_reached() const {
  const bool drained = house_.drained_ms && (cause_ == Cause::none) && close_reached_ == close_code::going_away;
  require(close_sent_ == close_reached_ || drained,
          "the client got Close " + std::to_string(*close_reached_) + " and not the one that was due");
}

void NearEnd::check_at_end() {
  require(!configured_ || closed_, "on_close never came");
  static_cast<void>(look());
  require(!has_handle_ || (!handle_.is_open() && handle_.send("late") == SendStatus::closed),
          "a handle does not answer `closed` at the end");
  if (close_reached_) check_close_reached();
}

}  // namespace mote::model

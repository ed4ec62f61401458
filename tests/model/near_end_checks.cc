#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "tests/model/near_end.h"

// What must hold of a connection; near_end.cc has what is told to it and done with it.
namespace mote::model {
namespace {

constexpr std::int64_t kLateMs = 200;  // timers of a second and more may be 64 ms late, and two may follow each other

}  // namespace

// ---- What reaches the far end

void NearEnd::reached(const fault::FarFrame& frame) {
  require(is_client() ? opened_ : configured_, "a frame came before on_open");
  require(frame.fin && !frame.compressed, "a frame is no whole one");
  require(frame.masked == is_client(), "a frame is masked as the other role has it");
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
  if (reached_ >= outgoing_.size()) return require(false, "a message reached the far end that was not accepted");
  const Outgoing& next = outgoing_[reached_++];
  require(next.opcode == frame.opcode && next.payload == frame.payload,
          "another message reached the far end than the one that was sent next");
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

/// The far end's Close, or something bad, has been given whole.
bool NearEnd::end_is_complete() const {
  const auto end = far_.speech().first_end();
  return end && far_.speech().units()[*end].end <= far_.speech().given();
}

bool NearEnd::says_far_close(const CloseInfo& why) const {
  const auto end = far_.speech().first_end();
  if (!end) return false;
  const Unit& unit = far_.speech().units()[*end];
  return unit.kind == Unit::Kind::close && why.clean && why.code == unit.code && why.reason == unit.payload &&
         end_is_complete();
}

bool NearEnd::says_far_fault(const CloseInfo& why) const {
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
      return cause_ == Cause::none && says_far_close(why) && heard_all_before_end();
    case EndedBy::local:
      if (!opened_ && is_client()) return abnormal && aborted_;
      if (cause_ == Cause::abort) return abnormal;
      if (cause_ == Cause::exception) return why.code == close_code::internal_error && !why.clean;
      if (aborted_ && abnormal) return cause_ == Cause::close || house_.drained_ms;
      return cause_ == Cause::close && says_far_close(why);
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
      return (cause_ == Cause::none || cause_ == Cause::close) && says_far_fault(why) &&
             (!untouched || heard_all_before_end());
    case EndedBy::handshake:
      return abnormal && is_client() && !opened_;
    case EndedBy::shutdown:
      if (!opened_ && is_client()) return abnormal && (house_.stopped || house_.drained_ms);
      if (why.clean) return house_.drained_ms && says_far_close(why);
      return (house_.stopped || house_.deadline_ms) && why.code == close_code::going_away;
    default:
      return false;
  }
}

void NearEnd::check_ending(const CloseInfo& why) {
  require(may_end_so(why), "it cannot have ended so: " + std::to_string(why.code) + " \"" + std::string(why.reason) +
                               "\" by " + std::to_string(static_cast<int>(why.by)) + (why.clean ? ", clean" : "") +
                               ", cause " + std::to_string(static_cast<int>(cause_)));
  if (close_sent_ || !opened_) return;
  if (why.by == EndedBy::peer) close_sent_ = why.code;
  if (why.by == EndedBy::protocol_error || why.by == EndedBy::limit) close_sent_ = why.code;
  if (why.by == EndedBy::shutdown) close_sent_ = close_code::going_away;
}

/// Why a client's attempt came to nothing.
bool NearEnd::may_fail_so(ErrorKind kind) const {
  if (kind == ErrorKind::callback) return threw_;
  if (kind != ErrorKind::timeout) return far_.explains(kind, error_status_);
  const bool known = configured_ms_ != House::now_ms();  // else it is not known when it began
  return !known || House::now_ms() - configured_ms_ >= house_.options.handshake_timeout.count();
}

/// An exception's error takes the place of another.
void NearEnd::check_error(const CloseInfo& why) {
  if (why.by == EndedBy::handshake && !threw_) {
    require(error_ && may_fail_so(*error_), "on_error did not come, or told of another thing than what happened");
    closed_ = true;
    return;
  }
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

/// A far end that never looked away has what was accepted before an orderly end, and the Close frame behind it.
void NearEnd::check_last_words() const {
  const bool orderly = ending_.by == EndedBy::peer || ending_.by == EndedBy::protocol_error ||
                       ending_.by == EndedBy::limit || ending_.clean || cause_ == Cause::exception;
  if (!orderly || !opened_ || aborted_ || cut_short_ || !far_.was_attentive()) return;
  require(reached_ == outgoing_.size(), "not all that was accepted reached the far end");
  require(close_reached_.has_value(), "no Close frame reached the far end");
}

void NearEnd::check_opening() const {
  if (opened_ || closed_ || vanished_ || house_.stopped || house_.drained_ms) return;
  if (is_client()) return check_connecting();
  if (far_.left() || !far_.all_written()) return;
  require(!far_.may_open(), "a correct request was not answered");
  if (far_.has_failed()) require(far_.was_refused(), "a request that is not correct was not refused");
  const bool too_late = House::now_ms() - far_.began_ms() > house_.options.handshake_timeout.count() + kLateMs;
  require(!too_late || far_.sees_end(), "the handshake timeout has passed");
}

void NearEnd::check_connecting() const {
  if (!configured_) return;
  require(!far_.has_failed(), "an attempt that has failed is not told so");
  require(!far_.may_open() || !far_.all_written(), "a correct answer did not open the connection");
  const std::int64_t most = far_.longest_way_ms() + house_.options.handshake_timeout.count() + kLateMs;
  require(House::now_ms() - configured_ms_ <= most, "the handshake timeout has passed");
}

/// After this side's Close.
void NearEnd::check_closing() const {
  if (cause_ != Cause::close) return;
  const bool too_late = House::now_ms() - ended_ms_ > house_.options.close_timeout.count() + kLateMs;
  require(!too_late, "the close timeout has passed");
  if (!far_.reads() || !far_.all_written()) return;
  require(!end_is_complete() && !far_.left(), "the answer to Close, or the end of the connection, is not noticed");
}

/// The Connection is over, and its socket has some time more.
void NearEnd::check_leaving() const {
  if (!far_.reads() || far_.left()) return;
  const bool too_late = House::now_ms() - closed_ms_ > house_.options.close_timeout.count() + kLateMs;
  require(!too_late || far_.sees_end(), "on_close came long ago, and the socket is still there");
}

/// A client lets the server end TCP first, for a while (RFC 6455 §7.1.1).
void NearEnd::check_patience() const {
  if (!is_client() || !ending_.clean || aborted_ || far_.half_closed() || house_.stopped || house_.drained_ms ||
      cut_short_)
    return;
  const std::int64_t since = cause_ == Cause::close ? ended_ms_ : closed_ms_;
  require(!far_.saw_end_ms() || *far_.saw_end_ms() - since >= house_.options.close_timeout.count(),
          "the client ended TCP before the server, and at once");
}

void NearEnd::check_silence() const {
  const auto& options = house_.options;
  const std::int64_t most = (options.ping_interval + options.ping_timeout).count() + kLateMs;
  // While this side does not read, since it pauses or the far end does not read, silence is not held against it.
  const std::int64_t since = std::max({far_.last_said_ms(), far_.reads_since_ms(), resumed_ms_});
  require(House::now_ms() - since <= most, "a peer that does not answer pings is not dropped");
}

void NearEnd::check_at_rest() {
  check_opening();
  if (vanished_) return;
  if (closed_) {
    check_last_words();
    check_patience();
    return check_leaving();
  }
  if (!is_open()) return check_closing();
  if (far_.dropped()) return require(paused_, "the end of the connection is not noticed");
  if (!far_.reads() || !far_.all_written()) return;
  require(reached_ == outgoing_.size(), "messages do not reach a far end that reads");
  require(socket_->queued_bytes() == 0 && !drain_due_, "output waits, or on_drain does, although the far end reads");
  require(pongs_.empty() || pongs_reached_ == pongs_.size(), "the last pong did not come");
  if (paused_) return;
  check_silence();
  require(!far_.half_closed(), "the end of the far end's sending is not noticed");
  require(delivered_ == far_.speech().complete(), "something that was said is not delivered");
  require(!end_is_complete(), "the far end's Close or fault is not noticed");
}

/// A drain closes with 1001 who is open when it begins, which is not seen from here; nor is an end that nobody was told
/// before the client's.
void NearEnd::check_close_reached() const {
  if (vanished_ && !close_sent_) return;
  const bool goes_away = house_.drained_ms && cause_ == Cause::none && close_reached_ == close_code::going_away;
  require(close_sent_ == close_reached_ || goes_away,
          "the far end got Close " + std::to_string(*close_reached_) + " and not the one that was due");
}

void NearEnd::check_at_end() {
  require(!configured_ || closed_ || vanished_, "on_close never came");
  static_cast<void>(look());
  require(!has_handle_ || (!handle_.is_open() && handle_.send("late") == SendStatus::closed),
          "a handle does not answer `closed` at the end");
  if (close_reached_) check_close_reached();
}

}  // namespace mote::model

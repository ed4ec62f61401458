#include "net/session.h"

#include <algorithm>
#include <utility>

#include "core/log.h"
#include "net/dispatcher_calls.h"
#include "net/memory_guard.h"
#include "proto/close_code.h"

namespace mote::net {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

/// What may be read straight into a large message: four times as much, since to come back for each part costs as many
/// system calls. A product that wraps around counts for nothing.
std::size_t straight_bytes(std::size_t bytes_left) { return std::max(bytes_left, 4 * bytes_left); }

}  // namespace

/// Takes what the reader finds during one turn, and stops it when the turn's budget is spent.
class Session::Sink {
 public:
  Sink(Session& session, const Options& options)
      : session_(session), messages_left_(options.turn_messages), inflated_left_(options.turn_bytes) {}

  [[gnu::always_inline]] bool on_data(proto::Opcode opcode, std::span<std::byte> payload) {
    if (session_.open()) session_.context_.dispatcher.data(session_, opcode, payload);
    return count();
  }

  /// A thousand times what was received may come out of it: with the last byte that a turn may have, its last message.
  void inflated(std::size_t bytes) {
    inflated_left_ -= std::min(inflated_left_, bytes);
    if (inflated_left_ == 0) messages_left_ = 1;
  }

  /// What is sent of it while the callback runs need not be copied.
  bool on_own_data(proto::Opcode opcode, core::ByteBuffer& message) {
    const OutputBatch::Loan loan(session_.context_.batch, message);
    return on_data(opcode, message.bytes());
  }

  bool on_control(proto::Opcode opcode, std::span<std::byte> payload) {
    Dispatcher& dispatcher = session_.context_.dispatcher;
    const bool ping = opcode == proto::Opcode::ping;
    // RFC 6455 §5.5.2: until a Close has come; ours changes nothing.
    if (ping && session_.reads_frames()) session_.write_pong(payload);
    if (session_.open()) ping ? dispatcher.pinged(session_, payload) : dispatcher.ponged(session_, payload);
    return count();
  }

  bool on_close_frame(const proto::ClosePayload& close) {
    session_.peer_closed(close);
    return false;
  }

  /// One more was used; whether another may be.
  [[gnu::always_inline]] bool count() {
    --messages_left_;
    return may_go_on();
  }
  [[nodiscard]] bool may_go_on() const {
    return messages_left_ != 0 && (session_.flows_plainly() || session_.may_use());
  }

 private:
  Session& session_;
  std::uint32_t messages_left_;
  std::size_t inflated_left_;
};

Session::Session(Context& context, Transport transport, const PeerAddress& peer, std::unique_ptr<Opening> opening)
    : context_(context),
      transport_(std::move(transport)),
      peer_(peer),
      phase_(is_client() ? Phase::connecting : Phase::opening),
      opening_(std::move(opening)) {
  static_assert(sizeof(Session) <= 200, "idle connections cost this, and 272 bytes in all");
}

Session::~Session() {
  if (handle_state_ == nullptr) return;
  handle_state_->open.store(false, std::memory_order_relaxed);
  handle_state_->session = nullptr;
}

void Session::start() {
  if (context_.options.handshake_timeout != Options::kNever) {
    context_.reactor.arm(*this, context_.options.handshake_timeout);
  }
}

// ---- A client's way to a socket

void Session::adopt(std::shared_ptr<HandleState> state) {
  handle_state_.hold(std::move(state));
  handle_state_->session = this;
}

void Session::introduce(HandshakeRecord::Pointer record) {
  record_ = std::move(record);
  known_ = true;
  guarded([&] { context_.dispatcher.configured(*this); });
}

void Session::connected(Transport transport, const PeerAddress& peer) {
  transport_ = std::move(transport);
  peer_ = peer;
  phase_ = Phase::opening;
  if (const int error = context_.reactor.attach(*this, transport_.descriptor(), core::Reactor::kReadWrite)) {
    return fail_opening(
        Error(ErrorKind::connect, peer.to_string().append(": epoll_ctl: ").append(core::errno_text(error))));
  }
  start();
  flow_.set(Flow::readable);  // whether or not: TLS and HTTP begin with a turn
  context_.reactor.make_ready(*this);
}

void Session::fail_opening(Error error) {
  end({close_code::abnormal, {}, EndedBy::handshake, false, std::move(error)}, Phase::gone);
}

void Session::fail_connecting(std::string_view why) {
  guarded([&] { fail_opening(Error(ErrorKind::connect, std::string(why))); });
}

/// The reactor knows it until the turn's end, and its own callback may be running.
void Session::vanish() {
  known_ = false;
  enter(Phase::gone);
  if (handle_state_ != nullptr) handle_state_->session = nullptr;
}

/// TLS and HTTP have the server speak second.
void Session::speak_first() {
  if (spoken_ || phase_ != Phase::opening || transport_.in_tls_handshake()) return;
  spoken_ = true;
  written(output_.write(context_.batch, transport_, bytes_of(opening_->first_words()), {}));
}

// ---- The reactor's calls

void Session::on_events(std::uint32_t events) {
  guarded([&] {
    if ((events & (kReadable | kEnding)) == kReadable && is_calm()) {
      is_client() ? take_plain_turn<proto::Role::client>() : take_plain_turn<proto::Role::server>();
    } else {
      react(events);
    }
  });
}

void Session::on_ready() {
  guarded([&] {
    if (flow_.has(Flow::above_soft_limit) && queued() <= context_.options.soft_limit_bytes) {
      flow_.set(Flow::above_soft_limit, false);
      if (open()) context_.dispatcher.drained(*this);
    }
    if ((flow_.has(Flow::readable) || backlog_ != nullptr) && may_use()) take_turn();
  });
}

void Session::on_timer() {
  guarded([&] { react_to_time(); });
}

void Session::on_turn_end() {
  guarded([&] { end_turn(); });
  if (phase_ == Phase::gone && !known_) {  // else something failed, and the end is still to be told
    context_.reactor.remove(*this);
    context_.owner.session_gone(*this);
  }
}

void Session::on_announcement(core::Announcement announcement) {
  guarded([&] {
    switch (announcement) {
      case core::Announcement::weigh:
        return context_.loop.memory_guard->weigh(*this, held_bytes());
      case core::Announcement::drain:
        return go_away();
      case core::Announcement::stop:
        return shut_down();
    }
  });
}

/// What the user's code throws never comes here. What is left is memory that cannot be had: it costs this connection.
template <class Call>
void Session::guarded(Call&& call) {
  try {
    call();
  } catch (const std::exception& exception) {
    failed_within(exception);
  }
}

void Session::failed_within(const std::exception& exception) {
  core::log(LogLevel::error, {"a connection is dropped: ", exception.what()});
  context_.batch.abandon(output_);
  enter(Phase::gone);
}

void Session::react(std::uint32_t events) {
  if ((events & kWritable) != 0 && (output_.blocked() || transport_.encrypts())) take_room();
  if ((events & (kReadable | kEnding)) != 0) flow_.set(Flow::readable);
  if ((events & kEnding) != 0) flow_.set(Flow::input_ending);
  if (!flow_.has(Flow::readable) || !may_use()) return;
  if (transport_.in_tls_handshake()) return context_.reactor.make_ready(*this);  // in line for what a turn may do
  take_turn();
}

/// The socket may have room again.
void Session::take_room() {
  if (output_.blocked() || transport_.backlog_bytes() != 0) {
    output_.flush(transport_);
    note_output();
    context_.reactor.at_turn_end(*this);  // may be the end
  }
  // Reading may have stopped for a backlog that was sent since; no edge of input tells of what is inside TLS.
  if (transport_.reading_waits_for_room()) flow_.set(Flow::readable);
}

void Session::react_to_time() {
  switch (phase_) {
    case Phase::opening:
      if (is_client()) {
        const std::string host(record_->info(peer_).host);
        return fail_opening(Error(ErrorKind::timeout, host + ": no complete answer to the opening handshake in time"));
      }
      if (output_moves()) return context_.reactor.arm(*this, context_.options.handshake_timeout);
      if (!persisted_ || opening_->inside_head()) log(LogLevel::warning, "no complete request in time: closed");
      enter(Phase::gone);
      break;
    case Phase::open:
      time_open();
      break;
    case Phase::close_sent:
      end_abnormally(EndedBy::timeout, ErrorKind::timeout, "no Close frame in answer to ours in time");
      break;
    default:
      // An HTTP answer has as long as its reader needs; a closing handshake has not.
      if (opening_ != nullptr && output_moves()) return time_closing();
      enter(Phase::gone);
  }
}

void Session::end_turn() {
  if (own_handlers_ != nullptr) {
    const auto freed = std::exchange(own_handlers_->replaced, {});  // what they own may replace others
  }
  if (queued() != 0 && !output_.blocked()) {
    output_.flush(transport_);
    note_output();
  }
  if ((phase_ == Phase::leaving || phase_ == Phase::gone) && known_) tell_ending();
  if (phase_ == Phase::leaving) finish_leaving();
}

// ---- Input

/// Whether nothing is unusual, and so a turn is one read, its messages, and one write of the answers.
inline bool Session::is_calm() const {
  return flow_.none() && backlog_ == nullptr && reader_.between_frames() && output_.idle();
}

/// What take_turn does where it finds a calm connection: most turns of most connections.
template <proto::Role role>
inline void Session::take_plain_turn() {
  OutputBatch& batch = context_.batch;
  output_.begin_batch(batch);
  Sink sink(*this, context_.options);
  const std::span<std::byte> room = context_.first_room;
  const IoResult result = receive(transport_.descriptor(), room);
  flow_.set(Flow::readable, result.state == IoResult::State::done && result.more);
  if (result.state == IoResult::State::done) [[likely]] {
    liveness_.heard(now_ms());
    const auto input = room.first(result.bytes);
    if (context_.evidence != nullptr) [[unlikely]]
      keep_in_mind(input);
    const auto read = reader_.read<role>(input, context_.plain_rules, sink);
    if (read.consumed != input.size() || read.violation != proto::Violation::none) [[unlikely]]
      keep_rest(input, read);
  } else {
    input_stopped(result);
  }
  finish_turn(batch);
}

void Session::take_turn() {
  OutputBatch& batch = context_.batch;
  output_.begin_batch(batch);
  Sink sink(*this, context_.options);
  if (backlog_ == nullptr || use_backlog(sink)) read_socket(sink);
  if (phase_ == Phase::opening && is_client()) speak_first();
  finish_turn(batch);
}

inline void Session::finish_turn(OutputBatch& batch) {
  output_.flush_batch(batch, transport_);
  const bool all_sent = batch.belongs_to(output_);
  batch.end();
  if (!all_sent || remembers_output()) note_output();
  if ((flow_.has(Flow::readable) || backlog_ != nullptr) && may_use()) context_.reactor.make_ready(*this);
}

/// Whether nothing of it is left, and more may be read.
bool Session::use_backlog(Sink& sink) {
  auto backlog = std::move(backlog_);  // taken out: what is used may end the session's interest in it
  backlog->consume(use(backlog->bytes(), sink));
  if (!backlog->empty()) backlog_ = std::move(backlog);
  return flow_.has(Flow::readable) && backlog_ == nullptr && sink.may_go_on();
}

inline void Session::read_socket(Sink& sink) {
  std::size_t bytes_left = context_.options.turn_bytes;
  do {
    const std::span<std::byte> direct = reads_frames() ? reader_.direct_room() : std::span<std::byte>();
    const std::span<std::byte> room = direct.empty() ? context_.receive_buffer : direct;
    const std::size_t size = std::min(room.size(), direct.empty() ? bytes_left : straight_bytes(bytes_left));
    if (transport_.in_tls_handshake() && !context_.loop.handshakes.take(context_.reactor.turn_number())) return;
    const IoResult result = transport_.receive(room.first(size));
    // A short read has emptied the socket; the next edge tells of more. Only an end that is near brings no other edge.
    flow_.set(Flow::readable, result.state == IoResult::State::done && (result.more || flow_.has(Flow::input_ending)));
    if (result.state != IoResult::State::done) return input_stopped(result);
    liveness_.heard(now_ms());
    if (context_.evidence != nullptr) [[unlikely]]
      keep_in_mind(room.first(result.bytes));
    bytes_left -= std::min(bytes_left, result.wire_bytes);
    if (result.bytes != 0)
      direct.empty() ? take_input(room.first(result.bytes), sink) : take_direct(result.bytes, sink);
    if (!flow_.has(Flow::readable)) return;
    if (context_.batch.borrows()) output_.flush_batch(context_.batch, transport_);  // before that memory is used again
  } while (backlog_ == nullptr && bytes_left != 0 && sink.may_go_on());
}

proto::MessageRules Session::deflate_rules() const {
  proto::MessageRules rules = context_.plain_rules;
  const auto peer = deflater_.parameters()->compressor_of(proto::peer_of(context_.role));
  rules.deflate = &context_.deflate;
  rules.context_takeover = peer.takeover;
  rules.window_bits = peer.window_bits;
  return rules;
}

/// Uses what it may; the rest waits for another turn.
inline void Session::take_input(std::span<std::byte> input, Sink& sink) {
  const std::size_t used = use(input, sink);
  if (used != input.size()) keep_backlog(input.subspan(used));
}

void Session::keep_backlog(std::span<const std::byte> input) {
  backlog_ = std::make_unique<core::ByteBuffer>(&context_.loop.blocks);
  backlog_->append(input);
}

/// What the reader left of a connection's frames, because it had to stop or found a violation.
void Session::keep_rest(std::span<const std::byte> input, const proto::MessageReader::Result& read) {
  if (read.violation != proto::Violation::none) violated(read.violation);
  if (reads_frames() && read.consumed != input.size()) keep_backlog(input.subspan(read.consumed));
}

/// What was received to where the reader wanted it. Compressed messages have no such place.
void Session::take_direct(std::size_t size, Sink& sink) {
  const auto broken = reader_.commit_direct(size, context_.plain_rules, sink);
  if (broken != proto::Violation::none) violated(broken);
}

/// Uses what it may, and answers how much that was.
inline std::size_t Session::use(std::span<std::byte> input, Sink& sink) {
  std::size_t used = 0;
  if (phase_ == Phase::opening) {
    used = use_heads(input, sink);
    if (reads_frames() && (used == input.size() || !sink.may_go_on())) return used;
  }
  if (reads_frames()) {
    const auto rest = input.subspan(used);
    const auto result = deflater_.parameters() != nullptr ? read_frames(rest, deflate_rules(), sink)
                                                          : read_frames(rest, context_.plain_rules, sink);
    used += result.consumed;
    if (result.violation != proto::Violation::none) violated(result.violation);
    if (open()) return used;
  }
  return phase_ == Phase::leaving || phase_ == Phase::gone ? input.size() : used;
}

inline proto::MessageReader::Result Session::read_frames(std::span<std::byte> input, const proto::MessageRules& rules,
                                                         Sink& sink) {
  return is_client() ? reader_.read<proto::Role::client>(input, rules, sink)
                     : reader_.read<proto::Role::server>(input, rules, sink);
}

std::size_t Session::use_heads(std::span<const std::byte> input, Sink& sink) {
  std::size_t used = 0;
  while (phase_ == Phase::opening && used < input.size() && sink.may_go_on()) {
    used += use_head(input.subspan(used));
    sink.count();
  }
  return used;
}

std::size_t Session::use_head(std::span<const std::byte> input) {
  auto step = opening_->feed(input);
  if (!step.answered) return step.consumed;
  // Of the last request alone: a proxy's connection may carry those of several clients.
  if (step.answer.client && step.answer.after != AfterAnswer::next_request) peer_ = *step.answer.client;
  if (step.answer.place.keep()) counted_ = true;
  written(output_.write(context_.batch, transport_, bytes_of(step.answer.bytes), {}));
  switch (step.answer.after) {
    case AfterAnswer::next_request:
      persisted_ = true;
      start();
      break;
    case AfterAnswer::open:
      open_websocket(std::move(step.answer));
      break;
    case AfterAnswer::close:
      log_refusal(step.answer.refusal);
      leave();
      break;
    case AfterAnswer::fail:
      fail_opening(std::move(*step.answer.error));
  }
  return step.consumed;
}

void Session::input_stopped(IoResult result) {
  if (result.state == IoResult::State::would_block) return;
  if (transport_.met_plain_http()) return refuse_plain_http();
  peer_done_ = true;
  if (reads_frames()) {
    output_.flush_batch(context_.batch, transport_);  // close_notify comes behind what was answered in this turn
    if (result.state == IoResult::State::end) transport_.end_output();  // RFC 8446 §6.1: one for the other
    return end_abnormally(EndedBy::transport, ErrorKind::transport, transport_fault(result));
  }
  if (phase_ == Phase::opening && is_client()) {
    // A server of TLS 1.3 refuses a client's certificate when the client takes the handshake for done.
    const bool at_fault = transport_.in_tls_handshake() || result.state == IoResult::State::failed;
    const bool of_tls = at_fault && !transport_.tls_failure().empty();
    return fail_opening(
        of_tls ? Error(ErrorKind::tls, std::string(transport_.tls_failure()))
               : Error(ErrorKind::transport, peer_.to_string().append(": ").append(transport_fault(result))));
  }
  if (phase_ == Phase::opening && result.state == IoResult::State::failed && !transport_.tls_failure().empty()) {
    log(LogLevel::warning, transport_.tls_failure());
    return leave_without_tls();
  }
  output_.flush_batch(context_.batch, transport_);  // only then it shows whether something has to wait
  if (queued() == 0) transport_.end_output();
  if (result.state == IoResult::State::failed || queued() == 0) {
    enter(Phase::gone);
  } else {
    leave();
  }
}

std::string_view Session::transport_fault(const IoResult& result) const {
  if (const std::string_view fault = transport_.tls_failure(); !fault.empty()) return fault;
  if (result.state == IoResult::State::failed) return core::errno_text(result.error);
  if (phase_ == Phase::opening) return "the connection ended inside the opening handshake";
  return "the connection ended without a Close frame";
}

void Session::refuse_plain_http() {
  const auto answer = opening_->plain_http_on_tls_port();
  log_refusal(answer.refusal);
  leave_without_tls(answer.bytes);
}

/// What the peer still sends is read and dropped, so that no reset overtakes our last words, an alert among them.
void Session::leave_without_tls(std::string_view last_words) {
  transport_.drop_tls();
  peer_done_ = false;
  flow_.set(Flow::readable);
  if (!last_words.empty()) written(output_.write(context_.batch, transport_, bytes_of(last_words), {}));
  leave();
}

// ---- From the opening to the closing handshake

void Session::open_websocket(OpeningAnswer answer) {
  opening_.reset();
  if (record_ != nullptr) answer.record->keep_id_of(*record_);
  record_ = std::move(answer.record);
  deflater_.agree(answer.deflate, context_.role);
  enter(Phase::open);
  liveness_.heard(now_ms());
  arm_by(liveness_.next_look(now_ms(), liveness_state(), context_.options));
  context_.owner.session_opened();
  if (!is_client()) {
    known_ = true;
    context_.dispatcher.configured(*this);
  }
  if (reads_frames()) context_.dispatcher.opened(*this);
}

void Session::peer_closed(const proto::ClosePayload& close) {
  Ending ending{close.code, std::string(close.reason), closing_by_, true, std::nullopt};
  if (phase_ == Phase::open) {
    ending.by = EndedBy::peer;
    write_close(close.code, {});  // RFC 6455 §5.5.1: typically echoes the status code
  }
  if (is_client()) {
    peer_closes_ = true;  // §7.1.1: the server first
  } else {
    // With unread bytes a close(2) would be a reset, and might overtake our Close.
    peer_done_ = !flow_.has(Flow::readable);
  }
  end(std::move(ending), Phase::leaving);
}

void Session::violated(proto::Violation violation) {
  const proto::ViolationInfo& info = proto::info_of(violation);
  fail_with(info.close_code, info.text, info.limit ? EndedBy::limit : EndedBy::protocol_error,
            Error(info.limit ? ErrorKind::limit : ErrorKind::protocol, std::string(info.text)),
            evidence_of(info.close_code, info.text));
}

void Session::callback_threw(std::string_view what, std::exception_ptr cause) {
  Error error(ErrorKind::callback, std::string(what), std::move(cause));
  if (reads_frames()) {
    fail_with(close_code::internal_error, {}, EndedBy::local, std::move(error));  // the text is not the peer's business
  } else if (ending_ != nullptr) {
    ending_->error = std::move(error);
  } else {
    fail_opening(std::move(error));
  }
}

/// RFC 6455 §7.1.7.
void Session::fail_with(std::uint16_t code, std::string_view reason, EndedBy by, Error error, std::string_view to_log) {
  log(LogLevel::warning,
      std::string("closed with ").append(std::to_string(code)).append(": ").append(error.what()).append(to_log));
  if (open()) write_close(code, reason);
  end({code, std::string(reason), by, false, std::move(error)}, Phase::leaving);
}

void Session::end_abnormally(EndedBy by, ErrorKind kind, std::string_view what) {
  if (by == EndedBy::timeout) log(LogLevel::warning, std::string("dropped: ") + std::string(what));
  end({close_code::abnormal, {}, by, false, Error(kind, std::string(what))}, Phase::gone);
}

/// Only the first ending is told.
void Session::end(Ending ending, Phase next) {
  if (known_ && phase_ != Phase::leaving && phase_ != Phase::gone) {
    ending.own_close = phase_ == Phase::close_sent && closing_by_ == EndedBy::local;
    ending_ = std::make_unique<Ending>(std::move(ending));
  }
  if (next == Phase::leaving) {
    leave();
  } else {
    enter(next);
  }
}

/// Nothing more is delivered. What was written goes out, and the peer gets some time to read it before the socket is
/// closed: with its unread bytes in the socket that would be a reset, which may overtake our last words.
void Session::leave() {
  if (phase_ == Phase::leaving || phase_ == Phase::gone) return;
  if (phase_ != Phase::close_sent) time_closing();  // else the time runs since our Close
  enter(Phase::leaving);
  backlog_.reset();
}

void Session::finish_leaving() {
  if (queued() == 0) transport_.end_output();
  if (queued() != 0) return;
  if (peer_done_) {
    enter(Phase::gone);
  } else if (!writing_shut_ && !peer_closes_) {
    writing_shut_ = true;
    transport_.shut_down_writing();
    if (flow_.has(Flow::readable)) context_.reactor.make_ready(*this);
  }
}

void Session::enter(Phase phase) {
  phase_ = phase;
  flow_.set(Flow::elaborate, !open() || deflater_.parameters() != nullptr || transport_.encrypts());
  if (handle_state_ != nullptr) handle_state_->open.store(open(), std::memory_order_relaxed);
  if (phase_ == Phase::leaving || phase_ == Phase::gone) context_.reactor.at_turn_end(*this);
}

void Session::tell_ending() {
  const auto told = std::move(ending_);
  const Ending nothing_known;
  const Ending& ending = told != nullptr ? *told : nothing_known;
  Dispatcher& dispatcher = context_.dispatcher;
  if (ending.error) dispatcher.failed(*this, *ending.error);
  if (!known_) return;  // the callback was the end of the client
  known_ = false;
  dispatcher.closed(*this, {ending.code, ending.reason, ending.clean, ending.by});
  // The Connection is over; what is left is a socket.
  record_.reset();
  own_handlers_.reset();
  release_data();
  if (handle_state_ != nullptr) handle_state_->session = nullptr;
  handle_state_.reset();
  context_.owner.session_closed(ending.own_close ? EndedBy::local : ending.by);
}

/// HTTP without a request in progress ends now, WebSocket with Close 1001.
void Session::go_away() {
  if (is_connecting_client()) {
    shut_down();
  } else if (phase_ == Phase::opening) {
    if (opening_->inside_head()) return;
    // A browser that keeps the connection for its next request does not look at our end.
    peer_done_ = !flow_.has(Flow::readable);
    leave();
  } else if (open()) {
    closing_by_ = EndedBy::shutdown;
    begin_close(close_code::going_away, {});
  }
}

/// A last Close 1001, if the socket takes it at once, and the end.
void Session::shut_down() {
  const bool opened = reads_frames();
  if (open()) {
    write_close(close_code::going_away, {});
    output_.flush(transport_);
    transport_.end_output();
  }
  const std::uint16_t code = opened ? close_code::going_away : close_code::abnormal;
  end({code, {}, EndedBy::shutdown, false, std::nullopt}, Phase::gone);
}

// ---- Time

void Session::arm_by(std::int64_t deadline_ms) {
  if (deadline_ms == kNoDeadline) return;
  context_.reactor.arm_no_later(*this, Options::milliseconds(std::max<std::int64_t>(deadline_ms - now_ms(), 1)));
}

/// Takes the place of the timer of the phase before.
void Session::time_closing() {
  if (context_.options.close_timeout == Options::kNever) {
    context_.reactor.disarm(*this);
  } else {
    context_.reactor.arm(*this, context_.options.close_timeout);
  }
}

bool Session::output_moves() { return queued() != 0 && liveness_.output_moves(now_ms(), context_.options, transport_); }

/// The timer of an open connection: it is not moved with each message, but looks when it fires what is due.
void Session::time_open() {
  switch (liveness_.judge(now_ms(), liveness_state(), context_.options, transport_)) {
    case Liveness::Verdict::no_progress:
      return end_abnormally(EndedBy::timeout, ErrorKind::timeout, "the peer reads nothing: no output progress in time");
    case Liveness::Verdict::no_pong:
      return end_abnormally(EndedBy::timeout, ErrorKind::timeout, "no answer to a ping in time");
    case Liveness::Verdict::ping:
      send_control(proto::Opcode::ping, {});
      break;
    case Liveness::Verdict::good:
      break;
  }
  if (open()) arm_by(liveness_.next_look(now_ms(), liveness_state(), context_.options));
}

void Session::log_refusal(const proto::Refusal& refusal) const {
  if (refusal.text.empty()) return;
  const bool ordinary = refusal.status == 404 || refusal.status == 426;  // a browser that looks for a page
  const std::string how = refusal.status == 0 ? "closed" : "refused with " + std::to_string(refusal.status);
  std::string line = how + ": " + std::string(refusal.text);
  if (!refusal.rule.empty()) {
    line.append(" (").append(refusal.rule).append(")").append(evidence_of(refusal.status, refusal.text));
  }
  log(ordinary ? LogLevel::info : LogLevel::warning, line);
}

void Session::log(LogLevel level, std::string_view text) const {
  if (core::log_enabled(level)) core::log(level, {peer_.to_string(), ": ", text});
}

}  // namespace mote::net

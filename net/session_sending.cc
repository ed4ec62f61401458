#include "net/session.h"

#include <optional>
#include <stdexcept>
#include <utility>

#include "core/random.h"
#include "core/utf8.h"
#include "proto/close_code.h"

// What Connection and Handle offer, and the output that comes of it; session.cc has the rest of the class.
namespace mote::net {
namespace {

/// That nobody can predict, another for each frame (RFC 6455 §5.3).
std::uint32_t fresh_masking_key() { return core::random_word(); }

}  // namespace

// ---- Frames

void Session::write_frame(proto::Opcode opcode, std::span<const std::byte> payload, proto::Coding coding) {
  if (is_client()) {
    write_masked_frame(opcode, payload, coding);
  } else {
    written(output_.write_frame(context_.batch, transport_, opcode, payload, coding));
  }
}

void Session::write_masked_frame(proto::Opcode opcode, std::span<const std::byte> payload, proto::Coding coding) {
  written(output_.write_masked_frame(context_.batch, transport_, opcode, payload, coding, fresh_masking_key()));
}

inline bool Session::write_small(proto::Opcode opcode, std::span<const std::byte> payload) {
  if (!is_client()) return output_.write_small(context_.batch, opcode, payload);
  return output_.write_small_masked(context_.batch, opcode, payload, fresh_masking_key);
}

/// The first case is that of most messages, answered in their own connection's turn.
SendStatus Session::send_data(proto::Opcode opcode, std::span<const std::byte> payload, Compress compress) {
  if (!flow_.has(Flow::elaborate) && write_small(opcode, payload)) {
    return flow_.has(Flow::above_soft_limit) ? SendStatus::queued : SendStatus::sent;
  }
  return send_any(opcode, payload, compress);
}

SendStatus Session::send_any(proto::Opcode opcode, std::span<const std::byte> payload, Compress compress) {
  if (!open()) return SendStatus::closed;
  if (would_overflow(payload.size())) return refuse_overflow();
  if (deflater_.parameters() != nullptr) {
    write_encoded(opcode, payload, compress);
  } else {
    write_frame(opcode, payload);
  }
  return status();
}

void Session::write_encoded(proto::Opcode opcode, std::span<const std::byte> payload, Compress compress) {
  try {
    const auto encoded = deflater_.encode(payload, compress, context_.deflate);
    write_frame(opcode, encoded.payload, encoded.coding);
  } catch (...) {
    deflater_.forget();
    throw;
  }
  context_.deflate.trim_deflated();
}

SendStatus Session::send_prepared(const proto::PreparedFrames& message) {
  if (!open()) return SendStatus::closed;
  if (would_overflow(message.plain().payload().size())) return refuse_overflow();
  const proto::PreparedFrame& frame = deflater_.choose(message, context_.deflate);
  if (is_client()) {
    write_frame(frame.opcode(), frame.payload(), frame.coding());
  } else {
    written(output_.write(context_.batch, transport_, frame.header(), frame.payload()));
  }
  return status();
}

SendStatus Session::send_control(proto::Opcode opcode, std::span<const std::byte> payload) {
  check_control(payload);
  if (opcode == proto::Opcode::ping) return send_data(opcode, payload, Compress::never);
  if (!open()) return SendStatus::closed;
  write_pong(payload);
  return status();
}

void Session::write_pong(std::span<const std::byte> payload) {
  const auto key = is_client() ? std::optional(fresh_masking_key()) : std::nullopt;
  written(output_.write_pong(context_.batch, transport_, payload, key));
}

SendStatus Session::status() const {
  if (!open()) return SendStatus::closed;
  return flow_.has(Flow::above_soft_limit) ? SendStatus::queued : SendStatus::sent;
}

bool Session::would_overflow(std::size_t payload_bytes) const {
  const std::size_t waiting = queued();
  const std::size_t limit = context_.options.hard_limit_bytes;
  return waiting != 0 && (waiting >= limit || payload_bytes > limit - waiting);
}

SendStatus Session::refuse_overflow() {
  if (context_.options.overflow == Overflow::close_connection) overflow();
  return SendStatus::dropped;
}

void Session::overflow() {
  constexpr std::string_view text = "the peer does not read: the output queue is at its limit";
  if (open()) fail_with(close_code::policy_violation, text, EndedBy::limit, Error(ErrorKind::limit, std::string(text)));
}

void Session::resume_reading() {
  flow_.set(Flow::paused, false);
  context_.reactor.make_ready(*this);
}

void Session::start_close(std::uint16_t code, std::string_view reason) {
  check_close(code, reason);
  if (open()) {
    begin_close(code, reason);
  } else if (is_connecting_client()) {
    drop();
  }
}

void Session::check_control(std::span<const std::byte> payload) {
  if (payload.size() <= proto::kMaxControlBytes) return;
  throw std::invalid_argument("a ping or pong of " + std::to_string(payload.size()) +
                              " bytes: control frames carry at most 125 (RFC 6455 5.5)");
}

void Session::check_close(std::uint16_t code, std::string_view reason) {
  if (!proto::may_be_sent(code)) {
    throw std::invalid_argument("close code " + std::to_string(code) + ": may be 1000-1003, 1007-1014 or 3000-4999");
  }
  const auto bytes = std::as_bytes(std::span(reason));
  if (!core::utf8_valid(bytes.data(), bytes.size())) throw std::invalid_argument("the reason to close is not UTF-8");
}

void Session::begin_close(std::uint16_t code, std::string_view reason) {
  write_close(code, reason);
  if (!open()) return;  // the write failed
  enter(Phase::close_sent);
  if (flow_.has(Flow::paused)) resume_reading();  // else the peer's Close would not be seen
  time_closing();
}

void Session::write_close(std::uint16_t code, std::string_view reason) {
  const std::string payload = proto::close_payload(code, reason);
  output_.queue_pong();  // to a ping that came before
  write_frame(proto::Opcode::close, std::as_bytes(std::span(payload)));
}

void Session::drop() { end({close_code::abnormal, {}, EndedBy::local, false, std::nullopt}, Phase::gone); }

void Session::written(bool waits) {
  if (waits) context_.reactor.at_turn_end(*this);
  if (queued() != 0 || output_.error() != 0 || remembers_output()) note_output();
}

void Session::owe_drain() {
  if (!open()) return;
  flow_.set(Flow::above_soft_limit);
  note_output();
}

/// After the kernel was given something, or something was queued. Calls nobody back.
void Session::note_output() {
  // A peer that has answered our Close may end TCP and want no more pongs: behind our Close, what it has sent tells.
  if (output_.error() != 0 && phase_ != Phase::gone && phase_ != Phase::close_sent) {
    const IoResult failed{.state = IoResult::State::failed, .error = output_.error()};
    end_abnormally(EndedBy::transport, ErrorKind::transport, transport_fault(failed));
  }
  output_.count_in(context_.loop.blocks);
  if (output_.take_progress()) liveness_.output_progressed(now_ms(), transport_, output_.blocked());
  const std::size_t waiting = queued();
  if (waiting > context_.options.soft_limit_bytes) {
    flow_.set(Flow::above_soft_limit);
  } else if (flow_.has(Flow::above_soft_limit)) {
    // on_drain, from the ready list: once a turn, so that one that always sends more leaves the others their turn
    context_.reactor.make_ready(*this);
  }
  if (output_.blocked() && open()) arm_by(liveness_.output_deadline(now_ms(), context_.options));
  if (handle_state_ != nullptr) handle_state_->queued_bytes.store(waiting, std::memory_order_relaxed);
}

// ---- Information

ConnectionInfo Session::describe() const {
  ConnectionInfo info = record_ != nullptr ? record_->info(peer_) : ConnectionInfo{};
  if (const auto* const agreed = deflater_.parameters()) info.negotiated_extensions = agreed->to_string();
  info.tls = transport_.tls_info();
  if (is_client()) {
    const PeerAddress own = local_address(transport_.descriptor());
    info.client_ip_address = own.ip();
    info.client_port = own.port();
  }
  return info;
}

std::shared_ptr<HandleState> Session::handle_state() {
  if (handle_state_ == nullptr) {
    handle_state_.hold(std::make_shared<HandleState>(context_.reactor.mailbox(), context_.options));
    handle_state_->session = this;
    handle_state_->open.store(open(), std::memory_order_relaxed);
  }
  return handle_state_.shared();
}

}  // namespace mote::net

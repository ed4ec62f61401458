#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <mote/connection.h>
#include <mote/log.h>

#include "core/byte_buffer.h"
#include "core/flags.h"
#include "core/reactor.h"
#include "net/context.h"
#include "net/handle_state.h"
#include "net/handshake_record.h"
#include "net/liveness.h"
#include "net/opening.h"
#include "net/output.h"
#include "net/socket.h"
#include "net/transport.h"
#include "proto/message_deflater.h"
#include "proto/message_reader.h"

namespace mote::net {

/// One connection from its socket to its end: first HTTP, then perhaps WebSocket. The library's side of a Connection,
/// of a server or of a client.
///
/// Nothing that the user's code can call destroys a session or calls back: the end is noted, and told to the dispatcher
/// when the turn ends. So after a callback `this` is valid, but its phase may have changed.
class Session final : public Connection, public core::Source {
 public:
  Session(Context& context, Transport transport, const PeerAddress& peer, std::unique_ptr<Opening> opening);
  ~Session();

  /// Right after a server's was added to the reactor.
  void start();
  /// Whose address is the client's, as far as it is known.
  [[nodiscard]] const PeerAddress& peer() const { return peer_; }
  /// Whether it counts for that address.
  void set_counted(bool counted) { counted_ = counted; }
  [[nodiscard]] bool counted() const { return counted_; }

  /// \name A client's, which is known to the user before it has a socket
  /// @{
  void adopt(std::shared_ptr<HandleState> state);  ///< Throws std::bad_alloc.
  /// Has the user set its callbacks. `record`: what is known before the handshake.
  void introduce(HandshakeRecord::Pointer record);
  /// It is not registered with the reactor. `peer`: where it leads.
  void connected(Transport transport, const PeerAddress& peer);
  /// There will be no WebSocket connection.
  void fail_opening(Error error);
  /// The same, of kind `connect`; throws nothing: where memory cannot be had the reason is not told.
  void fail_connecting(std::string_view why);
  /// Ends silently: nobody is called back any more. To be removed from the reactor.
  void vanish();
  [[nodiscard]] bool connecting() const { return phase_ == Phase::connecting; }
  /// @}

  /// \name What Connection and Handle offer
  /// @{
  SendStatus send_data(proto::Opcode opcode, std::span<const std::byte> payload, Compress compress);
  SendStatus send_prepared(const proto::PreparedFrames& message);
  SendStatus send_control(proto::Opcode opcode, std::span<const std::byte> payload);
  void pause_reading() { flow_.set(Flow::paused, open() || is_connecting_client()); }
  void resume_reading();
  void start_close(std::uint16_t code, std::string_view reason);
  void drop();
  void overflow();   ///< 1008: the peer does not read.
  void shed();       ///< 1013: what it holds is wanted back.
  void owe_drain();  ///< `queued` was answered elsewhere.
  /// Throw std::invalid_argument for what RFC 6455 does not let be sent. Any thread.
  static void check_control(std::span<const std::byte> payload);
  static void check_close(std::uint16_t code, std::string_view reason);
  [[nodiscard]] bool open() const { return phase_ == Phase::open; }
  /// Bytes that were accepted and that the kernel does not have.
  [[nodiscard]] std::size_t queued() const { return output_.queued_bytes() + transport_.backlog_bytes(); }
  /// Of memory that counts for the budget.
  [[nodiscard]] std::size_t held_bytes() const;
  [[nodiscard]] ConnectionInfo describe() const;
  std::shared_ptr<HandleState> handle_state();
  template <auto member, class Signature>
  void set_handler(Callback<Signature> callback);
  template <class Signature>
  [[nodiscard]] Callback<Signature> watched(std::string_view name, Callback<Signature> callback) const {
    return context_.dispatcher.watch.watched(name, *this, std::move(callback));
  }
  /// @}

  /// \name For the dispatcher
  /// @{
  [[nodiscard]] const OwnHandlers* own_handlers() const { return own_handlers_.get(); }
  void callback_threw(std::string_view what, std::exception_ptr cause);
  /// @}
  /// What could not be done for it, for the lack of memory, costs the connection.
  void failed_within(const std::exception& exception);

 private:
  enum class Phase : std::uint8_t {
    connecting,  // a client's, without a socket
    opening,     // HTTP
    open,
    close_sent,  // our Close is out, the peer's is not here; its messages are dropped
    leaving,     // nothing is delivered any more; output goes out, and the peer gets time to read it
    gone,        // to be removed at the turn's end
  };
  // What keeps a turn from being a plain one.
  enum class Flow : std::uint8_t {
    elaborate = 0x01,         // messages do not go out as they are: not open, deflate or TLS
    above_soft_limit = 0x02,  // `queued` was answered or reading paused; on_drain is due
    paused = 0x04,            // by the user
    readable = 0x08,          // the transport may have more: no edge will tell
    input_ending = 0x10,      // RDHUP or worse was reported: read on until the end shows
  };
  // What is told to on_error and on_close.
  struct Ending {
    std::uint16_t code = close_code::abnormal;
    std::string reason;
    EndedBy by = EndedBy::transport;
    bool clean = false;
    std::optional<Error> error;
    bool own_close = false;  // the user had sent one, whatever came of it
  };
  class Sink;

  void on_events(std::uint32_t events) override;
  void on_ready() override;
  void on_timer() override;
  void on_turn_end() override;
  void on_announcement(core::Announcement announcement) override;

  template <class Call>
  void guarded(Call&& call);
  void react(std::uint32_t events);
  void take_room();
  void react_to_time();
  void end_turn();
  [[nodiscard]] bool is_calm() const;
  template <proto::Role role>
  [[gnu::always_inline]] void take_plain_turn();
  void take_turn();
  [[gnu::always_inline]] void finish_turn(OutputBatch& batch);
  [[gnu::noinline]] bool use_backlog(Sink& sink);
  [[gnu::always_inline]] void read_socket(Sink& sink);
  [[gnu::always_inline]] std::size_t use(std::span<std::byte> input, Sink& sink);
  [[gnu::noinline]] std::size_t use_heads(std::span<const std::byte> input, Sink& sink);
  [[gnu::always_inline]] void take_input(std::span<std::byte> input, Sink& sink);
  void keep_backlog(std::span<const std::byte> input);
  [[gnu::noinline]] void keep_rest(std::span<const std::byte> input, const proto::MessageReader::Result& read);
  [[gnu::noinline]] void keep_in_mind(std::span<const std::byte> input);
  [[nodiscard]] std::string evidence_of(int code, std::string_view rule) const;
  void take_direct(std::size_t size, Sink& sink);
  std::size_t use_head(std::span<const std::byte> input);
  void speak_first();
  void input_stopped(IoResult result);
  [[nodiscard]] std::string_view transport_fault(const IoResult& result) const;
  void refuse_plain_http();
  void leave_without_tls(std::string_view last_words = {});
  proto::MessageReader::Result read_frames(std::span<std::byte> input, const proto::MessageRules& rules, Sink& sink);
  [[nodiscard]] proto::MessageRules deflate_rules() const;
  /// The quick answer of `may_use`, for most connections.
  [[nodiscard]] bool flows_plainly() const { return !flow_.has(Flow::elaborate, Flow::above_soft_limit, Flow::paused); }
  /// Whether received bytes may be used, or at least dropped.
  [[nodiscard]] bool may_use() const {
    if (open()) return !flow_.has(Flow::above_soft_limit, Flow::paused);
    return phase_ != Phase::gone && (!flow_.has(Flow::above_soft_limit) || phase_ == Phase::leaving);
  }
  [[nodiscard]] bool reads_frames() const { return phase_ == Phase::open || phase_ == Phase::close_sent; }

  void open_websocket(OpeningAnswer answer);
  void peer_closed(const proto::ClosePayload& close);
  void violated(proto::Violation violation);
  void fail_with(std::uint16_t code, std::string_view reason, EndedBy by, Error error, std::string_view to_log = {});
  void end_abnormally(EndedBy by, ErrorKind kind, std::string_view what);
  void end(Ending ending, Phase next);
  void begin_close(std::uint16_t code, std::string_view reason);
  void leave();
  void finish_leaving();
  void enter(Phase phase);
  void tell_ending();
  void go_away();
  void shut_down();

  [[nodiscard]] bool is_connecting_client() const {
    return is_client() && (phase_ == Phase::connecting || phase_ == Phase::opening);
  }
  [[nodiscard]] bool is_client() const { return context_.role == proto::Role::client; }
  void write_frame(proto::Opcode opcode, std::span<const std::byte> payload,
                   proto::Coding coding = proto::Coding::plain);
  void write_masked_frame(proto::Opcode opcode, std::span<const std::byte> payload, proto::Coding coding);
  void write_encoded(proto::Opcode opcode, std::span<const std::byte> payload, Compress compress);
  void write_close(std::uint16_t code, std::string_view reason);
  void write_pong(std::span<const std::byte> payload);
  void written(bool waits);
  /// Whether it is still remembered that output waits: perhaps it does not any more.
  [[nodiscard]] bool remembers_output() const {
    return flow_.has(Flow::above_soft_limit) ||
           (handle_state_ != nullptr && handle_state_->queued_bytes.load(std::memory_order_relaxed) != 0);
  }
  [[gnu::always_inline]] bool write_small(proto::Opcode opcode, std::span<const std::byte> payload);
  SendStatus send_any(proto::Opcode opcode, std::span<const std::byte> payload, Compress compress);
  void note_output();
  [[nodiscard]] SendStatus status() const;
  [[nodiscard]] bool would_overflow(std::size_t payload_bytes) const;
  SendStatus refuse_overflow();

  void time_open();
  void time_closing();
  [[nodiscard]] bool output_moves();
  [[nodiscard]] Liveness::State liveness_state() const {
    return {output_.blocked(), flow_.has(Flow::above_soft_limit, Flow::paused)};
  }
  void arm_by(std::int64_t deadline_ms);
  [[nodiscard]] std::int64_t now_ms() const { return context_.reactor.now().count(); }
  void log(LogLevel level, std::string_view text) const;
  void log_refusal(const proto::Refusal& refusal) const;

  // In an order without holes, since there may be a great many idle sessions: what is marked ends in padding that the
  // next member begins in.
  Context& context_;
  [[no_unique_address]] Transport transport_;
  PeerAddress peer_;
  [[no_unique_address]] Output output_;
  Phase phase_;
  core::Flags<Flow> flow_{Flow::elaborate};
  bool writing_shut_ : 1 = false;
  bool persisted_ : 1 = false;           // HTTP: a request was answered and the connection lives on
  bool peer_done_ : 1 = false;           // nothing worth waiting for will come from the peer
  bool known_ : 1 = false;               // to the user, who has not been told the end
  bool spoken_ : 1 = false;              // a client's request is written
  bool peer_closes_ : 1 = false;         // the closing handshake is done, and it is the peer that ends TCP
  bool counted_ : 1 = false;             // for the peer's address
  EndedBy closing_by_ = EndedBy::local;  // close_sent: who wanted it
  proto::MessageReader reader_;
  proto::MessageDeflater deflater_;
  std::unique_ptr<Opening> opening_;
  std::unique_ptr<core::ByteBuffer> backlog_;  // received, not yet used: over budget, or output has to go out first
  HandshakeRecord::Pointer record_;
  std::unique_ptr<OwnHandlers> own_handlers_;
  HandleShare handle_state_;
  std::unique_ptr<Ending> ending_;
  Liveness liveness_;
};

template <auto member, class Signature>
void Session::set_handler(Callback<Signature> callback) {
  if (own_handlers_ == nullptr) own_handlers_ = std::make_unique<OwnHandlers>();
  own_handlers_->replace((*own_handlers_).*member, std::move(callback));
  context_.reactor.at_turn_end(*this);  // frees what was replaced
}

}  // namespace mote::net

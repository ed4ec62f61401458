#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tests/fault/far_frames.h"
#include "tests/fault/far_socket.h"
#include "tests/support/tls_engine.h"

namespace mote::fault {

/// The far end of one connection, which follows a script: a client of the server under test, or a server of the client.
/// The script is said with the methods that answer the peer itself; each adds a step.
///
/// A peer whose connection ends before its script does is cut, which a fault may do to it. What no fault excuses, such
/// as a message with other bytes than those that were sent, makes it wrong.
class Peer {
 public:
  enum class State { waiting, acting, completed, cut, wrong };
  /// Whether the step is done. Is asked again when something has come, and time has passed.
  using Step = std::function<bool(Peer&)>;

  explicit Peer(std::string name) : name_(std::move(name)) {}

  /// \name The script
  /// @{
  Peer& then(Step step);
  /// Waits until the other end has connected to that.
  Peer& accept(const FarListener& listener);
  /// The handshake of TLS.
  Peer& secure(test::TlsEngine::Side side, const test::TlsSetup& setup);
  Peer& say(std::string bytes);
  /// A response head with that status.
  Peer& hear_head(int status);
  /// A client's opening handshake, which is answered with 101 and `lines`.
  Peer& welcome(std::string_view lines = {});
  /// A request head, which is answered with `response`.
  Peer& answer(std::string response);
  Peer& hear(unsigned opcode, std::string payload);
  /// So many bytes, whatever they are.
  Peer& hear_bytes(std::size_t size);
  /// A Close frame with that code, which is answered unless this end has sent one.
  Peer& hear_close(std::uint16_t code);
  Peer& hear_end();
  Peer& close();
  Peer& reset();
  Peer& shut_down();
  Peer& stop_reading();
  Peer& read_again();
  Peer& wait_ms(std::int64_t milliseconds);
  Peer& trickle();
  /// From now on messages may come compressed; `takeover`: in one context.
  Peer& inflate(bool takeover);
  /// This end's frames are a server's.
  Peer& as_server();
  Peer& call(std::function<void()> what);
  /// While it has nothing to say it sends a pong now and then, so that it is never asked whether it lives.
  Peer& stay_awake();
  /// Sends a frame of its role.
  Peer& send(unsigned opcode, std::string_view payload);
  /// A text message that comes back.
  Peer& echo(std::string_view text) { return send(1, text).hear(1, std::string(text)); }
  /// @}

  /// From now on it follows its script.
  void begin();
  /// Whether anything was done.
  bool step();
  [[nodiscard]] State state() const { return state_; }
  /// Nothing is left to be done for now, or at all.
  [[nodiscard]] bool idle() const { return script_.empty() || over(); }
  [[nodiscard]] bool over() const { return state_ != State::waiting && state_ != State::acting; }
  /// Whether it had to send something to stay awake.
  [[nodiscard]] bool was_awake() const { return was_awake_; }
  [[nodiscard]] std::optional<std::int64_t> deadline_ms() const { return deadline_ms_; }
  /// What went wrong, or where it is.
  [[nodiscard]] std::string report() const;
  /// It is cut, though no fault of its own connection shows.
  void call_off(std::string why) { end(State::cut, std::move(why)); }
  void accuse(std::string why) { end(State::wrong, std::move(why)); }
  FarSocket& socket() { return socket_; }

 private:
  struct Inflater;

  bool follow_script();
  void receive();
  void attend();
  bool hear_frame(const std::function<bool(const FarFrame&)>& wanted);
  bool unexpected(const FarFrame& frame);
  void write(std::string_view bytes);
  std::string frame(unsigned opcode, std::string_view payload) const;
  std::string inflated(const FarFrame& frame);
  void end(State state, std::string why);

  std::string name_;
  State state_ = State::waiting;
  std::string why_;
  std::deque<Step> script_;
  std::size_t done_ = 0;
  FarSocket socket_;
  std::unique_ptr<test::TlsEngine> tls_;
  bool secured_ = false;
  bool serves_ = false;
  bool close_sent_ = false;
  std::string heard_;
  std::optional<std::int64_t> deadline_ms_;
  bool stays_awake_ = false;
  bool was_awake_ = false;
  std::shared_ptr<Inflater> inflater_;
};

}  // namespace mote::fault

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <mote/mote.h>

#include "tests/fault/far_frames.h"
#include "tests/model/far_end.h"
#include "tests/model/house.h"

namespace mote::model {

/// The server's end of one connection: does to it what the user's code may do, and keeps the model of what must come of
/// that. What else happens is a failure.
///
/// The model: there is one on_open, then the units that the client has said, in order and whole, then one on_close,
/// then nothing. What `send` has accepted reaches the client in order and whole. Who ends the connection first decides
/// what on_close says.
class NearEnd {
 public:
  /// How the server's code reaches the connection.
  enum class Via { connection, handle };

  NearEnd(House& house, FarEnd& far);

  /// \name What the server was told
  /// @{
  void configured(Connection& socket);
  void opened();
  void heard(Unit::Kind kind, unsigned opcode, std::string_view payload);
  void drained();
  void failed(const Error& error);
  void closed(const CloseInfo& why);
  /// on_close has returned: the Connection is not there any more.
  void gone() { socket_ = nullptr; }
  /// @}

  /// \name What the server does
  /// @{
  void send(Via via, unsigned opcode, const std::string& payload);
  void close(Via via, std::uint16_t code, const std::string& reason);
  void abort(Via via);
  void pause(Via via);
  void resume(Via via);
  /// A callback throws this: what is to come of it is noted.
  std::string throws();
  /// From another thread, between two tasks that are posted before and after; to be called in those.
  void before_posted();
  void after_posted_send(unsigned opcode, const std::string& payload, SendStatus status);
  void after_posted_close(std::uint16_t code, const std::string& reason);
  void after_posted_abort();
  /// @}

  /// Null before `configured` and when it is gone.
  [[nodiscard]] Connection* socket() const { return socket_; }
  [[nodiscard]] bool reachable() const { return socket_ != nullptr || has_handle_; }
  [[nodiscard]] const Handle& handle() const { return handle_; }
  void take_handle();
  [[nodiscard]] bool was_open() const { return opened_; }
  [[nodiscard]] bool is_open() const { return opened_ && !closed_ && socket_->is_open(); }
  [[nodiscard]] bool is_paused() const { return paused_ && !closed_; }
  [[nodiscard]] const FarEnd& far() const { return far_; }

  /// \name What must hold
  /// @{
  /// A frame has reached the client.
  void reached(const fault::FarFrame& frame);
  /// Between two turns of the loop.
  void check_between_turns();
  /// When nothing happens any more without somebody's doing.
  void check_at_rest();
  /// When the server's run has returned.
  void check_at_end();
  /// @}

 private:
  /// What has ended it, on the server's side.
  enum class Cause { none, close, abort, exception, limit };
  struct Outgoing {
    unsigned opcode;
    std::string payload;
  };
  struct Before {
    bool open;
    std::size_t queued;
  };

  template <class Call>
  auto call(Call&& call);
  template <class ByConnection, class ByHandle>
  void through(Via via, ByConnection&& by_connection, ByHandle&& by_handle);
  void callback(const std::string& name, bool before_the_end);
  [[nodiscard]] Before look() const;
  void judge_sending(const Before& before, SendStatus status, std::size_t size, bool may_be_dropped);
  void accepted(unsigned opcode, const std::string& payload);
  void end_by(Cause cause, std::uint16_t close_sent);
  void note_close(const Before& before, std::uint16_t code);
  void note_abort(const Before& before);
  void close_reached(const fault::FarFrame& frame);
  void check_ending(const CloseInfo& why);
  void check_error(const CloseInfo& why);
  void check_close_reached() const;
  void check_last_words() const;
  void check_opening() const;
  void check_closing() const;
  void check_silence() const;
  [[nodiscard]] bool may_end_so(const CloseInfo& why) const;
  [[nodiscard]] bool may_be_timeout() const;
  [[nodiscard]] bool says_clients_close(const CloseInfo& why) const;
  [[nodiscard]] bool says_clients_fault(const CloseInfo& why) const;
  [[nodiscard]] bool heard_all_before_end() const;
  [[nodiscard]] bool end_is_complete() const;
  void require(bool true_one, const std::string& else_wrong) const;
  void note(const std::string& text) const;

  House& house_;
  FarEnd& far_;
  Connection* socket_ = nullptr;
  Handle handle_;
  bool has_handle_ = false;
  bool configured_ = false;
  bool opened_ = false;
  bool closed_ = false;
  bool paused_ = false;
  std::int64_t resumed_ms_ = 0;
  bool drain_due_ = false;
  bool ends_this_turn_ = false;
  bool threw_ = false;
  Cause cause_ = Cause::none;
  bool aborted_ = false;
  std::int64_t ended_ms_ = 0;                // when `cause_` came
  std::optional<std::uint16_t> close_sent_;  // the code of the first Close of this side
  std::optional<ErrorKind> error_;           // that on_error was told
  std::size_t delivered_ = 0;                // units
  std::vector<Outgoing> outgoing_;           // accepted
  std::vector<std::string> pongs_;           // that may come, in order
  std::size_t reached_ = 0;                  // of `outgoing_`
  std::size_t pongs_reached_ = 0;            // up to the last one that came
  std::optional<std::uint16_t> close_reached_;
  Before before_posted_{false, 0};
  CloseInfo ending_;
};

}  // namespace mote::model

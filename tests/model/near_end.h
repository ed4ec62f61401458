#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mote/mote.h>

#include "tests/fault/far_frames.h"
#include "tests/model/far_end.h"
#include "tests/model/house.h"

namespace mote::model {

/// mote's end of one connection, of a server's or of a client's: does to it what the user's code may do, and keeps the
/// model of what must come of that. What else happens is a failure.
///
/// The model: there is one on_open, then the units that the far end has said, in order and whole, then one on_close,
/// then nothing. A client's that does not open has one on_error with the reason, unless this side has ended it, and one
/// on_close. What `send` has accepted reaches the far end in order and whole. Who ends the connection first decides
/// what on_close says.
class NearEnd {
 public:
  /// How the user's code reaches the connection.
  enum class Via { connection, handle };

  NearEnd(House& house, FarEnd& far);

  /// \name Of a client's
  /// @{
  /// It has that handle from the start.
  void adopt(Handle handle);
  /// Is called where `close` or `abort` goes through the handle: that is for good.
  void on_farewell(std::function<void()> callback) { farewell_ = std::move(callback); }
  /// Client's destructor has run: nobody is called back any more.
  void vanish();
  /// Client::stop has cut off what was still to go out.
  void cut_short() { cut_short_ = true; }
  /// @}

  /// \name What the user was told
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

  /// \name What the user does
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
  void after_posted_close(std::uint16_t code);
  void after_posted_abort();
  /// @}

  /// Null before `configured` and when it is gone.
  [[nodiscard]] Connection* socket() const { return socket_; }
  [[nodiscard]] bool reachable() const { return socket_ != nullptr || has_handle_; }
  [[nodiscard]] const Handle& handle() const { return handle_; }
  void take_handle();
  [[nodiscard]] bool was_configured() const { return configured_; }
  [[nodiscard]] bool was_open() const { return opened_; }
  /// on_close was called.
  [[nodiscard]] bool has_ended() const { return closed_; }
  /// By this side's doing, whatever the far end did then.
  [[nodiscard]] bool ended_here() const {
    return cause_ == Cause::close || ending_.by == EndedBy::local || ending_.by == EndedBy::shutdown;
  }
  [[nodiscard]] bool is_open() const { return opened_ && socket_ != nullptr && socket_->is_open(); }
  [[nodiscard]] bool is_paused() const { return paused_ && !closed_; }
  [[nodiscard]] const FarEnd& far() const { return far_; }

  /// \name What must hold
  /// @{
  /// A frame has reached the far end.
  void reached(const fault::FarFrame& frame);
  /// Between two turns of the loop.
  void check_between_turns();
  /// When nothing happens any more without somebody's doing.
  void check_at_rest();
  /// When `run` has returned.
  void check_at_end();
  /// @}

 private:
  /// What has ended it, on this side.
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
  Via through(Via via, ByConnection&& by_connection, ByHandle&& by_handle);
  void take_farewell(Via via);
  [[nodiscard]] bool is_client() const { return far_.role() == Role::server; }
  [[nodiscard]] bool is_connecting() const { return is_client() && !opened_ && !closed_; }
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
  void check_connecting() const;
  void check_closing() const;
  void check_leaving() const;
  void check_patience() const;
  [[nodiscard]] bool may_fail_so(ErrorKind kind) const;
  void check_silence() const;
  [[nodiscard]] bool may_end_so(const CloseInfo& why) const;
  [[nodiscard]] bool may_be_timeout() const;
  [[nodiscard]] bool says_far_close(const CloseInfo& why) const;
  [[nodiscard]] bool says_far_fault(const CloseInfo& why) const;
  [[nodiscard]] bool heard_all_before_end() const;
  [[nodiscard]] bool end_is_complete() const;
  void require(bool true_one, const std::string& else_wrong) const;
  void note(const std::string& text) const;

  House& house_;
  FarEnd& far_;
  Connection* socket_ = nullptr;
  Handle handle_;
  bool has_handle_ = false;
  std::function<void()> farewell_;
  bool configured_ = false;
  std::int64_t configured_ms_ = 0;
  bool opened_ = false;
  bool closed_ = false;
  bool vanished_ = false;
  bool cut_short_ = false;
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
  int error_status_ = 0;                     // of the response that it had
  std::size_t delivered_ = 0;                // units
  std::vector<Outgoing> outgoing_;           // accepted
  std::vector<std::string> pongs_;           // that may come, in order
  std::size_t reached_ = 0;                  // of `outgoing_`
  std::size_t pongs_reached_ = 0;            // up to the last one that came
  std::optional<std::uint16_t> close_reached_;
  Before before_posted_{false, 0};
  CloseInfo ending_;
  std::int64_t closed_ms_ = 0;
};

}  // namespace mote::model

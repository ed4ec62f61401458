#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <mote/error.h>

#include "tests/fault/far_frames.h"
#include "tests/model/house.h"
#include "tests/model/speech.h"
#include "tests/model/wire.h"
#include "tests/support/deflate.h"

namespace mote::model {

/// The far end of one connection of mote's: what it says, and what it is told.
class FarEnd {
 public:
  /// How it does its part of the opening handshake.
  enum class Opening { whole, in_parts, silent, wrong };

  FarEnd(House& house, Random& random, unsigned number, Role role);
  virtual ~FarEnd() = default;
  FarEnd(const FarEnd&) = delete;
  FarEnd& operator=(const FarEnd&) = delete;

  /// Whom its frames are shown to.
  void listen(std::function<void(const fault::FarFrame&)> listener) { listener_ = std::move(listener); }

  /// Writes and reads what can be; whether that was anything.
  bool step();
  /// Does something, by chance.
  void act();
  /// From now on it says all that it has kept back, and reads.
  void behave();
  /// Says Close, unless it has or has left.
  void take_leave();
  virtual void drop();

  [[nodiscard]] unsigned number() const { return number_; }
  [[nodiscard]] Role role() const { return role_; }
  [[nodiscard]] const Speech& speech() const { return speech_; }
  [[nodiscard]] bool reads() const { return reads_; }
  [[nodiscard]] bool all_written() const { return wire_.all_written(); }
  /// It has ended its connection, or at least its sending, before it was due.
  [[nodiscard]] bool left() const { return half_closed_ || dropped_; }
  [[nodiscard]] bool half_closed() const { return half_closed_; }
  [[nodiscard]] bool dropped() const { return dropped_; }
  /// It has never looked away, or left, before the other end ended the connection.
  [[nodiscard]] bool was_attentive() const { return attentive_; }
  /// The other end has ended the connection.
  [[nodiscard]] bool sees_end() const { return !dropped_ && wire_.ended(); }
  /// When it saw that first; nothing where it has not, or has ended it itself.
  [[nodiscard]] std::optional<std::int64_t> saw_end_ms() const { return saw_end_ms_; }
  [[nodiscard]] std::int64_t began_ms() const { return began_ms_; }
  [[nodiscard]] std::int64_t last_said_ms() const { return last_said_ms_; }
  [[nodiscard]] std::int64_t last_read_ms() const { return last_read_ms_; }
  [[nodiscard]] std::int64_t reads_since_ms() const { return reads_since_ms_; }

  /// \name Of the opening handshake
  /// @{
  /// All of a correct part of it was given.
  [[nodiscard]] bool may_open() const { return given_ && opening_ != Opening::wrong; }
  /// It, or the lack of it, is enough for the other end to know that there will be no connection.
  [[nodiscard]] virtual bool has_failed() const = 0;
  /// How long a client may wait until it is connected, in milliseconds.
  [[nodiscard]] virtual std::int64_t longest_way_ms() const { return 0; }
  /// A client's: it was told so.
  [[nodiscard]] virtual bool was_refused() const { return false; }
  /// That is a reason for a client's error. `status`: of the response in place of 101, else 0.
  [[nodiscard]] virtual bool explains(ErrorKind kind, int status) const = 0;
  /// @}

 protected:
  /// Looks for the other end's part of it in `heard_`.
  virtual void hear_opening() = 0;
  /// Whether that was there, and good.
  [[nodiscard]] virtual bool opened() const = 0;
  /// In every step, before anything moves; whether that was anything.
  virtual bool prepare() { return false; }
  /// All that is said has been written, and read what may come.
  virtual void rest() {}

  void give_opening();
  void agree_on_compression(Speech::Context own, Speech::Context others);
  /// The connection has ended, as it should.
  void finish();
  [[nodiscard]] bool is_gone() const { return dropped_ || finished_; }
  [[nodiscard]] bool close_exchanged() const { return close_heard_ && speech_.over() && speech_.kept_back() == 0; }
  void note(const std::string& text) const { house_.note("far end " + std::to_string(number_) + " " + text); }

  House& house_;
  Random& random_;
  Opening opening_;
  Speech speech_;
  Wire wire_;
  std::string words_;  // what is left of its part of the opening handshake
  std::string heard_;
  bool given_ = false;  // that part, whole
  bool dropped_ = false;
  std::int64_t began_ms_ = House::now_ms();

 private:
  void act_in_opening();
  void stop_reading();
  void read_again();
  void say_something();
  void give(std::size_t most);
  void leave_somehow();
  void hear(fault::FarFrame frame);

  unsigned number_;
  Role role_;
  std::function<void(const fault::FarFrame&)> listener_;
  bool reads_ = true;
  bool half_closed_ = false;
  bool finished_ = false;
  bool attentive_ = true;
  bool close_heard_ = false;
  bool answers_pings_;
  bool answers_close_;
  bool leaves_at_end_;
  std::unique_ptr<test::PeerInflater> inflater_;  // where the other end may compress
  bool context_takeover_ = false;
  std::optional<std::int64_t> saw_end_ms_;
  std::int64_t last_said_ms_ = began_ms_;
  std::int64_t last_read_ms_ = began_ms_;
  std::int64_t reads_since_ms_ = began_ms_;
};

}  // namespace mote::model

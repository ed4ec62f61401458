#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tests/fault/far_frames.h"
#include "tests/fault/far_socket.h"
#include "tests/model/house.h"
#include "tests/model/speech.h"
#include "tests/support/deflate.h"

namespace mote::model {

/// A client of the server under test: what it says, and what it is told.
class FarEnd {
 public:
  /// How it does the opening handshake.
  enum class Opening { whole, in_parts, silent, refused };

  FarEnd(House& house, Random& random, unsigned number);

  /// Whom its frames are shown to.
  void listen(std::function<void(const fault::FarFrame&)> listener) { listener_ = std::move(listener); }
  void connect(const fault::Address& address);

  /// Writes and reads what can be; whether that was anything.
  bool step();
  /// Does something, by chance.
  void act();
  /// From now on it says all that it has kept back, and reads.
  void behave();
  /// Says Close, unless it has or has left.
  void take_leave();
  void drop();

  [[nodiscard]] unsigned number() const { return number_; }
  [[nodiscard]] const Speech& speech() const { return speech_; }
  [[nodiscard]] bool reads() const { return reads_; }
  [[nodiscard]] bool all_written() const { return socket_.all_written(); }
  /// It has ended its connection, or at least its sending.
  [[nodiscard]] bool left() const { return half_closed_ || dropped_; }
  [[nodiscard]] bool half_closed() const { return half_closed_; }
  [[nodiscard]] bool dropped() const { return dropped_; }
  /// It has never looked away, or left, before the server ended the connection.
  [[nodiscard]] bool was_attentive() const { return attentive_; }
  /// Has sent all of a correct request.
  [[nodiscard]] bool has_asked() const { return asked_ && opening_ != Opening::refused; }
  /// Has sent all of one that is not correct.
  [[nodiscard]] bool is_wrong() const { return asked_ && opening_ == Opening::refused; }
  [[nodiscard]] bool was_refused() const { return status_ == 400; }
  [[nodiscard]] std::int64_t began_ms() const { return began_ms_; }
  [[nodiscard]] bool server_ended() const { return !dropped_ && socket_.ended(); }
  [[nodiscard]] std::int64_t last_said_ms() const { return last_said_ms_; }
  [[nodiscard]] std::int64_t last_read_ms() const { return last_read_ms_; }
  [[nodiscard]] std::int64_t reads_since_ms() const { return reads_since_ms_; }

 private:
  void ask();
  void stop_reading();
  void read_again();
  void say_something();
  void give(std::size_t most);
  void leave_somehow();
  void hear_head();
  void hear(fault::FarFrame frame);
  void agree_on_compression(std::string_view extensions);
  void note(const std::string& text) const { house_.note("client " + std::to_string(number_) + " " + text); }

  House& house_;
  Random& random_;
  unsigned number_;
  Opening opening_;
  Speech speech_;
  fault::FarSocket socket_;
  std::function<void(const fault::FarFrame&)> listener_;
  std::string request_;  // what is left of it
  std::string heard_;
  int status_ = 0;
  bool asked_ = false;
  bool reads_ = true;
  bool half_closed_ = false;
  bool dropped_ = false;
  bool attentive_ = true;
  bool answers_pings_;
  bool answers_close_;
  bool leaves_at_end_;
  std::unique_ptr<test::PeerInflater> inflater_;  // where the server may compress
  bool context_takeover_ = false;
  std::int64_t began_ms_ = House::now_ms();
  std::int64_t last_said_ms_ = 0;
  std::int64_t last_read_ms_ = 0;
  std::int64_t reads_since_ms_ = began_ms_;
};

}  // namespace mote::model

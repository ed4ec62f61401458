#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <mote/close.h>
#include <mote/handle.h>
#include <mote/options.h>

#include "tests/fuzz/wire.h"

namespace mote::fuzz {

/// A client of the server under test, and what the server's callbacks were told of its connection: in the end the two
/// have to fit.
class Visitor {
 public:
  explicit Visitor(Wire& wire) : wire_(wire) {}

  [[nodiscard]] Wire& wire() { return wire_; }
  [[nodiscard]] const Wire& wire() const { return wire_; }
  /// The opening handshake that is not to be refused. Where nothing was said before, what comes after it are frames
  /// that are known to begin there.
  void ask(std::string_view lines);

  /// \name The server's callbacks
  /// @{
  void opened(Handle handle);
  /// `event`: as in mote::test::Outcome.
  void heard(std::string event);
  /// A message, in the same form, that was sent to it and accepted.
  void was_sent(std::string event) { sent_.push_back(std::move(event)); }
  void closed(const CloseInfo& why);
  /// @}
  [[nodiscard]] const Handle& handle() const { return handle_; }
  void drop_handle() { handle_ = {}; }
  [[nodiscard]] bool is_open() const { return opened_ && !closed_; }
  [[nodiscard]] bool was_opened() const { return opened_; }
  [[nodiscard]] const std::vector<std::string>& events() const { return events_; }

  /// Ends the process where something that it said or heard does not fit.
  void check_all(const Options& options) const;

 private:
  void check_events(const Options& options) const;
  void check_answers() const;
  void check_answered(const std::vector<std::string>& answers, bool closed) const;

  Wire& wire_;
  std::size_t frames_begin_ = 0;  // of what it said; 0: not known
  Handle handle_;
  bool opened_ = false;
  bool closed_ = false;
  CloseInfo why_;  // without the reason
  std::string reason_;
  std::vector<std::string> events_;
  std::vector<std::string> sent_;
};

}  // namespace mote::fuzz

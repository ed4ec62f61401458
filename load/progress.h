#pragma once

#include <string_view>

namespace mote::load {

/// One line on the terminal that is written over and over. Nothing where standard error is no terminal.
class Progress {
 public:
  enum class Wanted { yes, no };

  explicit Progress(Wanted wanted);
  /// Leaves the line empty.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  [[nodiscard]] bool shown() const { return shown_; }
  void show(std::string_view line);

 private:
  bool shown_;
};

}  // namespace mote::load

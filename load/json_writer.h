#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mote::load {

/// Writes one JSON text (RFC 8259), a member a line. Calls must nest as the text does.
class JsonWriter {
 public:
  void begin_object() { begin('{', '}'); }
  void begin_array() { begin('[', ']'); }
  /// Ends the innermost object or array.
  void end();
  /// In an object, before each value.
  void key(std::string_view name);

  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  void value(bool yes) { raw(yes ? "true" : "false"); }
  void value(double number);  ///< Up to nine digits; null where it is not finite.
  void value(std::integral auto number) { raw(std::to_string(number)); }
  void null() { raw("null"); }

  template <class Value>
  void member(std::string_view name, const Value& of) {
    key(name);
    value(of);
  }

  /// What was written, with a line break at the end.
  [[nodiscard]] std::string text() const { return text_ + '\n'; }

 private:
  void begin(char opening, char closing);
  void raw(std::string_view text);
  void separate();
  void new_line();

  std::string text_;
  struct Level {
    char closing;
    bool empty = true;
  };
  std::vector<Level> levels_;
  bool after_key_ = false;
};

}  // namespace mote::load

#include "load/json_writer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <system_error>

#include "load/escape.h"

namespace mote::load {

void JsonWriter::begin(char opening, char closing) {
  separate();
  text_ += opening;
  levels_.push_back({closing});
}

void JsonWriter::end() {
  const Level ended = levels_.back();
  levels_.pop_back();
  if (!ended.empty && ended.closing == '}') new_line();
  text_ += ended.closing;
}

void JsonWriter::key(std::string_view name) {
  separate();
  text_.append("\"").append(json_escaped(name)).append("\": ");
  after_key_ = true;
}

void JsonWriter::value(std::string_view text) { raw(std::string("\"").append(json_escaped(text)).append("\"")); }

void JsonWriter::value(double number) {
  std::array<char, 32> digits;
  const auto [end, error] =
      std::to_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::general, 9);
  const bool good = error == std::errc{} && std::isfinite(number);
  raw(good ? std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())) : "null");
}

void JsonWriter::raw(std::string_view text) {
  separate();
  text_ += text;
}

/// Before a key, or a value that has none.
void JsonWriter::separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (levels_.empty()) return;
  Level& level = levels_.back();
  const bool first = level.empty;
  level.empty = false;
  if (level.closing == '}') {
    if (!first) text_ += ',';
    new_line();
  } else if (!first) {
    text_ += ", ";
  }
}

void JsonWriter::new_line() {
  text_ += '\n';
  text_.append(2 * levels_.size(), ' ');
}

}  // namespace mote::load

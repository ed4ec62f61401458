#include "load/escape.h"

#include <algorithm>
#include <cstddef>

namespace mote::load {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

unsigned octet(char byte) { return static_cast<unsigned char>(byte); }
bool is_control(char byte) { return octet(byte) < 0x20 || octet(byte) == 0x7F; }
bool continues(char byte) { return (octet(byte) & 0xC0) == 0x80; }

/// Bytes of the well-formed character that `text` begins with (Unicode, table 3-7); 0 where there is none.
std::size_t character_size(std::string_view text) {
  const unsigned first = octet(text[0]);
  if (first < 0x80) return 1;
  const std::size_t size = first < 0xC2 || first > 0xF4 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (size == 0 || text.size() < size) return 0;
  if (!std::all_of(text.begin() + 1, text.begin() + static_cast<std::ptrdiff_t>(size), continues)) return 0;
  const unsigned second = octet(text[1]);
  const bool ill = (first == 0xE0 && second < 0xA0) || (first == 0xED && second >= 0xA0) ||
                   (first == 0xF0 && second < 0x90) || (first == 0xF4 && second >= 0x90);
  return ill ? 0 : size;
}

/// `text` with what `escape` makes of each single byte; it answers an empty view for one that may stay.
template <class Escape>
std::string escaped(std::string_view text, Escape&& escape) {
  std::string result;
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    if (size > 1) {
      result += text.substr(0, size);
    } else if (size == 0) {
      result += kReplacement;
    } else if (const std::string_view instead = escape(text[0]); !instead.empty()) {
      result += instead;
    } else {
      result += text[0];
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return result;
}

}  // namespace

std::string html_escaped(std::string_view text) {
  return escaped(text, [](char byte) -> std::string_view {
    switch (byte) {
      case '<':
        return "&lt;";
      case '>':
        return "&gt;";
      case '&':
        return "&amp;";
      case '"':
        return "&quot;";
      default:
        return is_control(byte) ? kReplacement : std::string_view();
    }
  });
}

}  // namespace mote::load

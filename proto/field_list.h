#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include <mote/headers.h>

#include "proto/ascii.h"

namespace mote::proto {

/// The elements of a comma-separated field value (#rule, RFC 9110 §5.6.1): white space trimmed, empty elements skipped,
/// a comma inside a quoted string kept. An element may still be anything; an unclosed quote reaches to the value's end.
///
/// Every octet is looked at a bounded number of times, whatever the value holds.
class FieldList {
 public:
  constexpr explicit FieldList(std::string_view value) : rest_(value) {}

  /// The next element, never empty; none at the end.
  constexpr std::optional<std::string_view> next() {
    while (!rest_.empty()) {
      const std::size_t end = element_end(rest_);
      const std::string_view element = trim_ows(rest_.substr(0, end));
      rest_.remove_prefix(end == rest_.size() ? end : end + 1);
      if (!element.empty()) return element;
    }
    return std::nullopt;
  }

 private:
  static constexpr std::size_t element_end(std::string_view text) {
    bool quoted = false;
    std::size_t i = 0;
    for (; i < text.size(); ++i) {
      if (text[i] == '"') {
        quoted = !quoted;
      } else if (quoted && text[i] == '\\') {
        if (++i == text.size()) break;  // a quoted-pair's second octet is never a delimiter (§5.6.4)
      } else if (!quoted && text[i] == ',') {
        break;
      }
    }
    return i;
  }

  std::string_view rest_;
};

/// Whether `predicate(element)` holds for some element of the list that all fields of that name make together, in the
/// order they came (RFC 9110 §5.3). Stops at the first.
template <class Predicate>
bool any_element(Headers headers, std::string_view name, Predicate&& predicate) {
  for (const Header& field : headers) {
    if (!equals_ignoring_case(field.name, name)) continue;
    FieldList list(field.value);
    while (const std::optional<std::string_view> element = list.next()) {
      if (predicate(*element)) return true;
    }
  }
  return false;
}

}  // namespace mote::proto

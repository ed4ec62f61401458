#include <mote/headers.h>

#include <algorithm>
#include <iterator>

#include "proto/ascii.h"

namespace mote {

using proto::equals_ignoring_case;
using proto::trim_ows;

Headers::iterator::iterator(std::string_view rest) : rest_(rest) { ++*this; }

Headers::iterator& Headers::iterator::operator++() {
  if (rest_.empty()) {
    header_ = {};
    return *this;
  }
  // A well-formed value holds no CR (RFC 9110 §5.5), so that the first one ends the line.
  const std::string_view line = rest_.substr(0, rest_.find('\r'));
  const std::size_t colon = std::min(line.find(':'), line.size());
  header_ = {line.substr(0, colon), trim_ows(line.substr(std::min(colon + 1, line.size())))};
  rest_.remove_prefix(std::min(line.size() + 2, rest_.size()));
  return *this;
}

Headers::iterator Headers::iterator::operator++(int) {
  iterator before = *this;
  ++*this;
  return before;
}

std::size_t Headers::size() const { return static_cast<std::size_t>(std::distance(begin(), end())); }

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const Header& field : *this) {
    if (equals_ignoring_case(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(begin(), end(), [&](const Header& field) { return equals_ignoring_case(field.name, name); }));
}

Cookies::iterator::iterator(Headers::iterator field) : field_(field) { ++*this; }

Cookies::iterator& Cookies::iterator::operator++() {
  for (;;) {
    while (!rest_.empty()) {
      const std::string_view piece = rest_.substr(0, rest_.find(';'));
      rest_.remove_prefix(std::min(piece.size() + 1, rest_.size()));
      const std::size_t equals = piece.find('=');
      if (equals == std::string_view::npos) continue;
      cookie_ = {trim_ows(piece.substr(0, equals)), trim_ows(piece.substr(equals + 1))};
      if (!cookie_.name.empty()) return *this;
    }
    while (field_ != Headers::iterator() && !equals_ignoring_case(field_->name, "Cookie")) ++field_;
    if (field_ == Headers::iterator()) break;
    rest_ = field_->value;
    ++field_;
  }
  cookie_ = {};
  return *this;
}

Cookies::iterator Cookies::iterator::operator++(int) {
  iterator before = *this;
  ++*this;
  return before;
}

std::size_t Cookies::size() const { return static_cast<std::size_t>(std::distance(begin(), end())); }

std::optional<std::string_view> Cookies::find(std::string_view name) const {
  for (const Cookie& cookie : *this) {
    if (cookie.name == name) return cookie.value;
  }
  return std::nullopt;
}

}  // namespace mote

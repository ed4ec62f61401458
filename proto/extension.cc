#include "proto/extension.h"

#include <cstddef>

#include "proto/ascii.h"

namespace mote::proto {
namespace {

std::string_view take_token(std::string_view& text) {
  const std::string_view token = text.substr(0, run_length(kToken, text));
  text = trim_ows(text.substr(token.size()));
  return token;
}

// `text` begins with the opening quote; false where what it holds, once unescaped, is no token.
bool take_quoted_token(std::string_view& text, std::string& token) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text = trim_ows(text.substr(i + 1));
      return !token.empty();
    }
    if (text[i] == '\\' && ++i == text.size()) return false;
    if (!is(kToken, text[i])) return false;
    token += text[i];
  }
  return false;
}

}  // namespace

ExtensionReader::ExtensionReader(std::string_view element)
    : rest_(element), name_(take_token(rest_)), ok_(!name_.empty()) {}

std::optional<ExtensionReader::Parameter> ExtensionReader::next() {
  if (!ok_ || rest_.empty()) return std::nullopt;
  ok_ = rest_.front() == ';';
  if (!ok_) return std::nullopt;
  rest_ = trim_ows(rest_.substr(1));
  Parameter parameter{take_token(rest_), std::nullopt};
  ok_ = !parameter.name.empty();
  if (ok_ && rest_.starts_with('=')) ok_ = take_value(parameter.value.emplace());
  if (!ok_) return std::nullopt;
  return parameter;
}

bool ExtensionReader::take_value(std::string& value) {
  rest_ = trim_ows(rest_.substr(1));
  if (rest_.starts_with('"')) return take_quoted_token(rest_, value);
  value = take_token(rest_);
  return !value.empty();
}

}  // namespace mote::proto

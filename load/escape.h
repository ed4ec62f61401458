#pragma once

#include <string>
#include <string_view>

namespace mote::load {

/// `text` as the inside of a JSON string (RFC 8259 §7). What is no UTF-8 becomes U+FFFD, here and below.
std::string json_escaped(std::string_view text);
/// `text` for HTML and XML, attributes included; control characters, which XML forbids, become U+FFFD.
std::string html_escaped(std::string_view text);

}  // namespace mote::load

#pragma once

#include <string>
#include <string_view>

namespace mote::load {

/// `text` for HTML and XML, attributes included. What is no UTF-8, and control characters, which XML forbids, become
/// U+FFFD.
std::string html_escaped(std::string_view text);

}  // namespace mote::load

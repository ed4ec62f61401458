#pragma once

#include <initializer_list>
#include <string_view>

#include <mote/log.h>

namespace mote::core {

/// Whether a line of that level would be written: ask before building an expensive one. Any thread.
[[nodiscard]] bool log_enabled(LogLevel level) noexcept;

/// Writes one line made of `parts`; control characters and bytes that are not ASCII come out as `\xNN`, since they may
/// be a peer's. Any thread. Never throws: a line that cannot be written is lost.
void log(LogLevel level, std::initializer_list<std::string_view> parts) noexcept;

/// The text of an errno, in English whatever the locale is: `Connection reset by peer`. Stays valid.
std::string_view errno_text(int error) noexcept;

}  // namespace mote::core

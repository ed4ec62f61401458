#pragma once

#include <functional>
#include <string_view>

namespace mote {

/// Least to most severe; `off` is above all.
enum class LogLevel { debug, info, warning, error, off };

/// Sends log lines of `level` and above to `function` instead of standard error; an empty function means standard
/// error.
///
/// The default is `set_logger(LogLevel::warning, {})`. A line is UTF-8 without a line end, valid until the function
/// returns; bytes from the network are escaped in it. One process-wide logger; the function may be called from any
/// thread that runs a server, never from two at once, and must not call `set_logger`. What it throws is ignored, and so
/// is what mote would log while it runs, on its thread.
void set_logger(LogLevel level, std::function<void(LogLevel, std::string_view)> function);

}  // namespace mote

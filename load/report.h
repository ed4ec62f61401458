#pragma once

#include <string>

#include "load/measurement.h"

namespace mote::load {

/// The summary for a terminal.
std::string text_report(const Measurement& measurement);
/// All that was measured; durations are in the unit that a name ends with.
std::string json_report(const Measurement& measurement);
/// A page of one file, with its plots in it; well-formed XML, too.
std::string html_report(const Measurement& measurement);

}  // namespace mote::load

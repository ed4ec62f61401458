#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/conformance/case.h"

namespace mote::conformance {

struct Result {
  enum class Outcome : std::uint8_t { passed, failed, not_run };
  Outcome outcome = Outcome::not_run;
  std::string why = {};  ///< What failed, or why it was not run.
  double milliseconds = 0;
};

/// Opens the connection that a case is run on.
using Open = std::function<Peer(const Case&)>;

/// Runs the cases, each on a connection of its own, and answers one result for each, in the same order. Those of
/// section 9, whose times count, run alone and one after the other; the others side by side.
std::vector<Result> run_cases(const std::vector<Case>& cases, const Open& open, const Scale& scale);

}  // namespace mote::conformance

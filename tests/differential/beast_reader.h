#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tests/differential/test_case.h"

namespace mote::differential {

/// What Boost.Beast made of a stream; events are written as in mote::test::Outcome.
struct BeastOutcome {
  std::vector<std::string> events;
  std::string_view refusal;  ///< Its error's name in boost::beast::websocket::error; empty where it refused nothing.
};

/// Gives a stream to a fresh boost::beast::websocket::stream that has just been opened, as a test says.
[[nodiscard]] BeastOutcome read_with_beast(const TestCase& test, std::string_view stream);

}  // namespace mote::differential

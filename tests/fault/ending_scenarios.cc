#include "tests/fault/scenario.h"
#include "tests/fault/stage.h"

namespace mote::fault {

std::vector<Scenario> ending_scenarios() { return {}; }

}  // namespace mote::fault

#pragma once

#include <string_view>
#include <vector>

namespace mote::fault {

class Stage;

/// A play for one run: `set` prepares the stage.
struct Scenario {
  std::string_view group;
  std::string_view name;
  void (*set)(Stage& stage);
};

std::vector<Scenario> all_scenarios();

/// \name The groups that those come from
/// @{
std::vector<Scenario> server_scenarios();
std::vector<Scenario> ending_scenarios();
std::vector<Scenario> deflate_scenarios();
std::vector<Scenario> tls_scenarios();
std::vector<Scenario> client_scenarios();
std::vector<Scenario> limit_scenarios();
std::vector<Scenario> proxy_scenarios();
std::vector<Scenario> evidence_scenarios();
/// @}

}  // namespace mote::fault

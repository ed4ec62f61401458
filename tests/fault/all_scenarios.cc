#include "tests/fault/scenario.h"

namespace mote::fault {

std::vector<Scenario> all_scenarios() {
  std::vector<Scenario> all;
  for (const auto& group : {server_scenarios(), ending_scenarios(), deflate_scenarios(), tls_scenarios(),
                            client_scenarios(), limit_scenarios(), proxy_scenarios(), evidence_scenarios()}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

}  // namespace mote::fault

#pragma once

#include <string>
#include <string_view>
#include <vector>

/// What the cases need of the head of a request or response.
namespace mote::conformance {

std::string in_lower_case(std::string_view text);

/// The names of the header lines, in lower case and in order.
std::vector<std::string> names_in(std::string_view head);
/// The values of all header lines of that name.
std::vector<std::string> values_of(std::string_view head, std::string_view name);
/// Throws a Failure where the header lines of that name do not have exactly these values.
void demand(const std::string& head, std::string_view name, const std::vector<std::string>& wanted);
/// The same of one value, whose case is of no importance.
void demand_in_any_case(const std::string& head, std::string_view name, std::string_view wanted);

}  // namespace mote::conformance

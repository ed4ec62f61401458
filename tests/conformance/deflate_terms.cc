#include "tests/conformance/deflate_terms.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>

#include "tests/conformance/peer.h"

namespace mote::conformance {
namespace {

constexpr std::string_view kServerNoTakeover = "server_no_context_takeover";
constexpr std::string_view kClientNoTakeover = "client_no_context_takeover";
constexpr std::string_view kServerWindow = "server_max_window_bits";
constexpr std::string_view kClientWindow = "client_max_window_bits";

// A parameter and its value; none: an empty text.
using Parameters = std::map<std::string, std::string, std::less<>>;

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// `name=value` or `name`; both tokens, the value perhaps in quotes (RFC 6455 §9.1).
std::pair<std::string_view, std::string_view> parameter_of(std::string_view text) {
  const std::size_t equals = text.find('=');
  const std::string_view name = trimmed(text.substr(0, equals));
  if (equals == std::string_view::npos) return {name, {}};
  std::string_view value = trimmed(text.substr(equals + 1));
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
  if (value.empty()) throw Failure("extension parameter \"" + std::string(name) + "\" has an empty value");
  return {name, value};
}

Parameters parameters_of(std::string_view response) {
  if (response.find(',') != std::string_view::npos) throw Failure("more than one extension in the response");
  std::size_t end = std::min(response.find(';'), response.size());
  if (trimmed(response.substr(0, end)) != "permessage-deflate") {
    throw Failure("an extension that was not offered: " + std::string(response));
  }
  Parameters parameters;
  while (end < response.size()) {
    const std::size_t begin = end + 1;
    end = std::min(response.find(';', begin), response.size());
    const auto [name, value] = parameter_of(response.substr(begin, end - begin));
    if (!parameters.emplace(name, value).second) throw Failure("parameter twice: " + std::string(name));
  }
  return parameters;
}

int window_of(std::string_view value) {
  constexpr std::array<std::string_view, 8> legal = {"8", "9", "10", "11", "12", "13", "14", "15"};
  const auto* const found = std::find(legal.begin(), legal.end(), value);
  if (found == legal.end()) throw Failure("window bits \"" + std::string(value) + "\" in the response");
  return 8 + static_cast<int>(found - legal.begin());
}

/// What the response says, if it is well-formed.
DeflateTerms stated(const Parameters& parameters) {
  DeflateTerms terms;
  for (const auto& [name, value] : parameters) {
    if (name == kServerNoTakeover && value.empty()) {
      terms.server_no_context_takeover = true;
    } else if (name == kClientNoTakeover && value.empty()) {
      terms.client_no_context_takeover = true;
    } else if (name == kServerWindow) {
      terms.server_window_bits = window_of(value);
    } else if (name == kClientWindow) {
      terms.client_window_bits = window_of(value);
    } else {
      throw Failure("parameter " + name + (value.empty() ? "" : "=" + value) + " in the response");
    }
  }
  return terms;
}

/// RFC 7692 §7.1.1.1 and §7.1.2.1: what was asked of the server must be in its response.
bool grants(const Parameters& parameters, const DeflateTerms& terms, const DeflateWish& wish) {
  if (wish.no_context_takeover && !terms.server_no_context_takeover) return false;
  if (wish.max_window_bits == 0) return true;
  return parameters.contains(kServerWindow) && terms.server_window_bits <= wish.max_window_bits;
}

}  // namespace

std::string offers_of(const std::vector<DeflateWish>& wishes, ClientContext context) {
  std::string offers;
  for (const DeflateWish& wish : wishes) {
    offers.append(offers.empty() ? "" : ", ").append("permessage-deflate; ");
    if (context == ClientContext::hinted_none) offers.append(kClientNoTakeover).append("; ");
    offers.append(kClientWindow);
    if (wish.no_context_takeover) offers.append("; ").append(kServerNoTakeover);
    if (wish.max_window_bits != 0) {
      offers.append("; ").append(kServerWindow).append("=").append(std::to_string(wish.max_window_bits));
    }
  }
  return offers;
}

DeflateTerms terms_of(std::string_view response, const std::vector<DeflateWish>& wishes) {
  const Parameters parameters = parameters_of(response);
  const DeflateTerms terms = stated(parameters);
  const bool granted = std::any_of(wishes.begin(), wishes.end(),
                                   [&](const DeflateWish& wish) { return grants(parameters, terms, wish); });
  if (!granted) throw Failure("the response \"" + std::string(response) + "\" grants no offer of " + offers_of(wishes));
  return terms;
}

}  // namespace mote::conformance

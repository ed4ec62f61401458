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

/// Of one extension, which has to be permessage-deflate.
Parameters parameters_of(std::string_view extension) {
  if (extension.find(',') != std::string_view::npos)
    throw Failure("more than one extension in " + std::string(extension));
  std::size_t end = std::min(extension.find(';'), extension.size());
  if (trimmed(extension.substr(0, end)) != "permessage-deflate") {
    throw Failure("an extension other than permessage-deflate: " + std::string(extension));
  }
  Parameters parameters;
  while (end < extension.size()) {
    const std::size_t begin = end + 1;
    end = std::min(extension.find(';', begin), extension.size());
    const auto [name, value] = parameter_of(extension.substr(begin, end - begin));
    if (!parameters.emplace(name, value).second) throw Failure("parameter twice: " + std::string(name));
  }
  return parameters;
}

int window_of(std::string_view value) {
  constexpr std::array<std::string_view, 8> legal = {"8", "9", "10", "11", "12", "13", "14", "15"};
  const auto* const found = std::find(legal.begin(), legal.end(), value);
  if (found == legal.end()) throw Failure("window bits \"" + std::string(value) + '"');
  return 8 + static_cast<int>(found - legal.begin());
}

/// What a response says, if it is well-formed.
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
      throw Failure("parameter " + name + (value.empty() ? "" : "=" + value) + " of permessage-deflate");
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

/// One of a client's offers. Its client_max_window_bits may have no value (RFC 7692 §7.1.2.2).
struct Offer {
  DeflateTerms terms;
  bool asks_for_a_window = false;  // of the server
  bool can_be_told_a_window = false;
};

Offer offer_of(std::string_view text) {
  Parameters parameters = parameters_of(text);
  Offer offer;
  offer.asks_for_a_window = parameters.contains(kServerWindow);
  if (const auto found = parameters.find(kClientWindow); found != parameters.end()) {
    offer.can_be_told_a_window = true;
    if (found->second.empty()) found->second = "15";
  }
  offer.terms = stated(parameters);
  return offer;
}

std::vector<Offer> offers_in(std::string_view text) {
  std::vector<Offer> offers;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    offers.push_back(offer_of(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return offers;
}

/// What the offer already says of the client binds it (§7.1.1.2, §7.1.2.2); the wish can only restrain it more.
DeflateAnswer answer_with(const DeflateWish& wish, const Offer& offer, OwnContext context) {
  DeflateAnswer answer{"permessage-deflate", offer.terms};
  DeflateTerms& terms = answer.terms;
  terms.server_no_context_takeover |= context == OwnContext::declined;
  terms.client_no_context_takeover |= wish.no_context_takeover;
  const auto add = [&](std::string_view parameter) { answer.response.append("; ").append(parameter); };
  const auto add_window = [&](std::string_view name, int bits) {
    add(name);
    answer.response.append("=").append(std::to_string(bits));
  };
  if (terms.server_no_context_takeover) add(kServerNoTakeover);
  if (terms.client_no_context_takeover) add(kClientNoTakeover);
  if (offer.asks_for_a_window) add_window(kServerWindow, terms.server_window_bits);
  if (wish.max_window_bits != 0) {
    terms.client_window_bits = std::min(terms.client_window_bits, wish.max_window_bits);
    add_window(kClientWindow, terms.client_window_bits);
  }
  return answer;
}

}  // namespace

std::string offers_of(const std::vector<DeflateWish>& wishes, OwnContext context) {
  std::string offers;
  for (const DeflateWish& wish : wishes) {
    offers.append(offers.empty() ? "" : ", ").append("permessage-deflate; ");
    if (context == OwnContext::declined) offers.append(kClientNoTakeover).append("; ");
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

DeflateAnswer answer_to(std::string_view offers, const std::vector<DeflateWish>& wishes, OwnContext context) {
  const std::vector<Offer> offered = offers_in(offers);
  for (const DeflateWish& wish : wishes) {
    for (const Offer& offer : offered) {
      if (wish.max_window_bits == 0 || offer.can_be_told_a_window) return answer_with(wish, offer, context);
    }
  }
  throw Failure("the offer \"" + std::string(offers) + "\" allows no window to be asked for");
}

}  // namespace mote::conformance

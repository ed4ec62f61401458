#include "proto/forwarded_for.h"

#include <algorithm>
#include <stdexcept>

#include "proto/ascii.h"

namespace mote::proto {
namespace {

std::optional<Endpoint> with_port(std::string_view address, std::string_view port) {
  const auto parsed = parse_ip_address(address);
  const auto number = parse_port(port);
  if (!parsed || !number) return std::nullopt;
  return Endpoint{*parsed, *number};
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) return std::nullopt;
    const std::string_view address = text.substr(1, bracket - 1);
    const std::string_view rest = text.substr(bracket + 1);
    if (address.find(':') == std::string_view::npos) return std::nullopt;
    if (!rest.empty()) return rest[0] == ':' ? with_port(address, rest.substr(1)) : std::nullopt;
    text = address;
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos && colon == text.rfind(':')) {
    return with_port(text.substr(0, colon), text.substr(colon + 1));
  }
  const auto address = parse_ip_address(text);
  if (!address) return std::nullopt;
  return Endpoint{*address, 0};
}

}  // namespace

TrustedProxies::TrustedProxies(const std::vector<std::string>& entries) {
  for (const std::string& entry : entries) {
    if (entry == "unix") {
      unix_ = true;
    } else if (const auto block = parse_address_block(entry)) {
      blocks_.push_back(*block);
    } else {
      throw std::invalid_argument(R"(option trusted_proxies has ")" + entry +
                                  R"(", which is no address, no block such as 10.0.0.0/8, and not "unix")");
    }
  }
}

bool TrustedProxies::contains(const IpAddress& address) const {
  if (address.family == IpAddress::Family::none) return unix_;
  return std::ranges::any_of(blocks_, [&](const AddressBlock& block) { return block.contains(address); });
}

std::optional<Endpoint> forwarded_for(Headers headers, const TrustedProxies& trusted) {
  std::vector<std::string_view> fields;
  for (const Header& field : headers) {
    if (equals_ignoring_case(field.name, "X-Forwarded-For")) fields.push_back(field.value);
  }
  std::optional<Endpoint> client;
  for (; !fields.empty(); fields.pop_back()) {
    std::string_view rest = fields.back();
    for (bool more = true; more;) {
      const std::size_t comma = rest.rfind(',');
      more = comma != std::string_view::npos;
      client = parse_endpoint(trim_ows(more ? rest.substr(comma + 1) : rest));
      if (!client || !trusted.contains(client->address)) return client;
      if (more) rest = rest.substr(0, comma);
    }
  }
  return client;
}

}  // namespace mote::proto

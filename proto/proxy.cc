#include "proto/proxy.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "proto/ascii.h"
#include "proto/authority.h"
#include "proto/http_connect.h"
#include "proto/socks5.h"
#include "proto/url.h"

namespace mote::proto {
namespace {

constexpr std::string_view kHttp = "http://";
constexpr std::string_view kSocks5 = "socks5://";

[[noreturn]] void reject(std::string_view proxy, std::string_view why) {
  throw std::invalid_argument(fault_prefix("option proxy", proxy).append(why));
}

bool takes(std::string_view& text, std::string_view scheme) {
  if (!equals_ignoring_case(text.substr(0, scheme.size()), scheme)) return false;
  text.remove_prefix(scheme.size());
  return true;
}

// RFC 3986 §2.1; none where a percent sign begins no escape.
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const std::string_view digits = text.substr(i + 1, 2);
    if (digits.size() < 2 || !consists_of(kHexDigit, digits)) return std::nullopt;
    unsigned octet = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), octet, 16);
    out.push_back(static_cast<char>(octet));
    i += digits.size();
  }
  return out;
}

// What HTTP's and SOCKS' own forms can carry (RFC 7617 §2, RFC 1929 §2).
std::string_view credentials_fault(Proxy::Kind kind, const Credentials& credentials) {
  const auto& [user, password] = credentials;
  if (kind == Proxy::Kind::http_connect) {
    if (user.find(':') != std::string::npos) return "the user has a colon (RFC 7617 2)";
    const bool sendable = consists_of(kFieldValue, user) && consists_of(kFieldValue, password);
    return sendable ? std::string_view() : "user or password have a control character (RFC 7617 2)";
  }
  const auto fits = [](const std::string& text) { return !text.empty() && text.size() <= 255; };
  return fits(user) && fits(password) ? std::string_view() : "user and password have 1 to 255 bytes each (RFC 1929 2)";
}

Credentials parse_credentials(std::string_view proxy, Proxy::Kind kind, std::string_view text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  auto user = percent_decoded(text.substr(0, colon));
  auto password = percent_decoded(text.substr(std::min(colon + 1, text.size())));
  if (!user || !password) reject(proxy, "user or password have a % that begins no escape; it is written %25");
  Credentials credentials{std::move(*user), std::move(*password)};
  if (const auto fault = credentials_fault(kind, credentials); !fault.empty()) reject(proxy, fault);
  return credentials;
}

}  // namespace

Proxy parse_proxy(std::string_view text) {
  Proxy proxy;
  std::string_view rest = text;
  if (takes(rest, kSocks5)) {
    proxy.kind = Proxy::Kind::socks5;
  } else if (!takes(rest, kHttp)) {
    reject(text, "it must start with http:// or socks5://");
  }
  std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  rest.remove_prefix(authority.size());
  if (!rest.empty() && rest != "/") reject(text, "it cannot have a path, query or fragment");
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    proxy.credentials = parse_credentials(text, proxy.kind, authority.substr(0, at));
    authority.remove_prefix(at + 1);
  }
  const HostAndPort parts = split_authority(authority);
  if (!parts.fault.empty()) reject(text, parts.fault);
  proxy.host = parts.host;
  proxy.port = parts.port.value_or(proxy.kind == Proxy::Kind::socks5 ? 1080 : 80);
  if (proxy.port == 0) reject(text, "the port must not be 0");
  return proxy;
}

std::unique_ptr<ProxyDialogue> make_dialogue(const Proxy& proxy, std::string_view host, std::uint16_t port,
                                             const ResponseLimits& limits) {
  if (proxy.kind == Proxy::Kind::socks5) return std::make_unique<Socks5>(host, port, proxy.credentials);
  return std::make_unique<HttpConnect>(host, port, proxy.credentials, limits);
}

}  // namespace mote::proto

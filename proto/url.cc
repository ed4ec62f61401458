#include "proto/url.h"

#include <algorithm>
#include <stdexcept>

#include "proto/ascii.h"

namespace mote::proto {
namespace {

constexpr std::string_view kFragment = "it has a fragment, which a WebSocket URI must not have (RFC 6455 3)";
constexpr std::string_view kUserInformation =
    "it has user information, which a WebSocket URI has not; send an Authorization header instead";
constexpr std::string_view kNotVisible =
    "it has a space, a control character or one beyond ASCII; such are percent-encoded";

bool take_scheme(std::string_view& text, Scheme& scheme) {
  for (const Scheme known : {Scheme::ws, Scheme::wss, Scheme::unix_socket}) {
    const std::string_view name = to_string(known);
    if (!equals_ignoring_case(text.substr(0, name.size()), name)) continue;
    text.remove_prefix(name.size());
    scheme = known;
    return true;
  }
  return false;
}

bool is_control_character(char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }

bool is_visible(char c) { return c > 0x20 && c < 0x7f; }

// What the whole of a URL with a host may not have.
std::string_view character_fault(std::string_view rest) {
  if (!std::all_of(rest.begin(), rest.end(), is_visible)) return kNotVisible;
  if (rest.find('#') != std::string_view::npos) return kFragment;
  return {};
}

[[noreturn]] void reject(std::string_view url, std::string_view why) {
  throw std::invalid_argument(fault_prefix("URL", url).append(why));
}

std::string target_of(std::string_view url, std::string_view rest) {
  if (!consists_of(kTarget, rest)) reject(url, "path or query have one of \" < >, which are percent-encoded");
  return rest.starts_with('/') ? std::string(rest) : std::string("/").append(rest);
}

}  // namespace

std::uint16_t default_port(Scheme scheme) {
  switch (scheme) {
    case Scheme::ws:
      return 80;
    case Scheme::wss:
      return 443;
    case Scheme::unix_socket:
      break;
  }
  return 0;
}

std::string_view to_string(Scheme scheme) {
  switch (scheme) {
    case Scheme::ws:
      return "ws://";
    case Scheme::wss:
      return "wss://";
    case Scheme::unix_socket:
      break;
  }
  return "ws+unix://";
}

UrlParts split_url(std::string_view text) {
  UrlParts parts;
  if (!take_scheme(text, parts.scheme)) return {.fault = "it must start with ws://, wss:// or ws+unix://"};
  if (parts.scheme == Scheme::unix_socket) {
    parts.rest = text;
    if (!text.starts_with('/')) parts.fault = "the socket file must be an absolute path, as in ws+unix:///run/x.sock";
    return parts;
  }
  const std::string_view authority = text.substr(0, text.find_first_of("/?#"));
  parts.rest = text.substr(authority.size());
  parts.fault = character_fault(text);
  if (parts.fault.empty() && authority.find('@') != std::string_view::npos) parts.fault = kUserInformation;
  if (!parts.fault.empty()) return parts;
  parts.authority = split_authority(authority);
  parts.fault = parts.authority.fault;
  return parts;
}

Url parse_url(std::string_view text) {
  const UrlParts parts = split_url(text);
  if (!parts.fault.empty()) reject(text, parts.fault);
  Url url;
  url.scheme = parts.scheme;
  if (url.scheme == Scheme::unix_socket) {
    url.socket_file = parts.rest;
    url.host_field = "localhost";
    return url;
  }
  url.host = parts.authority.host;
  url.port = parts.authority.port.value_or(default_port(url.scheme));
  if (url.port == 0) reject(text, "the port must not be 0");
  url.target = target_of(text, parts.rest);
  url.host_field = bracketed(url.host);
  if (url.port != default_port(url.scheme)) url.host_field.append(":").append(std::to_string(url.port));
  return url;
}

std::string fault_prefix(std::string_view what, std::string_view text) {
  std::string out(what);
  out.append(" \"");
  const std::size_t slashes = text.find("://");
  const std::size_t at = text.rfind('@');
  if (at != std::string_view::npos) {
    const std::size_t shown = slashes < at ? slashes + 3 : 0;
    out.append(text.substr(0, shown)).append("...");
    text.remove_prefix(at);
  }
  out.append(text).append("\": ");
  std::replace_if(out.begin(), out.end(), is_control_character, '?');
  return out;
}

}  // namespace mote::proto

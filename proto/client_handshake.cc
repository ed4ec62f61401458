#include "proto/client_handshake.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <stdexcept>
#include <vector>

#include "core/random.h"
#include "proto/ascii.h"
#include "proto/base64.h"
#include "proto/extension.h"
#include "proto/handshake.h"
#include "proto/http_response.h"

namespace mote::proto {
namespace {

using Kind = ResponseVerdict::Kind;

[[noreturn]] void reject(std::string_view option, std::string_view value, std::string_view why) {
  std::string text("option ");
  text.append(option).append(": \"").append(value).append("\" ").append(why);
  throw std::invalid_argument(text);
}

// Written by append_request(), or about content, of which a handshake has none.
bool request_field(std::string_view name) {
  constexpr std::string_view kOwn[] = {"Host",           "Upgrade",           "Connection",
                                       "Content-Length", "Transfer-Encoding", "Expect"};
  constexpr std::string_view kPrefix = "Sec-WebSocket-";
  return equals_ignoring_case(name.substr(0, kPrefix.size()), kPrefix) ||
         std::any_of(std::begin(kOwn), std::end(kOwn),
                     [&](std::string_view own) { return equals_ignoring_case(name, own); });
}

void check_subprotocols(std::vector<std::string> names) {
  for (const std::string& name : names) {
    if (!is_token(name)) reject("subprotocols", name, "is no token (RFC 6455 4.1 /10/)");
  }
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) reject("subprotocols", *twice, "is there twice (RFC 6455 4.1 /10/)");
}

void check_headers(const ClientOptions& options) {
  for (const auto& [name, value] : options.headers) {
    if (!valid_field(name, value)) {
      reject("headers", name, "cannot be sent: its name is no token or its value has a control character");
    }
    if (request_field(name)) reject("headers", name, "belongs to the opening handshake itself");
    if (!options.origin.empty() && equals_ignoring_case(name, "Origin")) {
      reject("headers", name, "is what the option origin is for, which is set too");
    }
    if (!options.cookies.empty() && equals_ignoring_case(name, "Cookie")) {
      reject("headers", name, "is what the option cookies is for, which is set too");
    }
  }
}

// Of the value only what would end it is looked for: servers set other ones than RFC 6265 §4.1.1 has.
void check_cookies(const ClientOptions& options) {
  for (const auto& [name, value] : options.cookies) {
    if (!is_token(name)) reject("cookies", name, "is no token, as a cookie's name has to be");
    if (!consists_of(kFieldValue, value) || value.find(';') != std::string::npos) {
      reject("cookies", name, "cannot be sent: its value has a control character or a semicolon");
    }
  }
}

std::string joined(std::span<const std::string> names) {
  std::string out;
  for (const std::string& name : names) out.append(out.empty() ? "" : ", ").append(name);
  return out;
}

std::string cookie_value(const ClientOptions::Fields& cookies) {
  std::string out;
  for (const auto& [name, value] : cookies) out.append(out.empty() ? "" : "; ").append(name).append("=").append(value);
  return out;
}

ResponseFault upgrade_fault(const ResponseHead& head) {
  const mote::Headers headers = head.headers();
  if (head.is_http_1_0()) return ResponseFault::switching_in_http_1_0;
  if (headers.count("Upgrade") != 1 || !equals_ignoring_case(headers["Upgrade"], "websocket")) {
    return ResponseFault::upgrade_not_websocket;
  }
  return head.connection_upgrade() ? ResponseFault::none : ResponseFault::connection_without_upgrade;
}

ResponseFault accept_fault(mote::Headers headers, std::string_view key) {
  constexpr std::string_view kField = "Sec-WebSocket-Accept";
  const std::size_t count = headers.count(kField);
  if (count == 0) return ResponseFault::accept_missing;
  if (count > 1) return ResponseFault::accept_repeated;
  return headers[kField] == accept_value(key) ? ResponseFault::none : ResponseFault::accept_wrong;
}

ResponseFault find_subprotocol(mote::Headers headers, std::span<const std::string> offered, std::string_view& chosen) {
  const std::size_t count = headers.count(kProtocolField);
  if (count == 0) return ResponseFault::none;
  if (count > 1) return ResponseFault::subprotocol_repeated;
  const auto match = std::find(offered.begin(), offered.end(), headers[kProtocolField]);
  if (match == offered.end()) return ResponseFault::subprotocol_not_offered;
  chosen = *match;
  return ResponseFault::none;
}

}  // namespace

void check_handshake_options(const ClientOptions& options) {
  check_subprotocols(options.subprotocols);
  if (!consists_of(kFieldValue, options.origin)) reject("origin", options.origin, "has a control character");
  check_headers(options);
  check_cookies(options);
}

std::string make_key() {
  std::array<std::byte, 16> nonce;
  core::fill_random(nonce);
  return base64(nonce);
}

void append_request(std::string& out, const ClientRequest& request) {
  const ClientOptions& options = request.options;
  out.append("GET ").append(request.target).append(" HTTP/1.1\r\n");
  append_field_line(out, "Host", request.host);
  out.append(
      "Upgrade: websocket\r\n"
      "Connection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\n");
  append_field_line(out, "Sec-WebSocket-Key", request.key);
  if (!options.origin.empty()) append_field_line(out, "Origin", options.origin);
  if (!options.subprotocols.empty()) append_field_line(out, kProtocolField, joined(options.subprotocols));
  if (const std::string offer = deflate_offer(options.compression); !offer.empty()) {
    append_field_line(out, kExtensionsField, offer);
  }
  if (!options.cookies.empty()) append_field_line(out, "Cookie", cookie_value(options.cookies));
  for (const auto& [name, value] : options.headers) append_field_line(out, name, value);
  out.append("\r\n");
}

ResponseVerdict judge_response(const ResponseHead& head, const ClientRequest& request) {
  if (head.status() != 101) return {.kind = Kind::refused};
  const mote::Headers headers = head.headers();
  ResponseVerdict verdict;
  verdict.fault = upgrade_fault(head);
  if (verdict.fault == ResponseFault::none) verdict.fault = accept_fault(headers, request.key);
  if (verdict.fault == ResponseFault::none) {
    verdict.fault = find_subprotocol(headers, request.options.subprotocols, verdict.subprotocol);
  }
  if (verdict.fault != ResponseFault::none) return verdict;
  const ExtensionsAnswer extensions = judge_extensions_answer(headers, request.options.compression);
  verdict.fault = extensions.fault;
  verdict.deflate = extensions.deflate;
  if (verdict.fault == ResponseFault::none) verdict.kind = Kind::accepted;
  return verdict;
}

}  // namespace mote::proto

#include "proto/http_connect.h"

#include <span>

#include "proto/authority.h"
#include "proto/base64.h"
#include "proto/http_response.h"

namespace mote::proto {
namespace {

std::string basic(const Credentials& credentials) {
  const std::string pair = std::string(credentials.user).append(":").append(credentials.password);
  return std::string("Basic ").append(base64(std::as_bytes(std::span(pair))));
}

}  // namespace

HttpConnect::HttpConnect(std::string_view host, std::uint16_t port, const std::optional<Credentials>& credentials,
                         const ResponseLimits& limits)
    : limits_(limits) {
  const std::string authority = bracketed(host).append(":").append(std::to_string(port));
  std::string request = "CONNECT ";
  request.append(authority).append(" HTTP/1.1\r\n");
  append_field_line(request, "Host", authority);
  if (credentials) append_field_line(request, "Proxy-Authorization", basic(*credentials));
  send(request.append("\r\n"));
}

ProxyDialogue::Progress HttpConnect::feed(std::string_view input) {
  std::string_view rest = input;
  for (;;) {
    const std::size_t kept = received_.size();
    const std::string_view text = kept == 0 ? rest : received_.append(rest);
    switch (head_.parse(text, limits_)) {
      case HeadProgress::incomplete:
        if (kept == 0) received_ = rest;
        return {.consumed = input.size()};
      case HeadProgress::refused:
        return {.consumed = input.size(), .state = fail(info_of(head_.fault()).text)};
      case HeadProgress::complete:
        break;
    }
    rest.remove_prefix(head_.size() - kept);
    if (!head_.is_interim()) return {.consumed = input.size() - rest.size(), .state = judge()};
    received_.clear();
    head_ = {};
  }
}

// A 2xx response has no content, whatever its fields say (RFC 9110 §9.3.6).
ProxyDialogue::State HttpConnect::judge() {
  constexpr std::size_t kShownReason = 80;
  if (head_.status() / 100 == 2) return State::done;
  std::string why = "answered CONNECT with ";
  why.append(std::to_string(head_.status())).append(" ").append(head_.reason().substr(0, kShownReason));
  if (head_.status() == 407) why.append("; user and password go into the option proxy");
  return fail(why);
}

}  // namespace mote::proto

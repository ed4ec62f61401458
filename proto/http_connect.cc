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
  Progress progress;
  while (progress.state == State::more && progress.consumed < input.size()) {
    const auto rest = std::as_bytes(std::span(input.substr(progress.consumed)));
    const auto [head, consumed] = response_.feed(rest, limits_);
    progress.consumed += consumed;
    if (head == HeadProgress::incomplete) break;
    progress.state =
        head == HeadProgress::complete ? judge(response_.head()) : fail(info_of(response_.head().fault()).text);
    response_.begin_next();
  }
  return progress;
}

// A 2xx response has no content, whatever its fields say (RFC 9110 §9.3.6).
ProxyDialogue::State HttpConnect::judge(const ResponseHead& head) {
  constexpr std::size_t kShownReason = 80;
  if (head.is_interim()) return State::more;
  if (head.status() / 100 == 2) return State::done;
  std::string why = "answered CONNECT with ";
  why.append(std::to_string(head.status())).append(" ").append(head.reason().substr(0, kShownReason));
  if (head.status() == 407) why.append("; user and password go into the option proxy");
  return fail(why);
}

}  // namespace mote::proto

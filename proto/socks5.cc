#include "proto/socks5.h"

#include <array>

#include "proto/authority.h"

namespace mote::proto {
namespace {

constexpr std::uint8_t kVersion = 5;
constexpr std::uint8_t kConnect = 1;
constexpr std::uint8_t kNoAuthentication = 0;
constexpr std::uint8_t kUserAndPassword = 2;
constexpr std::uint8_t kNoMethod = 0xFF;
constexpr std::uint8_t kIpv4 = 1, kName = 3, kIpv6 = 4;

// RFC 1928 §6; [0] is success.
constexpr std::array<std::string_view, 9> kReplies = {
    "",
    "general failure of the SOCKS server",
    "its rules do not allow the connection",
    "network is unreachable",
    "host is unreachable",
    "connection is refused",
    "TTL expired",
    "it does not know CONNECT",
    "it does not know this type of address",
};

void append_octet(std::string& out, std::size_t octet) { out.push_back(static_cast<char>(octet)); }

void append_counted(std::string& out, std::string_view text) {
  append_octet(out, text.size());
  out.append(text);
}

std::string connect_request(std::string_view host, std::uint16_t port) {
  std::string out;
  for (const std::uint8_t octet : {kVersion, kConnect, std::uint8_t{0}}) append_octet(out, octet);
  const std::string address = address_octets(host);
  if (address.empty()) {
    append_octet(out, kName);
    append_counted(out, host);
  } else {
    append_octet(out, address.size() == 4 ? kIpv4 : kIpv6);
    out.append(address);
  }
  append_octet(out, port >> 8);
  append_octet(out, port & 0xFF);
  return out;
}

}  // namespace

Socks5::Socks5(std::string_view host, std::uint16_t port, const std::optional<Credentials>& credentials)
    : request_(connect_request(host, port)) {
  std::string methods(1, kNoAuthentication);
  if (credentials) {
    append_octet(methods, kUserAndPassword);
    append_octet(credentials_, 1);  // the version of RFC 1929 §2
    append_counted(credentials_, credentials->user);
    append_counted(credentials_, credentials->password);
  }
  std::string greeting(1, kVersion);
  append_counted(greeting, methods);
  send(greeting);
}

// Byte by byte: what the proxy says is short, and how long it is stands in it.
ProxyDialogue::Progress Socks5::feed(std::string_view input) {
  Progress progress;
  while (progress.state == State::more && progress.consumed < input.size()) {
    received_.push_back(input[progress.consumed++]);
    progress.state = judge();
  }
  return progress;
}

ProxyDialogue::State Socks5::judge() {
  switch (phase_) {
    case Phase::method:
      return judge_method();
    case Phase::authenticated:
      return judge_authenticated();
    case Phase::reply:
      break;
  }
  return judge_reply();
}

ProxyDialogue::State Socks5::judge_method() {
  if (octet(0) != kVersion) return fail("it does not speak SOCKS5 (RFC 1928 3)");
  if (received_.size() < 2) return State::more;
  switch (octet(1)) {
    case kNoAuthentication:
      go_on(Phase::reply, request_);
      return State::more;
    case kUserAndPassword:
      if (credentials_.empty()) break;
      go_on(Phase::authenticated, credentials_);
      return State::more;
    case kNoMethod:
      return fail(credentials_.empty()
                      ? "it wants authentication; user and password go into the option proxy (RFC 1928 3)"
                      : "it takes neither user and password nor none (RFC 1928 3)");
    default:
      break;
  }
  return fail("it chose an authentication that was not offered (RFC 1928 3)");
}

ProxyDialogue::State Socks5::judge_authenticated() {
  if (octet(0) != 1) return fail("its answer to user and password is malformed (RFC 1929 2)");
  if (received_.size() < 2) return State::more;
  if (octet(1) != 0) return fail("it does not take this user and password (RFC 1929 2)");
  go_on(Phase::reply, request_);
  return State::more;
}

// VER REP RSV ATYP BND.ADDR BND.PORT (RFC 1928 §6). A refusal is one as soon as REP is there: not every proxy sends the
// rest of it. The address is not needed.
ProxyDialogue::State Socks5::judge_reply() {
  const std::size_t size = received_.size();
  if (octet(0) != kVersion) return fail("its reply is malformed (RFC 1928 6)");
  if (size < 2) return State::more;
  if (octet(1) != 0) {
    return fail(octet(1) < kReplies.size() ? kReplies.at(octet(1)) : "it refused for a reason that RFC 1928 has not");
  }
  if (size < 4) return State::more;
  const std::uint8_t type = octet(3);
  if (type != kIpv4 && type != kName && type != kIpv6) {
    return fail("its reply has an unknown type of address (RFC 1928 5)");
  }
  if (size < 5) return State::more;
  const std::size_t address = type == kIpv4 ? 4 : type == kIpv6 ? 16 : std::size_t{1} + octet(4);
  return size == 4 + address + 2 ? State::done : State::more;
}

void Socks5::go_on(Phase phase, std::string_view message) {
  phase_ = phase;
  received_.clear();
  send(message);
}

}  // namespace mote::proto

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proto/proxy_dialogue.h"
#include "proto/response_head.h"

namespace mote::proto {

/// ClientOptions::proxy, taken apart.
struct Proxy {
  enum class Kind : std::uint8_t { http_connect, socks5 };
  Kind kind = Kind::http_connect;
  std::string host = {};   ///< Without brackets.
  std::uint16_t port = 0;  ///< Never 0.
  std::optional<Credentials> credentials = {};
};

/// `http://[USER:PASSWORD@]HOST[:PORT]` or `socks5://…`; user and password are percent-decoded. Throws
/// std::invalid_argument, naming the option, with what is wrong; user and password are left out.
Proxy parse_proxy(std::string_view text);

/// What to say to that proxy for a connection to `host`, as in Url, and `port`. `limits`: of the head of a response.
std::unique_ptr<ProxyDialogue> make_dialogue(const Proxy& proxy, std::string_view host, std::uint16_t port,
                                             const ResponseLimits& limits);

}  // namespace mote::proto

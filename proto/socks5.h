#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/proxy_dialogue.h"

namespace mote::proto {

/// CONNECT of SOCKS version 5 (RFC 1928), without authentication or with user and password (RFC 1929). The proxy
/// resolves a name.
class Socks5 final : public ProxyDialogue {
 public:
  /// `host` has at most 255 bytes, user and password 1 to 255 each: as split_authority() and parse_proxy() have them.
  Socks5(std::string_view host, std::uint16_t port, const std::optional<Credentials>& credentials);

  Progress feed(std::string_view input) override;

 private:
  // What the proxy says next.
  enum class Phase : std::uint8_t { method, authenticated, reply };

  State judge();
  State judge_method();
  State judge_authenticated();
  State judge_reply();
  void go_on(Phase phase, std::string_view message);
  [[nodiscard]] std::uint8_t octet(std::size_t i) const { return static_cast<std::uint8_t>(received_[i]); }

  Phase phase_ = Phase::method;
  std::string credentials_;  // the message that has them; empty: none
  std::string request_;
  std::string received_;  // of what the proxy says in this phase
};

}  // namespace mote::proto

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace mote::proto {

/// What a client and a proxy say to each other on a fresh connection before its bytes go to the server and back: HTTP
/// CONNECT (RFC 9110 §9.3.6) or SOCKS5 (RFC 1928). Made for one connection.
class ProxyDialogue {
 public:
  enum class Step : std::uint8_t {
    more,    ///< Write what `output` has, if anything, and feed what comes.
    done,    ///< The connection is the server's from here on.
    failed,  ///< The proxy will not, or is none; `failure` says more.
  };
  struct Fed {
    Step step = Step::more;
    /// done: how many of the bytes were the proxy's; what follows them came from the server. Else all were.
    std::size_t consumed = 0;
  };

  virtual ~ProxyDialogue() = default;

  /// What is still to be sent; valid until the next call that is not const.
  [[nodiscard]] virtual std::span<const std::byte> output() const = 0;
  /// That many bytes of `output` are out.
  virtual void sent(std::size_t bytes) = 0;
  /// What the proxy sent, in whatever pieces. Not after `done` or `failed`. Limits how much a proxy may say.
  [[nodiscard]] virtual Fed feed(std::span<const std::byte> bytes) = 0;
  /// After `failed`: why, as in `it answered 407 Proxy Authentication Required`.
  [[nodiscard]] virtual std::string_view failure() const = 0;
};

}  // namespace mote::proto

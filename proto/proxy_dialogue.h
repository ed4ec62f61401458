#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace mote::proto {

/// Of a proxy's user.
struct Credentials {
  std::string user;
  std::string password;
};

/// What is said to a proxy, and by it, until it passes bytes on between the client and the host that it was asked for.
class ProxyDialogue {
 public:
  enum class State : std::uint8_t {
    more,    ///< Send what there is, and feed what comes.
    done,    ///< Every byte from now on is the host's, and for the host.
    failed,  ///< failure() says why.
  };
  struct Progress {
    std::size_t consumed = 0;  ///< Of the input; done: what is behind comes from the host.
    State state = State::more;
  };

  ProxyDialogue() = default;
  virtual ~ProxyDialogue() = default;
  ProxyDialogue(const ProxyDialogue&) = delete;
  ProxyDialogue& operator=(const ProxyDialogue&) = delete;

  /// What the proxy is to be sent now, each byte once: something at the beginning, and perhaps after a feed().
  [[nodiscard]] std::string take_output() { return std::exchange(output_, {}); }
  /// `input`: what has come from the proxy and has not been consumed. Not to be called again after done or failed.
  virtual Progress feed(std::string_view input) = 0;
  /// failed: what the proxy did wrong, or refused.
  [[nodiscard]] const std::string& failure() const { return failure_; }

 protected:
  void send(std::string_view bytes) { output_.append(bytes); }
  State fail(std::string_view why) {
    failure_.assign("proxy: ").append(why);
    return State::failed;
  }

 private:
  std::string output_;
  std::string failure_;
};

}  // namespace mote::proto

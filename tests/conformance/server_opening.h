#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "tests/conformance/peer.h"
#include "tests/support/scripted_server.h"

namespace mote::conformance {

/// A port of this machine that clients connect to, and the opening handshake from the server's side.
class ServerOpening {
 public:
  [[nodiscard]] std::uint16_t port() const { return listener_.port(); }

  /// The next connection of a client that was told to go to `ws://127.0.0.1:PORT/` and may offer permessage-deflate,
  /// and nothing else. It is agreed on where there are wishes. Throws a Failure where the request is not what RFC 6455
  /// §4.1 demands, where none of the wishes can be had, and where the key was seen before. Any thread.
  Peer accept(const std::vector<DeflateWish>& deflate, OwnContext context = OwnContext::declined);

 private:
  void check(const std::string& request);

  test::ScriptedServer listener_;
  std::mutex mutex_;
  std::set<std::string> keys_;
};

}  // namespace mote::conformance

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace mote::load {

/// What went wrong, counted by kind, and in words.
struct Errors {
  std::uint64_t not_connected = 0;  ///< Opening handshakes that failed, or came without what was asked for.
  std::uint64_t ended = 0;          ///< Connections that ended before the load did.
  std::uint64_t wrong = 0;          ///< Echoes that were not what was sent, or that nothing was sent for.
  std::uint64_t missing = 0;        ///< Messages that were due or sent, and not echoed.
  /// Different texts and how often each came; at most kMostTexts, as a broken server may find ever new ones.
  std::map<std::string, std::uint64_t, std::less<>> texts;
  static constexpr std::size_t kMostTexts = 16;

  [[nodiscard]] std::uint64_t total() const { return not_connected + ended + wrong + missing; }

  void note(std::uint64_t& kind, std::string_view text, std::uint64_t count = 1) {
    kind += count;
    const auto known = texts.find(text);
    if (known != texts.end()) {
      known->second += count;
    } else if (texts.size() < kMostTexts) {
      texts.emplace(text, count);
    }
  }
};

}  // namespace mote::load

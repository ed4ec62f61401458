#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include <mote/options.h>

#include "net/socket.h"
#include "proto/deflate_parameters.h"

namespace mote::net {

class Session;

/// Keeps what each connection received last and, when one breaks the protocol, writes that to a file from which
/// `replay_evidence` comes to the same verdict: docs/evidence.md.
///
/// Bounded: Options::evidence_bytes for each connection and file, and evidence_files files in the folder, of whatever
/// process. None is ever overwritten.
class Evidence {
 public:
  /// Where the connection was before a read.
  enum class Before : std::uint8_t {
    head,     ///< Between two requests.
    message,  ///< Between two messages, and nothing that came before has a say any more.
    inside,   ///< In either: what begins here cannot be replayed.
  };
  struct Case {
    PeerAddress peer;
    std::string_view verdict;                        ///< Status or close code, and the rule.
    std::optional<proto::CompressorLimits> deflate;  ///< Of the peer, where that was agreed on.
  };

  /// `options` must outlive it. Throws std::invalid_argument where evidence_folder cannot be opened.
  explicit Evidence(const Options& options);

  /// `of` has received that, in one read. Where there is no memory for it what is known of `of` is forgotten.
  void heard(const Session& of, std::span<const std::byte> bytes, Before before) noexcept;
  /// `of` has ended.
  void forget(const Session& of) { recent_.erase(&of); }
  /// Writes what is known of `of` to a file, and answers what to say of that in the log.
  [[nodiscard]] std::string keep(const Session& of, const Case& facts) noexcept;

 private:
  struct Read {
    std::string bytes;
    Before before;
  };
  struct Recent {
    std::deque<Read> reads;
    std::size_t size = 0;  // as they are in a file
  };

  void add(Recent& recent, std::span<const std::byte> bytes, Before before) const;
  [[nodiscard]] std::string text_of(const Recent& recent, const Case& facts) const;
  [[nodiscard]] std::string write(std::string_view text);

  const Options& options_;
  std::unordered_map<const Session*, Recent> recent_;
  std::size_t next_file_ = 0;
};

}  // namespace mote::net

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/conformance/peer.h"

namespace mote::conformance {

/// Data of a kind, made from a fixed seed, from which messages are cut one after the other, over and over.
class Sample {
 public:
  /// `opcode`: what its messages are. A text is cut between characters.
  Sample(std::string_view name, unsigned opcode, std::string bytes, bool compressible = true);

  [[nodiscard]] std::string_view name() const { return name_; }
  /// Whether a message of a kilobyte and more is bound to get smaller.
  [[nodiscard]] bool compressible() const { return compressible_; }
  [[nodiscard]] std::size_t size() const { return opcode_ == kText ? starts_.size() - 1 : bytes_.size(); }
  /// `count` characters of a text, octets of other data, from number `begin` on; behind the end it begins again.
  [[nodiscard]] Frame message(std::size_t begin, std::size_t count) const;

 private:
  [[nodiscard]] std::string_view piece(std::size_t begin, std::size_t end) const;

  std::string_view name_;
  unsigned opcode_;
  std::string bytes_;
  bool compressible_;
  std::vector<std::size_t> starts_;  // of a text's characters, and its end
};

/// Records in JSON, a picture, prose, a web page, and a document that is partly compressed already.
const std::vector<Sample>& samples();

}  // namespace mote::conformance

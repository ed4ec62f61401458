#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/differential/random.h"
#include "tests/model/role.h"
#include "tests/model/unit.h"
#include "tests/support/client_frame.h"
#include "tests/support/deflate.h"

namespace mote::model {

using differential::Random;

/// All that a far end says behind the opening handshake, as bytes and as what they mean; and how much of it has been
/// given away so far.
class Speech {
 public:
  Speech(Random& random, Role speaker) : random_(random), speaker_(speaker) {}

  enum class Context { anew, taken_over };
  /// From now on messages may be compressed (RFC 7692), each on its own or with what came before.
  void compress(Context context);

  /// \name Adds something
  /// @{
  void message();
  void ping();
  void pong(std::string_view payload);
  void close(std::uint16_t code, std::string_view reason);  ///< 1005: without a code.
  void bad();
  /// @}

  /// The next bytes to go out, `most` at most.
  std::string give(std::size_t most);
  [[nodiscard]] std::size_t kept_back() const { return bytes_.size(); }
  [[nodiscard]] std::size_t given() const { return given_; }

  [[nodiscard]] const std::vector<Unit>& units() const { return units_; }
  /// How many of them have been given whole.
  [[nodiscard]] std::size_t complete() const;
  /// The first that ends the conversation, and where it is.
  [[nodiscard]] std::optional<std::size_t> first_end() const;
  /// A Close was the first that ends it, and has been given whole.
  [[nodiscard]] bool has_closed() const;
  /// A Close was said, or something bad.
  [[nodiscard]] bool over() const { return first_end().has_value(); }

 private:
  void add(Unit unit, std::string_view bytes);
  [[nodiscard]] std::string frame(unsigned opcode, std::string_view payload, test::FrameBits bits = {}) const;
  std::string text(std::size_t bytes);
  std::string random_payload(unsigned opcode);

  Random& random_;
  Role speaker_;
  std::vector<Unit> units_;
  std::string bytes_;  // kept back
  std::size_t given_ = 0;
  std::unique_ptr<test::PeerDeflater> deflater_;
  Context context_ = Context::anew;
};

}  // namespace mote::model

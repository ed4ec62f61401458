#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/differential/random.h"
#include "tests/differential/test_case.h"

struct z_stream_s;  // zlib.h

namespace mote::differential {

/// Compresses the messages of one peer in all the ways that RFC 7692 §7.2.1 allows, and seldom in one that it does not,
/// or with another window than was agreed on.
class RandomDeflater {
 public:
  RandomDeflater(Random& random, const Deflate& agreed);
  ~RandomDeflater();
  RandomDeflater(const RandomDeflater&) = delete;
  RandomDeflater& operator=(const RandomDeflater&) = delete;

  /// The payloads of a message's frames, one for each piece of what it says.
  [[nodiscard]] std::vector<std::string> compress(const std::vector<std::string>& pieces);

 private:
  std::string flushed(std::string_view piece, int flush);
  std::string last_payload(std::string_view piece);

  Random& random_;
  const Deflate& agreed_;
  std::unique_ptr<z_stream_s> stream_;
};

}  // namespace mote::differential

#include "tests/conformance/masking_keys.h"

#include <cstring>

#include "tests/conformance/peer.h"

namespace mote::conformance {

void MaskingKeys::take(std::string_view key) {
  std::uint32_t number = 0;
  std::memcpy(&number, key.data(), sizeof number);
  if (number == 0) throw Failure("a masking key of 0");
  if (number == last_) throw Failure("the masking key of the frame before");
  last_ = number;
  if (!seen_.insert(number).second && ++repeated_ > 1) throw Failure("masking keys that come again and again");
}

}  // namespace mote::conformance

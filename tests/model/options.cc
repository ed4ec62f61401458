#include "tests/model/options.h"

#include <chrono>
#include <cstdint>

#include "tests/model/bad_bytes.h"

namespace mote::model {

using std::chrono::milliseconds;

Options random_options(differential::Random& random) {
  Options options;
  options.max_message_bytes = kMaxMessageBytes;
  options.max_fragments = kMaxFragments;
  options.soft_limit_bytes = random.one_in(2) ? 64 * 1024 : random.between(1, 20'000);
  options.hard_limit_bytes = options.soft_limit_bytes + random.below(random.one_in(2) ? 1'000'000 : 100'000);
  options.overflow = random.one_in(2) ? Overflow::close_connection : Overflow::drop_message;
  if (random.one_in(2)) options.turn_messages = static_cast<std::uint32_t>(random.between(1, 5));
  if (random.one_in(2)) options.turn_bytes = random.between(500, 5'000);
  if (random.one_in(4)) {
    options.compression = {.mode = random.one_in(2) ? CompressionMode::on : CompressionMode::on_request,
                           .server_context_takeover = random.one_in(2),
                           .client_context_takeover = random.one_in(2)};
  }
  options.handshake_timeout = milliseconds(5'000);
  options.ping_interval = milliseconds(3'000);
  options.ping_timeout = milliseconds(2'000);
  options.close_timeout = milliseconds(1'500);
  options.write_timeout = milliseconds(4'000);
  return options;
}

}  // namespace mote::model

#include "core/random.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace mote::core {
namespace {

struct Pool {
  std::array<std::byte, 256> bytes{};  // getrandom never returns less than asked for up to 256 bytes
  std::size_t left = 0;
};

void refill(Pool& pool) {
  ssize_t got = 0;
  do {
    got = ::getrandom(pool.bytes.data(), pool.bytes.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) throw std::system_error(errno, std::generic_category(), "getrandom");
  pool.left = static_cast<std::size_t>(got);
}

}  // namespace

void fill_random(std::span<std::byte> bytes) {
  thread_local Pool pool;
  while (!bytes.empty()) {
    if (pool.left == 0) refill(pool);
    const std::size_t count = std::min(bytes.size(), pool.left);
    pool.left -= count;
    std::byte* const source = pool.bytes.data() + pool.left;
    std::memcpy(bytes.data(), source, count);
    std::memset(source, 0, count);  // handed out once: what leaks later tells nothing of it
    bytes = bytes.subspan(count);
  }
}

}  // namespace mote::core

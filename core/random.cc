#include "core/random.h"

#include <pthread.h>
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

thread_local Pool pool;

/// A forked child must not hand out what its parent does. Only the thread that forked lives on in it.
void forget_in_forked_child() {
  static const int error = ::pthread_atfork(nullptr, nullptr, [] { pool.left = 0; });
  if (error != 0) throw std::system_error(error, std::generic_category(), "pthread_atfork");
}

void refill() {
  forget_in_forked_child();
  ssize_t got = 0;
  do {
    got = ::getrandom(pool.bytes.data(), pool.bytes.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got <= 0) throw std::system_error(errno, std::generic_category(), "getrandom");
  pool.left = static_cast<std::size_t>(got);
}

/// `count`: no more than are left. Handed out once: what leaks later tells nothing of it.
inline void hand_out(void* to, std::size_t count) {
  pool.left -= count;
  std::byte* const source = pool.bytes.data() + pool.left;
  std::memcpy(to, source, count);
  std::memset(source, 0, count);
}

}  // namespace

void fill_random(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    if (pool.left == 0) refill();
    const std::size_t count = std::min(bytes.size(), pool.left);
    hand_out(bytes.data(), count);
    bytes = bytes.subspan(count);
  }
}

std::uint32_t random_word() {
  std::uint32_t word = 0;
  if (pool.left < sizeof word) {
    fill_random(std::as_writable_bytes(std::span(&word, 1)));
  } else {
    hand_out(&word, sizeof word);
  }
  return word;
}

}  // namespace mote::core

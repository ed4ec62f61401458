#include "tests/fault/allocators.h"

#include <openssl/crypto.h>
#include <zlib.h>

#include <atomic>
#include <cstdlib>
#include <stdexcept>

#include "tests/fault/injector.h"
#include "tests/support/allocation_counter.h"

// NOLINTBEGIN(cppcoreguidelines-no-malloc): these are allocators
namespace mote::fault {
namespace {

std::atomic<std::int64_t> live{0};

bool refused(Call call) noexcept { return injector().use(call) != effect::none; }

void* counted(void* memory) noexcept {
  if (memory != nullptr) ++live;
  return memory;
}

void release(void* memory) noexcept {
  if (memory != nullptr) --live;
  std::free(memory);
}

bool veto_new() noexcept { return refused(Call::operator_new); }

void* allocate_for_zlib(void*, unsigned count, unsigned size) {
  return refused(Call::zlib) ? nullptr : counted(std::calloc(count, size));
}
void release_for_zlib(void*, void* memory) { release(memory); }

void* allocate_for_openssl(std::size_t size, const char*, int) {
  return refused(Call::openssl) ? nullptr : counted(std::malloc(size));
}
void* reallocate_for_openssl(void* memory, std::size_t size, const char*, int) {
  if (refused(Call::openssl)) return nullptr;
  void* const moved = std::realloc(memory, size);
  if (memory == nullptr) counted(moved);
  return moved;
}
void release_for_openssl(void* memory, const char*, int) { release(memory); }

}  // namespace

void take_over_allocators() {
  if (CRYPTO_set_mem_functions(allocate_for_openssl, reallocate_for_openssl, release_for_openssl) != 1) {
    throw std::runtime_error("OpenSSL has allocated already");
  }
  test::set_allocation_veto(veto_new);
}

std::int64_t live_blocks() noexcept { return test::live_blocks() + live; }

}  // namespace mote::fault

// What the linker's --wrap makes of the library's calls.
// NOLINTBEGIN(readability-identifier-naming, readability-inconsistent-declaration-parameter-name)
extern "C" {

int __real_deflateInit2_(z_streamp, int, int, int, int, int, const char*, int);
int __real_inflateInit2_(z_streamp, int, const char*, int);

int __wrap_deflateInit2_(z_streamp stream, int level, int method, int window_bits, int memory_level, int strategy,
                         const char* version, int stream_size) {
  stream->zalloc = mote::fault::allocate_for_zlib;
  stream->zfree = mote::fault::release_for_zlib;
  return __real_deflateInit2_(stream, level, method, window_bits, memory_level, strategy, version, stream_size);
}

int __wrap_inflateInit2_(z_streamp stream, int window_bits, const char* version, int stream_size) {
  stream->zalloc = mote::fault::allocate_for_zlib;
  stream->zfree = mote::fault::release_for_zlib;
  return __real_inflateInit2_(stream, window_bits, version, stream_size);
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming, readability-inconsistent-declaration-parameter-name)
// NOLINTEND(cppcoreguidelines-no-malloc)

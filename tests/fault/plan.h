#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mote::fault {

/// What mote asks of the system or of an allocator, and what is made to fail.
enum class Call : std::uint8_t {
  socket,
  bind,
  listen,
  accept4,
  connect,
  epoll_create1,
  epoll_ctl,
  epoll_wait,
  poll,
  eventfd,
  timerfd_create,
  timerfd_settime,
  write,
  recv,
  send,
  sendmsg,
  shutdown,
  close,
  setsockopt,
  getsockopt,
  getsockname,
  ioctl,
  getrandom,
  getrlimit,
  lstat,
  unlink,
  open,
  write_file,
  getaddrinfo,
  fopen,
  fread,
  ferror,
  thread,
  operator_new,
  zlib,
  openssl,
};
inline constexpr std::size_t kCalls = 36;

/// What such a call comes to: an errno, or one of these.
namespace effect {
inline constexpr int none = 0;
inline constexpr int one_byte = 10'001;   // it moves one byte only
inline constexpr int end = 10'002;        // recv: the peer has ended; fread: the end of the file
inline constexpr int resolver = 20'000;   // plus -EAI_...: what getaddrinfo answers
inline constexpr int no_memory = 10'003;  // an allocator answers null
}  // namespace effect

enum class Mode : std::uint8_t { once, from_then_on };

/// One fault: `call` comes to `effect` at its `nth` use, the first being 1, once or from then on.
struct Plan {
  Call call = Call::recv;
  int effect = effect::none;
  unsigned nth = 1;
  Mode mode = Mode::once;
};

std::string_view name_of(Call call);
std::string_view name_of_effect(int effect);
/// All that the call can come to, on Linux, with the arguments that mote gives it.
std::span<const int> effects_of(Call call);

std::optional<Call> call_named(std::string_view name);
std::optional<int> effect_named(std::string_view name);
/// As options of the program: `--call recv --errno ECONNRESET --nth 3 --mode once`.
std::string to_string(const Plan& plan);

}  // namespace mote::fault

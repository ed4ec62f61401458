#include "tests/fault/plan.h"

#include <netdb.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace mote::fault {
namespace {

using Effects = std::span<const int>;

constexpr int resolver(int error) { return effect::resolver - error; }

constexpr std::array kSocket{EMFILE, ENFILE, ENOBUFS, ENOMEM, EACCES, EAFNOSUPPORT};
constexpr std::array kBind{EADDRINUSE, EADDRNOTAVAIL, EACCES, ENOMEM, EROFS};
constexpr std::array kListen{EADDRINUSE, ENOMEM};
constexpr std::array kAccept{EAGAIN, EINTR,  ECONNABORTED, EMFILE, ENFILE,    ENOBUFS,
                             ENOMEM, EPROTO, EPERM,        ENOSPC, ETIMEDOUT, ENETDOWN};
constexpr std::array kConnect{EINTR,  ECONNREFUSED, ETIMEDOUT, ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL,
                              EACCES, EAGAIN,       ENOBUFS,   ENOMEM,      ECONNRESET};
constexpr std::array kEpollCreate{EMFILE, ENFILE, ENOMEM};
constexpr std::array kEpollAdd{ENOMEM, ENOSPC};
constexpr std::array kEpollWait{EINTR};
constexpr std::array kPoll{EINTR, ENOMEM};
constexpr std::array kEventfd{EMFILE, ENFILE, ENOMEM, ENODEV};
constexpr std::array kSetTimer{EINVAL};
constexpr std::array kWakeUp{EINTR};
constexpr std::array kReceive{EAGAIN,  EINTR,    ECONNRESET,   ETIMEDOUT,        ENOMEM,
                              ENOBUFS, ENETDOWN, EHOSTUNREACH, effect::one_byte, effect::end};
constexpr std::array kSend{EAGAIN, EINTR,     ECONNRESET, EPIPE,        ENOBUFS,
                           ENOMEM, ETIMEDOUT, ENETDOWN,   EHOSTUNREACH, effect::one_byte};
constexpr std::array kShutdown{ENOTCONN, ENOBUFS};
constexpr std::array kClose{EINTR, EIO, ENOSPC, EDQUOT};
constexpr std::array kSetOption{ENOMEM, ENOBUFS, ENOPROTOOPT, EPERM};
constexpr std::array kGetOption{ENOMEM, ENOBUFS};
constexpr std::array kName{ENOBUFS, ENOTCONN};
constexpr std::array kIoctl{ENOTTY, EINVAL};
constexpr std::array kRandom{EINTR, ENOSYS, EAGAIN};
constexpr std::array kLimit{EINVAL, EPERM};
constexpr std::array kLstat{ENOENT, EACCES, ENOMEM, ELOOP};
constexpr std::array kUnlink{ENOENT, EACCES, EBUSY, EROFS};
constexpr std::array kResolve{resolver(EAI_AGAIN), resolver(EAI_FAIL), resolver(EAI_MEMORY), resolver(EAI_NONAME),
                              resolver(EAI_SYSTEM)};
constexpr std::array kOpen{ENOENT, EACCES, EMFILE, ENFILE, ENOMEM, EINTR, EEXIST, ENOSPC, EDQUOT, EROFS};
constexpr std::array kWriteFile{EINTR, EIO, ENOSPC, EDQUOT, EFBIG, effect::one_byte};
constexpr std::array kOpenToRead{ENOENT, EACCES, EMFILE, ENFILE, ENOMEM, EINTR};
constexpr std::array kReadFile{EIO, effect::end};
constexpr std::array kFileError{EIO};
constexpr std::array kThread{EAGAIN, EPERM};
constexpr std::array kAllocate{effect::no_memory};

struct Row {
  std::string_view name;
  Effects effects;
};

// In the order of Call.
constexpr std::array<Row, kCalls> kRows{{
    {"socket", kSocket},
    {"bind", kBind},
    {"listen", kListen},
    {"accept4", kAccept},
    {"connect", kConnect},
    {"epoll_create1", kEpollCreate},
    {"epoll_ctl", kEpollAdd},
    {"epoll_wait", kEpollWait},
    {"poll", kPoll},
    {"eventfd", kEventfd},
    {"timerfd_create", kEventfd},
    {"timerfd_settime", kSetTimer},
    {"write", kWakeUp},
    {"recv", kReceive},
    {"send", kSend},
    {"sendmsg", kSend},
    {"shutdown", kShutdown},
    {"close", kClose},
    {"setsockopt", kSetOption},
    {"getsockopt", kGetOption},
    {"getsockname", kName},
    {"ioctl", kIoctl},
    {"getrandom", kRandom},
    {"getrlimit", kLimit},
    {"lstat", kLstat},
    {"unlink", kUnlink},
    {"open", kOpen},
    {"write-file", kWriteFile},
    {"getaddrinfo", kResolve},
    {"fopen", kOpenToRead},
    {"fread", kReadFile},
    {"ferror", kFileError},
    {"thread", kThread},
    {"new", kAllocate},
    {"zlib", kAllocate},
    {"openssl", kAllocate},
}};

const Row& row_of(Call call) { return kRows[static_cast<std::size_t>(call)]; }

constexpr std::pair<std::string_view, int> kEffectNames[] = {
    {"EACCES", EACCES},
    {"EADDRINUSE", EADDRINUSE},
    {"EADDRNOTAVAIL", EADDRNOTAVAIL},
    {"EAFNOSUPPORT", EAFNOSUPPORT},
    {"EAGAIN", EAGAIN},
    {"EBUSY", EBUSY},
    {"ECONNABORTED", ECONNABORTED},
    {"ECONNREFUSED", ECONNREFUSED},
    {"ECONNRESET", ECONNRESET},
    {"EDQUOT", EDQUOT},
    {"EEXIST", EEXIST},
    {"EFBIG", EFBIG},
    {"EHOSTUNREACH", EHOSTUNREACH},
    {"EINTR", EINTR},
    {"EINVAL", EINVAL},
    {"EIO", EIO},
    {"ELOOP", ELOOP},
    {"EMFILE", EMFILE},
    {"ENETDOWN", ENETDOWN},
    {"ENETUNREACH", ENETUNREACH},
    {"ENFILE", ENFILE},
    {"ENOBUFS", ENOBUFS},
    {"ENODEV", ENODEV},
    {"ENOENT", ENOENT},
    {"ENOMEM", ENOMEM},
    {"ENOPROTOOPT", ENOPROTOOPT},
    {"ENOSPC", ENOSPC},
    {"ENOSYS", ENOSYS},
    {"ENOTCONN", ENOTCONN},
    {"ENOTTY", ENOTTY},
    {"EPERM", EPERM},
    {"EPIPE", EPIPE},
    {"EPROTO", EPROTO},
    {"EROFS", EROFS},
    {"ETIMEDOUT", ETIMEDOUT},
    {"EAI_AGAIN", resolver(EAI_AGAIN)},
    {"EAI_FAIL", resolver(EAI_FAIL)},
    {"EAI_MEMORY", resolver(EAI_MEMORY)},
    {"EAI_NONAME", resolver(EAI_NONAME)},
    {"EAI_SYSTEM", resolver(EAI_SYSTEM)},
    {"one-byte", effect::one_byte},
    {"end", effect::end},
    {"no-memory", effect::no_memory},
};

}  // namespace

std::string_view name_of(Call call) { return row_of(call).name; }
Effects effects_of(Call call) { return row_of(call).effects; }

std::string_view name_of_effect(int effect) {
  const auto* const found = std::ranges::find(kEffectNames, effect, [](const auto& entry) { return entry.second; });
  return found != std::ranges::end(kEffectNames) ? found->first : "?";
}

std::optional<Call> call_named(std::string_view name) {
  const auto* const found = std::ranges::find(kRows, name, &Row::name);
  if (found == kRows.end()) return std::nullopt;
  return static_cast<Call>(found - kRows.begin());
}

std::optional<int> effect_named(std::string_view name) {
  const auto* const found = std::ranges::find(kEffectNames, name, [](const auto& entry) { return entry.first; });
  return found != std::ranges::end(kEffectNames) ? std::optional(found->second) : std::nullopt;
}

std::string to_string(const Plan& plan) {
  std::string text = "--call ";
  text.append(name_of(plan.call)).append(" --errno ").append(name_of_effect(plan.effect));
  text.append(" --nth ").append(std::to_string(plan.nth));
  return text.append(plan.mode == Mode::once ? " --mode once" : " --mode on");
}

}  // namespace mote::fault

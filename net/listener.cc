#include "net/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <system_error>
#include <utility>

#include "core/log.h"
#include "net/socket_address.h"

namespace mote::net {
namespace {

constexpr int kAcceptsPerTurn = 64;  // then the connections that are there have their turn
constexpr std::chrono::milliseconds kRetryAfter{500};

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

void set_option(int socket, int level, int name, int value, const std::string& where) {
  if (::setsockopt(socket, level, name, &value, sizeof value) != 0) fail(errno, where + ": setsockopt");
}

Descriptor make_socket(int family, const std::string& where) {
  Descriptor socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.valid()) fail(errno, where + ": socket");
  return socket;
}

void bind_to(int socket, const sockaddr* address, socklen_t size, const std::string& where) {
  if (::bind(socket, address, size) != 0) fail(errno, where + ": bind");
}

void listen_with(int socket, int backlog, const std::string& where) {
  if (::listen(socket, backlog) != 0) fail(errno, where + ": listen");
}

AddressList resolve(const Location& location) {
  AddressList list;
  const int error = find_addresses(location.host, AI_PASSIVE, list);
  if (error == 0) return list;
  const std::string what = location.to_string(location.port) + ": cannot resolve \"" + location.host + "\"";
  if (error == EAI_SYSTEM) fail(errno, what);
  throw std::system_error(std::make_error_code(std::errc::address_not_available), what + ": " + ::gai_strerror(error));
}

std::uint16_t bound_port(int socket, const std::string& where) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) fail(errno, where + ": getsockname");
  return address.ss_family == AF_INET6 ? ntohs(reinterpret_cast<sockaddr_in6&>(address).sin6_port)
                                       : ntohs(reinterpret_cast<sockaddr_in&>(address).sin_port);
}

/// `alone`: the location has one address, so that the IPv6 wildcard may take IPv4 too.
Descriptor listen_tcp(const addrinfo& found, bool alone, const Options& options, std::uint16_t& port,
                      const std::string& where) {
  Descriptor socket = make_socket(found.ai_family, where);
  set_option(socket.number(), SOL_SOCKET, SO_REUSEADDR, 1, where);
  if (options.reuse_port) set_option(socket.number(), SOL_SOCKET, SO_REUSEPORT, 1, where);
  if (found.ai_family == AF_INET6) set_option(socket.number(), IPPROTO_IPV6, IPV6_V6ONLY, alone ? 0 : 1, where);
  // Accepted sockets inherit it: one system call here in place of one for each connection.
  if (options.tcp_no_delay) set_option(socket.number(), IPPROTO_TCP, TCP_NODELAY, 1, where);
  sockaddr_storage address{};
  std::memcpy(&address, found.ai_addr, found.ai_addrlen);
  set_port(address, port);
  bind_to(socket.number(), reinterpret_cast<const sockaddr*>(&address), found.ai_addrlen, where);
  listen_with(socket.number(), options.listen_backlog, where);
  if (port == 0) port = bound_port(socket.number(), where);
  return socket;
}

/// A socket file that nobody listens on was left by a process that is gone.
void remove_stale_file(const std::string& file, const std::string& where) {
  struct stat status {};
  if (::lstat(file.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
  const Descriptor probe = make_socket(AF_UNIX, where);
  const sockaddr_storage address = unix_address(file).value();
  if (::connect(probe.number(), reinterpret_cast<const sockaddr*>(&address), size_of(address)) != 0 &&
      errno == ECONNREFUSED) {
    ::unlink(file.c_str());
  }
}

ListeningSocket listen_unix(const Location& location, const Options& options) {
  const std::string where = location.to_string(0);
  remove_stale_file(location.socket_file, where);
  Descriptor socket = make_socket(AF_UNIX, where);
  const sockaddr_storage address = unix_address(location.socket_file).value();  // parse_location took it
  std::string path = location.socket_file;                                      // before there is a file to be removed
  bind_to(socket.number(), reinterpret_cast<const sockaddr*>(&address), size_of(address), where);
  SocketFile file(std::move(path));
  listen_with(socket.number(), options.listen_backlog, where);
  return {std::move(socket), std::move(file)};
}

bool out_of_resources(int error) { return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM; }

}  // namespace

std::vector<ListeningSocket> listen_at(const Location& location, const Options& options, std::uint16_t& port) {
  std::vector<ListeningSocket> sockets;
  port = 0;
  if (location.kind == Location::Kind::unix_socket) {
    sockets.push_back(listen_unix(location, options));
    return sockets;
  }
  port = location.port;
  const std::string where = location.to_string(port);
  const auto addresses = resolve(location);
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    const bool alone = addresses->ai_next == nullptr;
    try {
      sockets.push_back({listen_tcp(*address, alone, options, port, where), {}});
    } catch (const std::system_error& error) {
      // A name may have an address of a family that this machine does not use.
      const bool unusable =
          error.code() == std::errc::address_family_not_supported || error.code() == std::errc::address_not_available;
      const bool last = address->ai_next == nullptr;
      if (!unusable || (last && sockets.empty())) throw;
    }
  }
  return sockets;
}

SocketFile::~SocketFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

Listener::Listener(core::Reactor& reactor, ListeningSocket listening, AcceptSink& sink)
    : reactor_(reactor), listening_(std::move(listening)), sink_(sink) {}

void Listener::on_events(std::uint32_t) { accept_some(); }
void Listener::on_ready() { accept_some(); }
void Listener::on_timer() { resume(); }

void Listener::resume() {
  if (!std::exchange(paused_, false)) return;
  reactor_.disarm(*this);
  reactor_.make_ready(*this);
}

void Listener::accept_some() {
  if (paused_) return;
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    if (!sink_.may_accept()) {
      paused_ = true;
      return;
    }
    if (i > 0 && !somebody_waits()) return;
    if (!accept_one()) return;
  }
  reactor_.make_ready(*this);
}

/// accept4 makes a socket and a descriptor before it finds that nobody waits, and takes eleven times as long to say so.
bool Listener::somebody_waits() const {
  pollfd listening{listening_.socket.number(), POLLIN, 0};
  return ::poll(&listening, 1, 0) != 0;  // where that fails, accept4 may still work
}

/// False where there is nothing more to accept now.
bool Listener::accept_one() {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  Descriptor socket(::accept4(listening_.socket.number(), reinterpret_cast<sockaddr*>(&address), &size,
                              SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket.valid()) {
    failures_ = 0;
    return hand_over(std::move(socket), PeerAddress(address));
  }
  const int error = errno;
  if (error == EAGAIN || error == EWOULDBLOCK) return false;
  // This client has gone already (accept(2)), and the next one may be there; where all are said to have gone, it is
  // something else.
  if (!out_of_resources(error) && ++failures_ < kAcceptsPerTurn) return true;
  pause(error);
  return false;
}

bool Listener::hand_over(Descriptor socket, const PeerAddress& peer) {
  try {
    sink_.accepted(std::move(socket), peer);
    return true;
  } catch (const std::bad_alloc&) {
    pause(ENOMEM);
    return false;
  }
}

void Listener::pause(int error) {
  paused_ = true;
  reactor_.arm(*this, kRetryAfter);
  core::log(LogLevel::warning, {"cannot accept connections for now: ", core::errno_text(error)});
}

}  // namespace mote::net

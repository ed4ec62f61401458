#include "net/connect_attempt.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "net/socket_address.h"

namespace mote::net {
namespace {

constexpr std::chrono::milliseconds kRetryAfter{20};

const sockaddr* pointer_to(const sockaddr_storage& address) { return reinterpret_cast<const sockaddr*>(&address); }

int pending_error(int socket) {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace

ConnectAttempt::ConnectAttempt(core::Reactor& reactor, AttemptOwner& owner, const sockaddr_storage& address,
                               const SocketChoices& choices)
    : reactor_(reactor), owner_(owner), address_(address), choices_(choices) {}

void ConnectAttempt::start(HandshakeGate* gate) {
  if (gate == nullptr) return connect();
  permit_ = gate->enter(PeerAddress(address_).to_string(), [this] { connect(); });
  if (permit_.held()) connect();
}

void ConnectAttempt::stop() {
  socket_.reset();
  permit_.release();
  reactor_.remove(*this);
}

Descriptor ConnectAttempt::take_socket() {
  reactor_.detach(socket_.number());
  return std::move(socket_);
}

void ConnectAttempt::connect() {
  if (const int error = make_socket(); error != 0) return end(error);
  call_connect();
}

/// Answers an errno, or 0.
int ConnectAttempt::make_socket() {
  const int family = address_.ss_family;
  socket_ = Descriptor(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket_.valid()) return errno;
  if (family == AF_UNIX) return 0;
  const int on = 1;
  if (choices_.tcp_no_delay) ::setsockopt(socket_.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (!choices_.bind) return 0;
  // The port is chosen by connect(2), which knows which ones are taken for that peer only.
  ::setsockopt(socket_.number(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  return ::bind(socket_.number(), pointer_to(*choices_.bind), size_of(*choices_.bind)) == 0 ? 0 : errno;
}

void ConnectAttempt::call_connect() {
  if (::connect(socket_.number(), pointer_to(address_), size_of(address_)) == 0) return end(0);
  const int error = errno;
  if (error == EAGAIN && address_.ss_family == AF_UNIX) return reactor_.arm(*this, kRetryAfter);  // the backlog is full
  // Interrupted it goes on all the same (connect(2)).
  if (error != EINPROGRESS && error != EINTR) return end(error);
  // Not before: a socket that is neither connected nor connecting has an edge, too.
  if (const int refused = reactor_.attach(*this, socket_.number(), core::Reactor::kReadWrite)) end(refused);
}

void ConnectAttempt::on_timer() { call_connect(); }

void ConnectAttempt::on_events(std::uint32_t events) {
  if (error_ || !socket_.valid()) return;
  const int error = pending_error(socket_.number());
  if (error != 0) return end(error);
  if ((events & kWritable) != 0) end(connected_to_itself() ? ECONNREFUSED : 0);
}

/// A port from which connections are made may be the one that it is connecting to, and TCP lets the two ends of one
/// socket meet (RFC 9293 §3.5).
bool ConnectAttempt::connected_to_itself() const {
  const PeerAddress local = local_address(socket_.number());
  const PeerAddress remote(address_);
  return remote.port() != 0 && local.port() == remote.port() && local.ip() == remote.ip();
}

void ConnectAttempt::end(int error) {
  error_ = error;
  reactor_.make_ready(*this);
}

void ConnectAttempt::on_ready() { owner_.attempt_ended(*this, *error_); }

}  // namespace mote::net

#include "tests/abuse/crowd.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "tests/abuse/clock.h"
#include "tests/support/client_frame.h"

namespace mote::abuse {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::size_t kRoomBytes = 256 * 1024;
constexpr std::size_t kEventsAtOnce = 1024;

sockaddr_in loopback(std::uint32_t host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(127U << 24U | host);
  return address;
}

/// 127.1.0.1 and so on.
sockaddr_in source(unsigned number) { return loopback((1U << 16U) + number, 0); }

const sockaddr* any(const sockaddr_in& address) { return reinterpret_cast<const sockaddr*>(&address); }

/// The bytes of every message, and of its echo after the frame's header.
char letter(std::size_t at) { return static_cast<char>('a' + at % 26); }

std::string message(std::size_t bytes) {
  std::string text(bytes, ' ');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = letter(i);
  return text;
}

std::string echo_header(std::size_t bytes) { return test::client_frame(1, {}, {.masked = false, .announced = bytes}); }

std::size_t header_bytes(std::size_t payload) { return payload > 0xFFFF ? 10 : payload > 125 ? 4 : 2; }

/// Of the frame that is so long in all.
std::size_t payload_bytes(std::size_t frame) {
  return frame - (frame > 0xFFFFU + 4 ? 10U : frame > 125U + 2 ? 4U : 2U);
}

}  // namespace

Crowd::Crowd(const Door& door, unsigned sources, unsigned first_source)
    : door_(door),
      tls_context_(door.tls ? test::TlsEngine::context_of(test::TlsEngine::Side::client, {}) : nullptr),
      sources_(sources),
      first_source_(first_source),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      happened_(kEventsAtOnce),
      request_(test::upgrade_request()),
      room_(kRoomBytes, '\0') {
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

Crowd::~Crowd() {
  reset_all();
  ::close(epoll_);
}

Crowd::Id Crowd::begin() { return begin(false); }
Crowd::Id Crowd::begin_silent() { return begin(true); }

Crowd::Id Crowd::begin(bool silent) {
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  error_ = made < 0 ? errno : 0;
  if (made < 0) return kNobody;
  // The port is chosen when it connects, so that each address has all ports for each server.
  const int late = 1;
  ::setsockopt(made, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &late, sizeof late);
  const auto from = source(first_source_ + static_cast<unsigned>(counts_.begun % sources_));
  const auto to = loopback(1, door_.port);
  if (::bind(made, any(from), sizeof from) != 0 || (::connect(made, any(to), sizeof to) != 0 && errno != EINPROGRESS)) {
    error_ = errno;
    ::close(made);
    ++counts_.failed;
    return kNobody;
  }
  ++counts_.begun;
  const Id id = place(made);
  clients_[id].silent = silent;
  if (door_.tls && !silent) {
    clients_[id].tls = std::make_unique<test::TlsEngine>(test::TlsEngine::Side::client, test::TlsSetup{}, tls_context_);
  }
  return id;
}

Crowd::Id Crowd::place(int descriptor) {
  if (free_.empty()) {
    free_.push_back(static_cast<Id>(clients_.size()));
    clients_.emplace_back();
  }
  const Id id = free_.back();
  free_.pop_back();
  Client fresh;
  fresh.descriptor = descriptor;
  fresh.generation = clients_[id].generation + 1;
  fresh.state = State::connecting;
  clients_[id] = std::move(fresh);
  ++present_;
  epoll_event event{EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {}};
  event.data.u64 = std::uint64_t{clients_[id].generation} << 32U | id;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
  return id;
}

void Crowd::say(Id id, std::string_view bytes) {
  Client& client = clients_[id];
  if (client.state == State::none) return;  // it has gone
  if (client.tls != nullptr && !client.secured) {
    client.unencrypted += bytes;
    return;
  }
  client.outgoing += client.tls != nullptr ? client.tls->encrypt(bytes) : bytes;
  if (client.state != State::connecting) write_some(client);
}

void Crowd::echo(Id id, std::size_t bytes) {
  clients_[id].echo_bytes = static_cast<std::uint32_t>(header_bytes(bytes) + bytes);
  clients_[id].echo_seen = 0;
  say(id, test::client_frame(1, message(bytes)));
}

void Crowd::close(Id id) { leave(id, false); }
void Crowd::reset(Id id) { leave(id, true); }

void Crowd::reset_all() {
  for (Id id = 0; id < clients_.size(); ++id) {
    if (clients_[id].state != State::none) reset(id);
  }
}

void Crowd::leave(Id id, bool with_reset) {
  Client& client = clients_[id];
  if (client.state == State::none) return;
  if (with_reset) {
    const linger at_once{1, 0};
    ::setsockopt(client.descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  ::close(client.descriptor);
  if (client.state == State::open) --open_;
  --present_;
  client.state = State::none;
  client.outgoing = client.unencrypted = {};
  client.tls.reset();
  free_.push_back(id);
}

void Crowd::for_each_open(const std::function<void(Id)>& what) {
  for (Id id = 0; id < clients_.size(); ++id) {
    if (clients_[id].state == State::open) what(id);
  }
}

// ---- What happens

void Crowd::turn(int timeout_ms) {
  const int count = ::epoll_wait(epoll_, happened_.data(), static_cast<int>(happened_.size()), timeout_ms);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = happened_[static_cast<std::size_t>(i)];
    const Id id = static_cast<Id>(event.data.u64);
    const bool of_this_one = clients_[id].generation == event.data.u64 >> 32U;
    if (of_this_one && clients_[id].state != State::none) react(id, event.events);
  }
}

bool Crowd::turn_until(const std::function<bool()>& done, double seconds) {
  const auto patience = after(seconds);
  while (!done()) {
    if (Clock::now() > patience) return false;
    turn(10);
  }
  return true;
}

void Crowd::react(Id id, std::uint32_t happened) {
  if (clients_[id].state == State::connecting && (happened & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) connected(id);
  Client& client = clients_[id];
  if (client.state == State::none || client.state == State::connecting) return;
  if ((happened & EPOLLOUT) != 0) write_some(client);
  if (client.deaf) {
    if ((happened & (EPOLLERR | EPOLLHUP)) != 0) server_ended(id);
  } else if ((happened & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)) != 0) {
    read(id);
  }
}

void Crowd::connected(Id id) {
  Client& client = clients_[id];
  socklen_t size = sizeof error_;
  ::getsockopt(client.descriptor, SOL_SOCKET, SO_ERROR, &error_, &size);
  if (error_ != 0) {
    ++counts_.failed;
    return leave(id, false);
  }
  client.state = State::opening;
  if (client.tls != nullptr) {
    client.unencrypted.insert(0, request_);
    client.tls->handshake();
    client.outgoing = client.tls->take_output();
  } else if (!client.silent) {
    client.outgoing.insert(0, request_);
  }
}

void Crowd::write_some(Client& client) {
  while (!client.outgoing.empty()) {
    const auto sent = ::send(client.descriptor, client.outgoing.data(), client.outgoing.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // reading tells of an end
    client.outgoing.erase(0, static_cast<std::size_t>(sent));
  }
  client.outgoing = {};
}

void Crowd::read(Id id) {
  const std::uint32_t generation = clients_[id].generation;
  for (;;) {
    const auto got = ::recv(clients_[id].descriptor, room_.data(), room_.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return server_ended(id);
    const std::string_view bytes(room_.data(), static_cast<std::size_t>(got));
    if (clients_[id].tls != nullptr) {
      decrypt(id, bytes);
    } else {
      take(id, bytes);
    }
    const Client& client = clients_[id];
    if (client.state == State::none || client.generation != generation || client.deaf) return;
  }
}

void Crowd::decrypt(Id id, std::string_view bytes) {
  Client& client = clients_[id];
  std::string plain;
  try {
    client.tls->feed(bytes);
    const bool was_secured = client.secured;
    client.secured = was_secured || client.tls->handshake();
    client.outgoing += client.tls->take_output();
    if (!was_secured && client.secured) client.outgoing += client.tls->encrypt(std::exchange(client.unencrypted, {}));
    if (client.secured) client.tls->decrypt(plain);
  } catch (const test::TlsFailure&) {
    return server_ended(id);  // with an alert, or it speaks no TLS
  }
  write_some(client);
  if (!plain.empty()) take(id, plain);
}

void Crowd::server_ended(Id id) {
  ++counts_.ended;
  leave(id, false);
  if (events.ended) events.ended(id);
}

void Crowd::take(Id id, std::string_view bytes) {
  if (clients_[id].drops_input) return;
  if (clients_[id].silent && events.heard) return events.heard(id);
  if (clients_[id].state == State::opening) take_head(id, bytes);
  if (clients_[id].state == State::open && !bytes.empty()) take_echo(id, bytes);
}

void Crowd::take_head(Id id, std::string_view& bytes) {
  Client& client = clients_[id];
  while (!bytes.empty() && client.head_matched < kHeadEnd.size()) {
    const char next = bytes.front();
    bytes.remove_prefix(1);
    client.head_matched = next == kHeadEnd[client.head_matched] ? static_cast<std::uint8_t>(client.head_matched + 1)
                          : next == kHeadEnd[0]                 ? std::uint8_t{1}
                                                                : std::uint8_t{0};
  }
  if (client.head_matched < kHeadEnd.size()) return;
  client.state = State::open;
  ++counts_.opened;
  ++open_;
  if (events.opened) events.opened(id);
}

void Crowd::take_echo(Id id, std::string_view& bytes) {
  Client& client = clients_[id];
  if (bytes.size() > client.echo_bytes - client.echo_seen) {  // more than the echo, or without one
    ++counts_.wrong;
    return;
  }
  const std::size_t payload = payload_bytes(client.echo_bytes);
  const std::string header = echo_header(payload);
  for (const char byte : bytes) {
    const std::size_t at = client.echo_seen++;
    if (byte != (at < header.size() ? header[at] : letter(at - header.size()))) ++counts_.wrong;
  }
  if (client.echo_seen != client.echo_bytes) return;
  client.echo_bytes = client.echo_seen = 0;
  ++counts_.echoes;
  if (events.echoed) events.echoed(id);
}

}  // namespace mote::abuse

// The floor: what the kernel alone takes for an echo. All frames of a connection are taken to be as large as its first
// one, and nothing is checked: for each readiness one recv(2), the payloads unmasked, one send(2). It is no WebSocket
// server; a server that does as little cannot be written, so none of the others should cost less for small messages.
//
//     floor PORT

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "bench/peers/command_line.h"
#include "core/unmask.h"
#include "net/socket.h"
#include "proto/frame.h"
#include "proto/handshake.h"

namespace {

using mote::core::rotate_key;
using mote::net::Descriptor;

constexpr std::size_t kReceiveBytes = 512 * 1024;
constexpr std::size_t kKeyBytes = 4;

struct Peer {
  Descriptor socket;
  bool open = false;             // the handshake is done
  std::size_t header_bytes = 0;  // of the client's frames; 0 until the first one came
  std::size_t payload_bytes = 0;
  std::array<std::byte, mote::proto::kMaxHeaderBytes> header;  // of the frame that is being read
  std::size_t header_have = 0;                                 // so much of it, where a receive ended inside it
  std::size_t payload_left = 0;
  std::uint32_t key = 0;  // for the next byte of the payload
  std::vector<std::byte> unsent;
};

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

/// `to` is `from`, or lies before it; they may overlap, so that every load of a block comes before its stores.
void unmask_down(std::byte* to, const std::byte* from, std::size_t size, std::uint32_t key) {
  if (to == from) return mote::core::unmask(to, size, key);
  constexpr std::size_t kWords = 4;
  std::array<std::uint64_t, kWords> words;
  const std::uint64_t wide_key = std::uint64_t{key} << 32 | key;
  for (; size >= sizeof words; to += sizeof words, from += sizeof words, size -= sizeof words) {
    std::memcpy(words.data(), from, sizeof words);
    for (std::uint64_t& word : words) word ^= wide_key;
    std::memcpy(to, words.data(), sizeof words);
  }
  std::memcpy(words.data(), from, size);
  for (std::uint64_t& word : words) word ^= wide_key;
  std::memcpy(to, words.data(), size);
}

void learn_size(Peer& peer, std::span<const std::byte> frame) {
  mote::proto::FrameHeader header;
  static_cast<void>(mote::proto::parse_frame_header<mote::proto::Role::server>(frame.data(), frame.size(), {}, header));
  peer.header_bytes = header.size;
  peer.payload_bytes = header.payload_bytes;
}

/// Moves `in` behind the header that begins there, or goes on there; false where its end did not come yet.
bool take_header(Peer& peer, std::byte*& in, const std::byte* end) {
  const auto there = static_cast<std::size_t>(end - in);
  const std::size_t taken = std::min(there, peer.header_bytes - peer.header_have);
  std::memcpy(peer.header.data() + peer.header_have, in, taken);
  in += taken;
  peer.header_have += taken;
  if (peer.header_have < peer.header_bytes) return false;
  peer.header_have = 0;
  peer.payload_left = peer.payload_bytes;
  std::memcpy(&peer.key, peer.header.data() + peer.header_bytes - kKeyBytes, kKeyBytes);
  peer.header[1] &= std::byte{0x7F};  // without its mask bit and its key it is the server's header
  return true;
}

/// Turns the received bytes into the frames that answer them, where they lie; before them is room for a header.
std::span<const std::byte> answer(Peer& peer, std::span<std::byte> received) {
  std::byte* in = received.data();
  const std::byte* const end = in + received.size();
  const std::byte* begin = nullptr;
  std::byte* out = nullptr;
  while (in < end) {
    if (peer.payload_left == 0) {
      if (!take_header(peer, in, end)) break;
      const std::size_t header_bytes = peer.header_bytes - kKeyBytes;
      if (out == nullptr) begin = out = in - header_bytes;  // so that the first payload stays where it is
      std::memcpy(out, peer.header.data(), header_bytes);
      out += header_bytes;
    }
    if (out == nullptr) begin = out = in;
    const std::size_t size = std::min(static_cast<std::size_t>(end - in), peer.payload_left);
    unmask_down(out, in, size, peer.key);
    peer.key = rotate_key(peer.key, size);
    peer.payload_left -= size;
    in += size;
    out += size;
  }
  return {begin, out};
}

/// The 101 for a request that came in one piece; empty for anything else.
std::string open_handshake(std::string_view request) {
  mote::proto::RequestHead head;
  std::string response;
  static_cast<void>(head.parse(request, {.head_bytes = 8192, .header_lines = 100, .target_bytes = 4096}));
  const mote::proto::UpgradeVerdict verdict = mote::proto::judge_upgrade(head, {});
  if (verdict.kind == mote::proto::UpgradeVerdict::Kind::accept) {
    mote::proto::append_switching_protocols(response, verdict.key, {}, {});
  }
  return response;
}

/// Keeps what the kernel does not take. False: the connection has failed.
bool send_all(Peer& peer, std::span<const std::byte> bytes) {
  if (bytes.empty()) return true;
  const ssize_t sent = ::send(peer.socket.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return false;
  const auto rest = bytes.subspan(sent < 0 ? 0 : static_cast<std::size_t>(sent));
  peer.unsent = std::vector<std::byte>(rest.begin(), rest.end());
  return true;
}

class Floor {
 public:
  explicit Floor(std::uint16_t port);
  void run();

 private:
  void watch(int descriptor, std::uint32_t events);
  void accept_one();
  /// After an edge; false: the connection is over.
  bool serve(Peer& peer);
  bool take(Peer& peer, std::span<std::byte> received);

  Descriptor poll_{::epoll_create1(EPOLL_CLOEXEC)};
  Descriptor listener_{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  std::vector<std::unique_ptr<Peer>> peers_;  // by descriptor
  std::vector<std::byte> buffer_ = std::vector<std::byte>(mote::proto::kMaxHeaderBytes + kReceiveBytes);
};

Floor::Floor(std::uint16_t port) {
  const int on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const name = reinterpret_cast<sockaddr*>(&address);
  ::setsockopt(listener_.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(listener_.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // accepted sockets inherit it
  if (::bind(listener_.number(), name, size) != 0) fail("bind");
  if (::listen(listener_.number(), SOMAXCONN) != 0) fail("listen");
  if (::getsockname(listener_.number(), name, &size) != 0) fail("getsockname");
  watch(listener_.number(), EPOLLIN);
  mote::bench::announce(ntohs(address.sin_port), "no library");
}

void Floor::watch(int descriptor, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = descriptor;
  if (::epoll_ctl(poll_.number(), EPOLL_CTL_ADD, descriptor, &event) != 0) fail("epoll_ctl");
}

/// Others who wait are reported again, since the listener is level-triggered; accept4 in vain costs 3 us.
void Floor::accept_one() {
  Descriptor socket(::accept4(listener_.number(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!socket.valid()) return;
  const auto number = static_cast<std::size_t>(socket.number());
  watch(socket.number(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
  if (peers_.size() <= number) peers_.resize(number + 1);
  peers_[number] = std::make_unique<Peer>();
  peers_[number]->socket = std::move(socket);
}

bool Floor::take(Peer& peer, std::span<std::byte> received) {
  if (!peer.open) {
    const std::string response = open_handshake({reinterpret_cast<const char*>(received.data()), received.size()});
    peer.open = true;
    return !response.empty() && send_all(peer, std::as_bytes(std::span(response)));
  }
  if (peer.header_bytes == 0) learn_size(peer, received);
  return peer.header_bytes != 0 && send_all(peer, answer(peer, received));
}

bool Floor::serve(Peer& peer) {
  if (!peer.unsent.empty()) {
    const std::vector<std::byte> unsent = std::move(peer.unsent);
    if (!send_all(peer, unsent)) return false;
  }
  while (peer.unsent.empty()) {
    std::byte* const to = buffer_.data() + mote::proto::kMaxHeaderBytes;
    const ssize_t received = ::recv(peer.socket.number(), to, kReceiveBytes, 0);
    if (received < 0 && errno == EAGAIN) return true;
    if (received <= 0 || !take(peer, {to, static_cast<std::size_t>(received)})) return false;
    if (static_cast<std::size_t>(received) < kReceiveBytes) return true;
  }
  return true;
}

void Floor::run() {
  std::array<epoll_event, 1024> events;
  for (;;) {
    const int count = ::epoll_wait(poll_.number(), events.data(), static_cast<int>(events.size()), -1);
    for (const epoll_event& event : std::span(events).first(static_cast<std::size_t>(std::max(count, 0)))) {
      if (event.data.fd == listener_.number()) {
        accept_one();
        continue;
      }
      std::unique_ptr<Peer>& peer = peers_[static_cast<std::size_t>(event.data.fd)];
      if (peer != nullptr && !serve(*peer)) peer.reset();
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  try {
    Floor(mote::bench::port_argument(count, arguments)).run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "floor: %s\n", error.what());
    return 1;
  }
}

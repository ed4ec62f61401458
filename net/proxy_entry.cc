#include "net/proxy_entry.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <utility>

#include <mote/options.h>

#include "core/log.h"

namespace mote::net {

using std::chrono::milliseconds;

ProxyEntry::ProxyEntry(core::Reactor& reactor, ProxyEntryOwner& owner, Descriptor socket, const PeerAddress& proxy,
                       milliseconds timeout)
    : reactor_(reactor), owner_(owner), socket_(std::move(socket)), proxy_(proxy), timeout_(timeout) {}

void ProxyEntry::start() {
  if (timeout_ == Options::kNever) return;
  reactor_.arm(*this, timeout_);
  started_ = reactor_.now();
}

void ProxyEntry::on_events(std::uint32_t) {
  guarded([&] {
    while (!over_ && read_some()) {
    }
  });
}

void ProxyEntry::on_timer() {
  guarded([&] { refuse("no complete PROXY header in time"); });
}

/// Memory that cannot be had costs this connection.
template <class Call>
void ProxyEntry::guarded(Call&& call) {
  try {
    call();
  } catch (const std::exception& exception) {
    core::log(LogLevel::error, {"a connection is dropped: ", exception.what()});
    end();
  }
}

/// False where there is nothing more to read now. What is fed is only looked at first: what follows the header stays in
/// the socket for whoever gets that.
bool ProxyEntry::read_some() {
  std::array<std::byte, proto::ProxyHeader::kMostBytes> room;
  const ssize_t got = peek(socket_.number(), room);
  if (got <= 0) {
    if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) end();
    return false;
  }
  const auto step = header_.feed(std::span(room).first(static_cast<std::size_t>(got)));
  if (step.progress == proto::ProxyHeader::Progress::refused) {
    refuse(proto::text_of(header_.fault()));
    return false;
  }
  static_cast<void>(receive(socket_.number(), std::span(room).first(step.consumed)));
  if (step.progress == proto::ProxyHeader::Progress::complete) {
    hand_over();
    end();
  }
  return true;
}

void ProxyEntry::hand_over() {
  const PeerAddress client = header_.client() ? PeerAddress(*header_.client()) : proxy_;
  const bool never = timeout_ == Options::kNever;
  const milliseconds left = never ? timeout_ : std::max(timeout_ - (reactor_.now() - started_), milliseconds(1));
  reactor_.detach(socket_.number());
  owner_.proxied(std::move(socket_), client, left);
}

void ProxyEntry::refuse(std::string_view why) {
  core::log(LogLevel::warning, {proxy_.to_string(), ": closed: ", why});
  end();
}

void ProxyEntry::end() {
  if (std::exchange(over_, true)) return;
  reactor_.remove(*this);
  owner_.entry_gone();
}

}  // namespace mote::net

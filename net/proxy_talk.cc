#include "net/proxy_talk.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <new>
#include <span>
#include <string_view>
#include <utility>

#include "core/log.h"

namespace mote::net {
namespace {

constexpr std::size_t kRoomBytes = 4096;
constexpr int kPiecesPerTurn = 16;  // a proxy that always has more to say waits for the others, and for its timeout

}  // namespace

ProxyTalk::ProxyTalk(core::Reactor& reactor, ProxyTalkOwner& owner, Descriptor socket, proto::ProxyDialogue& dialogue)
    : reactor_(reactor), owner_(owner), socket_(std::move(socket)), dialogue_(dialogue) {}

void ProxyTalk::stop() {
  over_ = true;
  socket_.reset();
  reactor_.remove(*this);
}

Descriptor ProxyTalk::take_socket() {
  reactor_.detach(socket_.number());
  return std::move(socket_);
}

void ProxyTalk::on_events(std::uint32_t) { go_on(); }
void ProxyTalk::on_ready() { go_on(); }

/// Nothing is thrown into the reactor.
void ProxyTalk::go_on() {
  try {
    write();
    read();
  } catch (const std::bad_alloc& exception) {
    end(exception.what());  // so short that it needs no memory
  }
}

void ProxyTalk::write() {
  output_.append(dialogue_.take_output());
  while (!over_ && !output_.empty()) {
    iovec piece{output_.data(), output_.size()};
    const IoResult result = transmit(socket_.number(), std::span(&piece, 1));
    if (result.state == IoResult::State::would_block) return;
    if (result.state != IoResult::State::done) return end(core::errno_text(result.error));
    output_.erase(0, result.bytes);
  }
}

void ProxyTalk::read() {
  for (int i = 0; i < kPiecesPerTurn; ++i) {
    if (over_ || !read_some()) return;
    write();
  }
  if (!over_) reactor_.make_ready(*this);
}

/// False where there is nothing more to read now. What is fed is only looked at first: of the last piece, what follows
/// the proxy's answer is the server's, and stays in the socket for whoever gets that.
bool ProxyTalk::read_some() {
  std::array<char, kRoomBytes> room{};
  const ssize_t got = peek(socket_.number(), std::as_writable_bytes(std::span(room)));
  if (got <= 0) {
    const bool nothing_yet = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (!nothing_yet) end(got == 0 ? "proxy: ended the connection" : core::errno_text(errno));
    return false;
  }
  const std::string_view input(room.data(), static_cast<std::size_t>(got));
  const proto::ProxyDialogue::Progress progress = dialogue_.feed(input);
  const auto used = std::as_writable_bytes(std::span(room)).first(progress.consumed);
  if (!used.empty()) static_cast<void>(receive(socket_.number(), used));
  if (progress.state == proto::ProxyDialogue::State::failed) end(dialogue_.failure());
  if (progress.state == proto::ProxyDialogue::State::done) end({});
  return progress.consumed == input.size();
}

void ProxyTalk::end(std::string_view failure) {
  std::string told(failure);
  over_ = true;
  owner_.talk_ended(std::move(told));
}

}  // namespace mote::net

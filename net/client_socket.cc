#include <mote/client_socket.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <limits>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include <mote/client.h>
#include <mote/handlers.h>

#include "core/blocked_signals.h"

namespace mote {
namespace {

constexpr std::size_t kInboxBytes = 1024 * 1024;                                  // then reading pauses
constexpr std::chrono::milliseconds kLongestWait = std::chrono::hours(24 * 365);  // far from where a clock overflows

/// Empty ones take memory, too.
std::size_t held_by(const Message& message) { return sizeof message + message.payload.size(); }

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

/// A client with one connection on a thread of its own; that thread fills, the others wait.
class ClientSocket::Impl {
 public:
  Impl(std::string_view url, ClientOptions options);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  template <class Payload>
  void send(Payload payload, Compress compress);
  Message receive(milliseconds timeout);
  void close_output(std::uint16_t code, std::string_view reason);
  void close(std::uint16_t code, std::string_view reason);
  void abort();
  [[nodiscard]] SocketState state() const;
  [[nodiscard]] const std::string& subprotocol() const { return subprotocol_; }

 private:
  enum class Stage { connecting, open, closing, aborting, ended };

  [[nodiscard]] Handlers handlers();
  void take(MessageKind kind, std::string payload);
  void ended(const CloseInfo& why);
  void enter(Stage stage) {
    stage_ = stage;
    changed_.notify_all();  // the lock is held: they look when it is given up, whatever comes in between
  }
  [[noreturn]] void fail() const;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Stage stage_ = Stage::connecting;
  std::deque<Message> inbox_;
  std::size_t inbox_bytes_ = 0;
  bool paused_ = false;
  std::uint64_t drains_ = 0;
  std::optional<Error> error_;     // why it ended, if not with a Close
  std::optional<Message> ending_;  // ended by a Close: what `receive` answers from then on
  std::string subprotocol_;
  Client client_;
  Handle handle_;
  std::thread thread_;
};

ClientSocket::Impl::Impl(std::string_view url, ClientOptions options) {
  if (options.reconnect.attempts != 0) throw std::invalid_argument("option reconnect is for mote::Client");
  options.hard_limit_bytes = std::numeric_limits<std::size_t>::max();  // `send` waits above the soft limit
  handle_ = client_.connect(url, std::move(options), handlers());
  {
    const core::BlockedSignals blocked;
    thread_ = std::thread([this] { client_.run(); });
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stage_ != Stage::connecting; });
  if (stage_ != Stage::ended || ending_) return;
  lock.unlock();
  thread_.join();  // the destructor of what was not constructed will not
  fail();
}

ClientSocket::Impl::~Impl() {
  client_.stop();
  thread_.join();
}

/// A table, so that nothing is left to fail once the connection has begun.
Handlers ClientSocket::Impl::handlers() {
  return {
      .on_open =
          [this](const Connection& socket) {
            const std::scoped_lock lock(mutex_);
            subprotocol_ = socket.info().negotiated_sub_protocol;
            enter(Stage::open);
          },
      .on_message = [this](Connection&, std::string_view text) { take(MessageKind::text, std::string(text)); },
      .on_binary = [this](Connection&, std::span<const std::byte> bytes) { take(MessageKind::binary, text_of(bytes)); },
      .on_drain =
          [this](Connection&) {
            const std::scoped_lock lock(mutex_);
            ++drains_;
            changed_.notify_all();
          },
      .on_error =
          [this](Connection&, const Error& error) {
            const std::scoped_lock lock(mutex_);
            error_ = error;
          },
      .on_close = [this](Connection&, const CloseInfo& why) { ended(why); },
  };
}

void ClientSocket::Impl::take(MessageKind kind, std::string payload) {
  const std::scoped_lock lock(mutex_);
  inbox_.push_back({kind, std::move(payload), 0});
  inbox_bytes_ += held_by(inbox_.back());
  if (inbox_bytes_ > kInboxBytes && !std::exchange(paused_, true)) handle_.pause_reading();
  changed_.notify_all();
}

void ClientSocket::Impl::ended(const CloseInfo& why) {
  const std::scoped_lock lock(mutex_);
  enter(Stage::ended);
  if (why.clean) {
    ending_ = Message{MessageKind::close, std::string(why.reason), why.code};
  } else if (!error_) {
    error_.emplace(ErrorKind::transport, "the connection was aborted");
  }
}

/// The lock is held, or nobody else is there.
void ClientSocket::Impl::fail() const {
  if (error_) throw Error(*error_);
  throw Error(ErrorKind::transport, "the connection is closed");
}

template <class Payload>
void ClientSocket::Impl::send(Payload payload, Compress compress) {
  std::unique_lock lock(mutex_);
  if (stage_ != Stage::open) fail();
  const std::uint64_t before = drains_;
  lock.unlock();
  const SendStatus status = handle_.send(payload, compress);
  if (status == SendStatus::sent) return;
  lock.lock();
  if (status == SendStatus::queued) {
    changed_.wait(lock, [&] { return drains_ != before || stage_ == Stage::ended; });
    if (stage_ != Stage::ended) return;
  } else if (status == SendStatus::closed) {
    changed_.wait(lock, [this] { return stage_ != Stage::open; });  // why is told within the connection's turn
  }
  fail();
}

Message ClientSocket::Impl::receive(milliseconds timeout) {
  std::unique_lock lock(mutex_);
  const auto something = [this] { return !inbox_.empty() || stage_ == Stage::ended; };
  if (timeout == Options::kNever) {
    changed_.wait(lock, something);
  } else if (!changed_.wait_for(lock, std::min(timeout, kLongestWait), something)) {
    throw Error(ErrorKind::timeout, "no message within " + std::to_string(timeout.count()) + " ms");
  }
  if (inbox_.empty()) {
    if (!ending_) fail();
    return *ending_;
  }
  Message message = std::move(inbox_.front());
  inbox_.pop_front();
  inbox_bytes_ -= held_by(message);
  if (inbox_bytes_ <= kInboxBytes / 2 && std::exchange(paused_, false)) handle_.resume_reading();
  return message;
}

void ClientSocket::Impl::close_output(std::uint16_t code, std::string_view reason) {
  // The lock is held while the Close is posted: what is sent later comes behind it, and is refused.
  const std::scoped_lock lock(mutex_);
  handle_.close(code, reason);
  if (stage_ == Stage::open) stage_ = Stage::closing;
}

void ClientSocket::Impl::abort() {
  const std::scoped_lock lock(mutex_);
  handle_.abort();
  if (stage_ != Stage::ended) stage_ = Stage::aborting;
}

void ClientSocket::Impl::close(std::uint16_t code, std::string_view reason) {
  close_output(code, reason);
  std::unique_lock lock(mutex_);
  const bool had_ended = stage_ == Stage::ended;
  changed_.wait(lock, [this] { return stage_ == Stage::ended; });
  if (!had_ended && !ending_) fail();
}

SocketState ClientSocket::Impl::state() const {
  const std::scoped_lock lock(mutex_);
  if (stage_ == Stage::ended) return ending_ ? SocketState::closed : SocketState::aborted;
  if (stage_ == Stage::aborting) return SocketState::aborted;
  return stage_ == Stage::closing ? SocketState::close_sent : SocketState::open;
}

ClientSocket::ClientSocket(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ClientSocket::ClientSocket(ClientSocket&&) noexcept = default;
ClientSocket& ClientSocket::operator=(ClientSocket&&) noexcept = default;
ClientSocket::~ClientSocket() = default;

void ClientSocket::send(std::string_view text, Compress compress) { impl_->send(text, compress); }
void ClientSocket::send(std::span<const std::byte> bytes, Compress compress) { impl_->send(bytes, compress); }
Message ClientSocket::receive(milliseconds timeout) { return impl_->receive(timeout); }
void ClientSocket::close(std::uint16_t code, std::string_view reason) { impl_->close(code, reason); }
void ClientSocket::close_output(std::uint16_t code, std::string_view reason) { impl_->close_output(code, reason); }
void ClientSocket::abort() { impl_->abort(); }
SocketState ClientSocket::state() const { return impl_->state(); }
std::string_view ClientSocket::subprotocol() const { return impl_->subprotocol(); }

ClientSocket connect(std::string_view url, ClientOptions options) {
  return ClientSocket(std::make_unique<ClientSocket::Impl>(url, std::move(options)));
}

}  // namespace mote

#include "net/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "net/tls_text.h"

namespace mote::net {
namespace {

constexpr std::size_t kMostWireBytes = 256 * 1024;  // of one read: records may carry next to nothing

bool is_http_letter(std::byte byte) { return byte >= std::byte{'A'} && byte <= std::byte{'Z'}; }

}  // namespace

/// One call from outside, which lends the socket: OpenSSL's error queue is empty at its beginning, and what OpenSSL
/// wrote leaves at its end.
class TlsStream::Call {
 public:
  Call(TlsStream& stream, int socket, std::size_t wire_limit = 0) : stream_(stream) {
    stream_.socket_ = socket;
    stream_.wire_bytes_ = 0;
    stream_.wire_limit_ = wire_limit;
    stream_.drained_ = false;
    if (ERR_peek_error() != 0) ERR_clear_error();
  }
  ~Call() { static_cast<void>(finish()); }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  /// False where the socket has failed.
  bool finish() { return stream_.send_outgoing(); }

 private:
  TlsStream& stream_;
};

void TlsStream::Free::operator()(SSL* ssl) const { SSL_free(ssl); }

TlsStream::TlsStream(std::shared_ptr<const TlsContext> context, TlsBuffers& buffers, TlsPeer peer)
    : buffers_(buffers),
      context_(std::move(context)),
      peer_(std::move(peer)),
      ssl_(SSL_new(context_->ssl_context())),
      backlog_(buffers.blocks_) {
  if (ssl_ == nullptr) throw std::bad_alloc();
  BIO* const bio = make_bio();
  SSL_set_bio(ssl_.get(), bio, bio);  // takes it over
  SSL_set_ex_data(ssl_.get(), 0, this);
  if (context_->is_server()) {
    SSL_set_accept_state(ssl_.get());
  } else {
    TlsContext::expect(*ssl_, peer_);
    SSL_set_connect_state(ssl_.get());
  }
}

TlsStream::~TlsStream() {
  if (busy_at_ != kIdle) buffers_.busy_[busy_at_] = nullptr;
}

/// Takes the place of the one that has been busy for longest.
void TlsStream::become_busy() {
  if (busy_at_ != kIdle) return;
  TlsStream*& place = buffers_.busy_[buffers_.oldest_busy_];
  if (place != nullptr) place->become_idle();
  place = this;
  busy_at_ = static_cast<std::uint16_t>(buffers_.oldest_busy_);
  buffers_.oldest_busy_ = (buffers_.oldest_busy_ + 1) % TlsBuffers::kBusy;
  SSL_clear_mode(ssl_.get(), SSL_MODE_RELEASE_BUFFERS);
}

void TlsStream::become_idle() {
  buffers_.busy_[busy_at_] = nullptr;
  busy_at_ = kIdle;
  SSL_set_mode(ssl_.get(), SSL_MODE_RELEASE_BUFFERS);  // where a part of a record is in them now, when that is used
  SSL_free_buffers(ssl_.get());
}

// ---- Between OpenSSL and the socket

/// What OpenSSL reads from and writes to.
struct TlsStream::SocketMethod {
  static TlsStream& stream_of(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* to, int size) {
    return stream_of(bio).read_socket(bio, std::as_writable_bytes(std::span(to, static_cast<std::size_t>(size))));
  }
  static int write(BIO* bio, const char* from, int size) {
    return stream_of(bio).take_record(std::as_bytes(std::span(from, static_cast<std::size_t>(size))));
  }
  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return stream_of(bio).ended_ ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  static BIO_METHOD* make() {
    BIO_METHOD* const method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "mote socket");
    if (method == nullptr) throw std::bad_alloc();
    BIO_meth_set_read(method, read);
    BIO_meth_set_write(method, write);
    BIO_meth_set_ctrl(method, control);
    return method;
  }
};

BIO* TlsStream::make_bio() {
  static BIO_METHOD* const kMethod = SocketMethod::make();  // for the life of the process
  BIO* const bio = BIO_new(kMethod);
  if (bio == nullptr) throw std::bad_alloc();
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  return bio;
}

/// Where a read was short the socket is empty, and the call need not ask it again.
int TlsStream::read_socket(BIO* bio, std::span<std::byte> room) {
  BIO_clear_retry_flags(bio);
  if (drained_ || wire_bytes_ >= wire_limit_) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const IoResult result = net::receive(socket_, room);
  switch (result.state) {
    case IoResult::State::would_block:
      drained_ = true;
      BIO_set_retry_read(bio);
      return -1;
    case IoResult::State::end:
      ended_ = true;
      return 0;
    case IoResult::State::failed:
      error_ = result.error;
      return -1;
    case IoResult::State::done:
      break;
  }
  drained_ = !result.more;
  wire_bytes_ += result.bytes;
  if (!began_ && context_->is_server() && is_http_letter(room.front())) {
    met_plain_http_ = true;
    return -1;
  }
  began_ = true;
  return static_cast<int>(result.bytes);
}

/// Never refuses, so that OpenSSL never has to try again. C code calls it: nothing may be thrown.
int TlsStream::take_record(std::span<const std::byte> record) {
  try {
    if (record.size() > buffers_.outgoing_.size() - buffers_.outgoing_bytes_ && !send_outgoing()) return -1;
    if (backlog_.empty() && record.size() <= buffers_.outgoing_.size()) {
      std::memcpy(buffers_.outgoing_.data() + buffers_.outgoing_bytes_, record.data(), record.size());
      buffers_.outgoing_bytes_ += record.size();
    } else {
      if (!send_outgoing()) return -1;
      backlog_.append(record);
    }
  } catch (const std::bad_alloc&) {
    error_ = ENOMEM;
    return -1;
  }
  return static_cast<int>(record.size());
}

/// What the kernel does not take waits. False, and it is lost, where the socket has failed.
bool TlsStream::send_outgoing() {
  const auto bytes = std::span(buffers_.outgoing_).first(std::exchange(buffers_.outgoing_bytes_, 0));
  if (bytes.empty()) return error_ == 0;
  if (error_ != 0) return false;
  iovec piece{bytes.data(), bytes.size()};
  const IoResult result = net::transmit(socket_, {&piece, 1});
  if (result.state == IoResult::State::failed) {
    error_ = result.error;
  } else if (result.bytes < bytes.size()) {
    try {
      backlog_.append(bytes.subspan(result.bytes));
    } catch (const std::bad_alloc&) {
      error_ = ENOMEM;
    }
  }
  return error_ == 0;
}

IoResult TlsStream::flush_backlog(int socket) {
  IoResult flushed;
  while (!backlog_.empty() && flushed.state == IoResult::State::done) {
    iovec piece{backlog_.bytes().data(), backlog_.size()};
    const IoResult result = net::transmit(socket, {&piece, 1});
    backlog_.consume(result.bytes);
    flushed.bytes += result.bytes;
    flushed.state = result.bytes != 0 && !backlog_.empty() ? IoResult::State::would_block : result.state;
    flushed.error = result.error;
  }
  return flushed;
}

// ---- Reading

IoResult TlsStream::receive(int socket, std::span<std::byte> room) {
  if (broken_) return broken_result();
  reading_waits_ = backlog_.size() > kMostBacklogBytes;
  if (reading_waits_) return {.state = IoResult::State::would_block};
  Call call(*this, socket, std::min(room.size(), kMostWireBytes));
  if (established_) become_busy();
  IoResult result = established_ || shake_hands() ? read_plaintext(room) : failed(-1);
  result.wire_bytes = wire_bytes_;
  if (call.finish() || result.state == IoResult::State::end || result.state == IoResult::State::failed) return result;
  // That nothing can be sent is told when all that has come was used: an answer to our Close may be there.
  if (result.bytes == 0 && !result.more) return {.state = IoResult::State::failed, .error = error_};
  result.more = true;
  return result;
}

bool TlsStream::shake_hands() {
  established_ = SSL_do_handshake(ssl_.get()) == 1;
  return established_;
}

/// Until the room is full or nothing more is here. What has come is used before its end, or what failed, is told.
IoResult TlsStream::read_plaintext(std::span<std::byte> room) {
  std::size_t got = 0;
  while (got < room.size()) {
    std::size_t size = 0;
    if (SSL_read_ex(ssl_.get(), room.data() + got, room.size() - got, &size) != 1) {
      const IoResult stopped = failed(0);
      if (got == 0) return stopped;
      const bool over = stopped.state == IoResult::State::end || stopped.state == IoResult::State::failed;
      return {.more = over || stopped.more, .bytes = got};
    }
    got += size;
    // OpenSSL would ask read_socket once more, only to be told so.
    if (drained_ && SSL_has_pending(ssl_.get()) == 0) return {.more = false, .bytes = got};
  }
  return {.more = true, .bytes = got};
}

/// What it means that OpenSSL did not do what it was asked for.
IoResult TlsStream::failed(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      // A short read says only that the socket is empty now; its end may be behind.
      if (wire_bytes_ == 0) return {.state = IoResult::State::would_block};
      return {.more = !drained_};
    case SSL_ERROR_ZERO_RETURN:
      return {.state = IoResult::State::end};
    default:
      break;
  }
  broken_ = true;
  if (ended_) {
    failure_ = established_ ? "the TLS connection was cut off without close_notify"
                            : failure_of("the connection ended inside the handshake");
  } else if (error_ == 0 && !met_plain_http_) {
    failure_ = failure_of(explanation_.empty() ? tls_reason(ssl_.get()) : explanation_);
  }
  ERR_clear_error();
  return broken_result();
}

void TlsStream::explain(std::string_view reason, std::string_view name) noexcept {
  try {
    explanation_.assign(reason).append(" \"").append(name).append("\"");
  } catch (const std::bad_alloc&) {
    explanation_.clear();
  }
}

std::string TlsStream::failure_of(std::string_view reason) const {
  std::string text = "TLS ";
  if (!context_->is_server()) text.append("with ").append(peer_.host).append(" ");
  return text.append("failed: ").append(reason);
}

IoResult TlsStream::broken_result() const {
  if (ended_ && error_ == 0) return {.state = IoResult::State::end};
  return {.state = IoResult::State::failed, .error = error_ != 0 ? error_ : EPROTO};
}

// ---- Writing

IoResult TlsStream::transmit(int socket, std::span<const iovec> pieces) {
  if (broken_ || output_closed_) return {.state = IoResult::State::failed, .error = error_ != 0 ? error_ : EPIPE};
  if (!established_) return {.state = IoResult::State::would_block};
  if (const IoResult flushed = flush_backlog(socket); flushed.state != IoResult::State::done) {
    return {.state = flushed.state, .error = flushed.error};
  }
  Call call(*this, socket);
  const std::size_t taken = encrypt(pieces);
  if (!call.finish() || broken_) return {.state = IoResult::State::failed, .error = error_ != 0 ? error_ : EPROTO};
  return {.bytes = taken};
}

/// In records as full as can be: whole ones from where they lie, smaller pieces gathered into one. Ends early when the
/// kernel takes no more. Answers how much was taken.
std::size_t TlsStream::encrypt(std::span<const iovec> pieces) {
  constexpr std::size_t kRecord = TlsBuffers::kRecordBytes;
  std::size_t taken = 0;
  std::size_t gathered = 0;
  for (const iovec& piece : pieces) {
    std::span rest(static_cast<const std::byte*>(piece.iov_base), piece.iov_len);
    while (!rest.empty() && backlog_.empty()) {
      const auto part = rest.first(std::min(rest.size(), kRecord - gathered));
      rest = rest.subspan(part.size());
      if (part.size() == kRecord) {
        if (!write_record(part)) return taken;
        taken += kRecord;
        continue;
      }
      std::memcpy(buffers_.gathered_.data() + gathered, part.data(), part.size());
      gathered += part.size();
      if (gathered < kRecord) continue;
      if (!write_record(buffers_.gathered_)) return taken;
      taken += std::exchange(gathered, 0);
    }
  }
  if (gathered != 0 && write_record(std::span(buffers_.gathered_).first(gathered))) taken += gathered;
  return taken;
}

bool TlsStream::write_record(std::span<const std::byte> plaintext) {
  std::size_t written = 0;
  if (SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &written) == 1) return true;
  static_cast<void>(failed(0));
  broken_ = true;
  return false;
}

void TlsStream::close_output(int socket) {
  if (!established_ || broken_ || output_closed_) return;
  output_closed_ = true;
  const Call call(*this, socket);
  static_cast<void>(SSL_shutdown(ssl_.get()));
}

// ---- What became of it

TlsInfo TlsStream::info() const {
  const auto text = [](const char* value) { return std::string(value != nullptr ? value : ""); };
  TlsInfo info;
  info.version = SSL_get_version(ssl_.get());
  if (const SSL_CIPHER* const cipher = SSL_get_current_cipher(ssl_.get())) {
    info.cipher = text(SSL_CIPHER_standard_name(cipher));
  }
  info.server_name = text(SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name));
  if (const X509* const certificate = SSL_get0_peer_certificate(ssl_.get())) {
    info.peer_subject = name_text(X509_get_subject_name(certificate));
  }
  return info;
}

}  // namespace mote::net

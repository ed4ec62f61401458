#include "tests/model/far_server.h"

#include <unistd.h>

#include <utility>

#include "tests/fault/credentials.h"
#include "tests/model/options.h"

namespace mote::model {
namespace {

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// Of an authority that nobody trusts.
const test::Identity& stranger() {
  static const test::Identity made = test::any_identity();
  return made;
}

}  // namespace

FarServer::FarServer(House& house, Random& random, unsigned number, const fault::Address& address)
    : FarEnd(house, random, number, Role::server), ends_tcp_(!random.one_in(6)) {
  if (random.one_in(10)) presence_ = random.one_in(2) ? Presence::late : Presence::crowded;
  if (random.one_in(10)) presence_ = Presence::absent;
  if (house.secure && random.one_in(8)) presence_ = random.one_in(2) ? Presence::stranger : Presence::no_tls;
  if (opening_ == Opening::wrong) wrong_ = &wrong_answers()[random.below(wrong_answers().size())];
  if (presence_ == Presence::late || presence_ == Presence::crowded)
    accepts_ms_ = House::now_ms() + static_cast<std::int64_t>(random.below(7'000));
  if (presence_ != Presence::absent) {
    const bool crowded = presence_ == Presence::crowded;
    listener_ = std::make_unique<fault::FarListener>(address, crowded ? 0 : fault::FarListener::kBacklog);
    if (crowded) house.require(crowd_.connect(address), "the test cannot crowd its own listener");
  } else {
    ::unlink(address.file.c_str());
    if (random.one_in(2)) fault::FarListener::leave_file(address);
  }
}

bool FarServer::prepare() {
  if (listener_ == nullptr || House::now_ms() < accepts_ms_) return false;
  const int accepted = listener_->accept();
  if (accepted < 0) return false;
  if (crowd_.connected()) {
    note("has a place for others");
    ::close(accepted);
    crowd_.close();
    return true;
  }
  note("accepts");
  wire_.adopt(accepted);
  listener_.reset();
  accepted_ = true;
  began_ms_ = House::now_ms();
  secure();
  return true;
}

void FarServer::secure() {
  if (!house_.secure) return;
  if (presence_ == Presence::no_tls) return wire_.write("no TLS here\r\n");
  const bool known = presence_ != Presence::stranger;
  wire_.secure(test::TlsEngine::Side::server, {.max_version = random_.one_in(3) ? TLS1_2_VERSION : 0,
                                               .identity = known ? fault::credentials().server : stranger()});
}

void FarServer::hear_opening() {
  if (heard_request_) return;
  const auto head = fault::read_head(heard_);
  if (!head) return;
  heard_.erase(0, head->size());
  heard_request_ = true;
  house_.require(head->starts_with("GET /" + std::to_string(number()) + " HTTP/1.1\r\n"), "the request is another");
  house_.require(heard_.empty(), "something was sent before the opening handshake was done");
  answer(*head);
  if (opening_ != Opening::in_parts) give_opening();
}

void FarServer::answer(const std::string& head) {
  const std::string accept = fault::accept_value(fault::field_of(head, "Sec-WebSocket-Key"));
  if (wrong_ != nullptr) {
    words_ = wrong_->bytes;
    if (const auto place = words_.find('@'); place != std::string::npos) words_.replace(place, 1, accept);
    return note("has a wrong answer: " + wrong_->name);
  }
  if (random_.one_in(10)) words_ = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
  words_ += right_answer(accept);
  const std::string offer = fault::field_of(head, "Sec-WebSocket-Extensions");
  if (!offer.empty() && !random_.one_in(4)) words_ += extensions(offer);
  words_ += "\r\n";
  if (opening_ == Opening::silent) words_.resize(random_.below(words_.size()));
}

/// Accepts permessage-deflate. What the client asked of this end it must promise; the rest is its choice.
std::string FarServer::extensions(const std::string& offer) {
  std::string line = "Sec-WebSocket-Extensions: permessage-deflate";
  const bool own_anew = has(offer, "server_no_context_takeover") || random_.one_in(2);
  const bool says_clients_anew = random_.one_in(3);
  const bool clients_anew = has(offer, "client_no_context_takeover") || says_clients_anew;
  if (own_anew) line += "; server_no_context_takeover";
  if (says_clients_anew) line += "; client_no_context_takeover";
  const auto context = [](bool anew) { return anew ? Speech::Context::anew : Speech::Context::taken_over; };
  agree_on_compression(context(own_anew), context(clients_anew));
  return line + "\r\n";
}

/// It is the server that ends TCP when the closing handshake is done (RFC 6455 §7.1.1).
void FarServer::rest() {
  if (ends_tcp_ && !half_closed() && close_exchanged()) finish();
}

void FarServer::drop() {
  const bool listened = std::exchange(listener_, nullptr) != nullptr;
  if (listened && presence_ != Presence::crowded) presence_ = Presence::absent;
  crowd_.close();
  FarEnd::drop();
}

void FarServer::retire() {
  if (!wire_.connected()) drop();
}

/// Who waits for a place in the backlog asks for it now and then only.
bool FarServer::has_failed() const {
  if (presence_ == Presence::crowded && !accepted_) return false;
  if (presence_ == Presence::absent || left()) return true;
  if (!wire_.connected() || !all_written()) return false;
  if (presence_ == Presence::no_tls) return true;
  return given_ && opening_ == Opening::wrong;
}

std::int64_t FarServer::longest_way_ms() const { return presence_ == Presence::crowded ? kConnectTimeout.count() : 0; }

bool FarServer::explains(ErrorKind kind, int status) const {
  switch (kind) {
    case ErrorKind::connect:
      return presence_ == Presence::absent || presence_ == Presence::crowded;
    case ErrorKind::tls:
      if (!house_.secure) return false;
      return presence_ == Presence::stranger || presence_ == Presence::no_tls || left();
    case ErrorKind::handshake:
      return wrong_ != nullptr && heard_request_ && wrong_->status == status;
    case ErrorKind::transport:
      return left();
    default:
      return false;
  }
}

}  // namespace mote::model

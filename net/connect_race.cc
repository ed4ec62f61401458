#include "net/connect_race.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <utility>

#include "core/log.h"
#include "net/socket_address.h"
#include "net/timer.h"
#include "proto/ascii.h"

namespace mote::net {
namespace {

constexpr std::chrono::milliseconds kAttemptDelay{250};  // RFC 8305 §8: recommended

/// A name without regard to case; an address however it was written.
std::string permit_key(const std::string& host, std::uint16_t port) {
  LookupAnswer literal = look_up_literal(host);
  if (!literal.addresses.empty()) {
    set_port(literal.addresses.front(), port);
    return PeerAddress(literal.addresses.front()).to_string();
  }
  std::string name = host;
  std::transform(name.begin(), name.end(), name.begin(), proto::to_lower);
  return host_and_port(name, port);
}

std::string_view family_name(const sockaddr_storage& address) {
  return address.ss_family == AF_INET6 ? "IPv6" : "IPv4";
}

}  // namespace

ConnectRace::ConnectRace(core::Reactor& reactor, Resolver& resolver, HandshakeGate& gate, ConnectPlan plan,
                         Connector::Done done)
    : reactor_(reactor), resolver_(resolver), gate_(gate), plan_(std::move(plan)), done_(std::move(done)) {
  plan_.timeout = std::min(plan_.timeout, kAges);
}

void ConnectRace::start() {
  reactor_.arm(*this, plan_.timeout);  // before `now`, which this brings up to date outside of a turn
  deadline_ = reactor_.now() + plan_.timeout;
  reactor_.make_ready(*this);
}

void ConnectRace::cancel() {
  stage_ = Stage::over;
  request_.cancel();
  for (ConnectAttempt* const attempt : attempts_) attempt->stop();
  attempts_.clear();
  if (talk_ != nullptr) std::exchange(talk_, nullptr)->stop();
  permit_.release();
  reactor_.remove(*this);
}

/// Nothing is thrown into the reactor, the resolver or the gate.
template <class Call>
void ConnectRace::guarded(Call&& call) {
  if (stage_ == Stage::over) return;
  try {
    call();
  } catch (const std::exception& exception) {
    ConnectResult failed;
    failed.error = exception.what();
    finish(std::move(failed));
  }
}

// ---- Stages

void ConnectRace::on_ready() {
  guarded([this] { begin(); });
}

void ConnectRace::begin() {
  choices_.tcp_no_delay = plan_.tcp_no_delay;
  if (!plan_.unix_socket.empty()) {
    const auto address = unix_address(plan_.unix_socket);
    return address ? take_addresses({*address}) : fail("the system takes no such path for a socket");
  }
  if (!plan_.bind_address.empty()) {
    const LookupAnswer bind = look_up_literal(plan_.bind_address);
    if (bind.addresses.empty()) {
      return fail(std::string("bind_address \"").append(plan_.bind_address).append("\" is not an IP address"));
    }
    choices_.bind = bind.addresses.front();
  }
  if (!has_proxy()) return resolve();
  permit_ = gate_.enter(permit_key(plan_.host, plan_.port), [this] { guarded([this] { resolve(); }); });
  if (permit_.held()) resolve();
}

void ConnectRace::resolve() {
  stage_ = Stage::name;
  request_ = resolver_.resolve(has_proxy() ? plan_.proxy.host : plan_.host,
                               [this](const LookupAnswer& answer) { guarded([&] { resolved(answer); }); });
}

void ConnectRace::resolved(const LookupAnswer& answer) {
  if (answer.addresses.empty()) {
    ConnectResult failed;
    failed.error = answer.error;
    return finish(std::move(failed));
  }
  take_addresses(interleaved(answer.addresses));
}

void ConnectRace::take_addresses(const std::vector<sockaddr_storage>& addresses) {
  stage_ = Stage::attempts;
  for (sockaddr_storage address : addresses) {
    if (choices_.bind && address.ss_family != choices_.bind->ss_family) continue;
    if (address.ss_family != AF_UNIX) set_port(address, has_proxy() ? plan_.proxy.port : plan_.port);
    addresses_.push_back(address);
  }
  attempts_.reserve(addresses_.size());
  if (!addresses_.empty()) return next_attempt();
  std::string reason("it has no ");
  reason.append(family_name(*choices_.bind)).append(" address, as bind_address ").append(plan_.bind_address);
  fail(reason.append(" needs"));
}

void ConnectRace::next_attempt() {
  next_at_.reset();
  if (tried_ == addresses_.size()) {
    if (attempts_.empty()) fail_with_all_reasons();
    return;
  }
  AttemptOwner& owner = *this;
  auto added = std::make_unique<ConnectAttempt>(reactor_, owner, addresses_[tried_++], choices_);
  ConnectAttempt& attempt = *added;
  reactor_.add(std::move(added));
  attempts_.push_back(&attempt);
  if (tried_ != addresses_.size()) next_at_ = reactor_.now() + kAttemptDelay;
  arm_timer();
  const bool permitted = has_proxy() || !plan_.unix_socket.empty();
  attempt.start(permitted ? nullptr : &gate_);
}

void ConnectRace::attempt_ended(ConnectAttempt& attempt, int error) {
  guarded([&] {
    if (error == 0) return connected(attempt);
    note_failure(attempt.address(), core::errno_text(error));
    std::erase(attempts_, &attempt);
    attempt.stop();
    next_attempt();
  });
}

void ConnectRace::connected(ConnectAttempt& winner) {
  next_at_.reset();
  arm_timer();
  peer_ = PeerAddress(winner.address());
  Descriptor socket = winner.take_socket();
  if (!has_proxy()) permit_ = winner.take_permit();
  for (ConnectAttempt* const attempt : std::exchange(attempts_, {})) attempt->stop();
  if (has_proxy()) return talk_to_proxy(std::move(socket));
  finish({std::move(socket), peer_, std::move(permit_), {}});
}

void ConnectRace::talk_to_proxy(Descriptor socket) {
  stage_ = Stage::proxy;
  ProxyTalkOwner& owner = *this;
  auto talk = std::make_unique<ProxyTalk>(reactor_, owner, std::move(socket), *plan_.proxy.dialogue);
  ProxyTalk& added = *talk;
  reactor_.add(std::move(talk));
  talk_ = &added;
  const int error = reactor_.attach(added, added.descriptor(), core::Reactor::kReadWrite);
  if (error != 0) fail(core::errno_text(error));
}

void ConnectRace::talk_ended(std::string failure) {
  guarded([&] {
    if (!failure.empty()) return fail(failure);
    finish({talk_->take_socket(), peer_, std::move(permit_), {}});
  });
}

// ---- Time

void ConnectRace::arm_timer() {
  const milliseconds until = next_at_ ? std::min(*next_at_, deadline_) : deadline_;
  reactor_.arm(*this, until - reactor_.now());
}

void ConnectRace::on_timer() {
  guarded([this] {
    if (reactor_.now() >= deadline_) return time_out();
    if (next_at_ && reactor_.now() >= *next_at_) return next_attempt();
    arm_timer();
  });
}

void ConnectRace::time_out() {
  const std::string limit = std::to_string(plan_.timeout.count()).append(" ms");
  switch (stage_) {
    case Stage::permit:
      return fail("other handshakes with it took longer than " + limit);
    case Stage::name:
      return fail("its address was not found within " + limit);
    case Stage::proxy:
      return fail("proxy: no answer within " + limit);
    default:
      for (const ConnectAttempt* const attempt : attempts_) {
        note_failure(attempt->address(), attempt->connecting() ? "no answer within " + limit
                                                               : "other handshakes took longer than " + limit);
      }
      fail_with_all_reasons();
  }
}

// ---- The end

std::string ConnectRace::where() const {
  if (!plan_.unix_socket.empty()) return plan_.unix_socket;
  std::string text = host_and_port(plan_.host, plan_.port);
  if (has_proxy()) text.append(" through ").append(host_and_port(plan_.proxy.host, plan_.proxy.port));
  return text;
}

void ConnectRace::note_failure(const sockaddr_storage& address, std::string_view reason) {
  const std::string ip = PeerAddress(address).ip();
  const auto same = std::find_if(failures_.begin(), failures_.end(), [&](const auto& f) { return f.reason == reason; });
  if (same == failures_.end()) {
    failures_.push_back({std::string(reason), ip});
  } else {
    same->addresses.append(", ").append(ip);
  }
}

void ConnectRace::fail_with_all_reasons() {
  std::string text;
  for (const Failure& failure : failures_) {
    if (!text.empty()) text.append("; ");
    if (!failure.addresses.empty()) text.append(failure.addresses).append(": ");
    text.append(failure.reason);
  }
  fail(text);
}

void ConnectRace::fail(std::string_view reason) {
  ConnectResult failed;
  failed.error.append("cannot connect to ").append(where()).append(": ").append(reason);
  finish(std::move(failed));
}

void ConnectRace::finish(ConnectResult result) {
  const Connector::Done done = std::move(done_);
  cancel();
  done(std::move(result));
}

// ---- Connector

Connector::Connector(core::Reactor& reactor, Resolver& resolver, HandshakeGate& gate, ConnectPlan plan, Done done)
    : reactor_(reactor) {
  auto race = std::make_unique<ConnectRace>(reactor, resolver, gate, std::move(plan), std::move(done));
  ConnectRace& added = *race;
  reactor.add(std::move(race));
  race_ = added.token();
  added.start();
}

Connector::~Connector() {
  if (core::Source* const race = reactor_.find(race_)) static_cast<ConnectRace*>(race)->cancel();
}

}  // namespace mote::net

#include "net/address_ledger.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "core/random.h"

namespace mote::net {
namespace {

constexpr std::int64_t kOneHandshake = 1000;
constexpr std::int64_t kRestMs = 2000;  // in which credit grows from the least to the most

std::uint64_t random_secret() {
  std::uint64_t secret = 0;
  core::fill_random(std::as_writable_bytes(std::span(&secret, 1)));
  return secret | 1;
}

}  // namespace

/// Clients choose the keys, and must not be able to choose those that collide.
std::size_t AddressLedger::Hash::operator()(const Key& key) const {
  std::uint64_t mixed = (key.bits ^ static_cast<std::uint64_t>(key.family)) * secret;
  mixed = (mixed ^ (mixed >> 32)) * (secret ^ 0x9E37'79B9'7F4A'7C15);
  return static_cast<std::size_t>(mixed ^ (mixed >> 29));
}

AddressLedger::Place& AddressLedger::Place::operator=(Place&& other) noexcept {
  if (this != &other) {
    release();
    ledger_ = std::exchange(other.ledger_, nullptr);
    address_ = other.address_;
  }
  return *this;
}

void AddressLedger::Place::release() {
  if (ledger_ != nullptr) std::exchange(ledger_, nullptr)->leave(address_);
}

AddressLedger::AddressLedger(const Limits& limits) : limits_(limits), records_(0, Hash{random_secret()}) {}

AddressLedger::Key AddressLedger::key_of(const proto::IpAddress& address) {
  Key key{0, address.family};
  std::memcpy(&key.bits, address.octets.data(), address.family == proto::IpAddress::Family::ipv4 ? 4 : 8);
  return key;
}

std::int64_t AddressLedger::most_credit() const {
  return static_cast<std::int64_t>(limits_.handshakes_per_second.value_or(0)) * kOneHandshake;
}

void AddressLedger::refill(Record& record, std::int64_t now_ms) const {
  const std::int64_t passed = std::min(now_ms - record.at_ms, kRestMs);
  const std::int64_t earned = passed * (most_credit() / kOneHandshake);  // a thousandth for each millisecond and unit
  record.credit = std::min(record.credit + earned, most_credit());
  record.at_ms = now_ms;
}

AddressLedger::Verdict AddressLedger::judge(const Record& record) const {
  if (limits_.connections && record.connections / 2 >= *limits_.connections) return Verdict::drop;
  if (limits_.handshakes_per_second && record.credit - kOneHandshake < -most_credit()) return Verdict::drop;
  if (limits_.connections && record.connections >= *limits_.connections) return Verdict::too_many_connections;
  if (limits_.handshakes_per_second && record.credit < kOneHandshake) return Verdict::too_many_handshakes;
  return Verdict::admitted;
}

AddressLedger::Entry AddressLedger::enter(const proto::IpAddress& address, std::int64_t now_ms) {
  if (!limits_anything() || address.family == proto::IpAddress::Family::none) return {};
  forget_rested(now_ms);
  const auto [found, made] = records_.try_emplace(key_of(address));
  Record& record = found->second;
  if (made) {
    record.credit = most_credit();
    record.at_ms = now_ms;
  }
  refill(record, now_ms);
  const Verdict verdict = judge(record);
  if (verdict == Verdict::drop) {
    if (record.idle) idle_.splice(idle_.end(), idle_, *record.idle);
    return {verdict, {}};
  }
  if (record.idle) idle_.erase(*std::exchange(record.idle, std::nullopt));
  ++record.connections;
  record.credit -= kOneHandshake;
  return {verdict, Place(*this, address)};
}

void AddressLedger::leave(const proto::IpAddress& address) {
  const auto found = records_.find(key_of(address));
  if (found == records_.end() || found->second.connections == 0) return;
  if (--found->second.connections == 0) rest(found);
}

/// What is remembered of an address without connections is how many handshakes it has left. Where there is no memory
/// for the list it is forgotten.
void AddressLedger::rest(Records::iterator record) {
  if (!limits_.handshakes_per_second) {
    records_.erase(record);
    return;
  }
  try {
    record->second.idle = idle_.insert(idle_.end(), record->first);
  } catch (const std::bad_alloc&) {
    records_.erase(record);
    return;
  }
  if (idle_.size() > kMostIdle) forget_oldest();
}

void AddressLedger::forget_rested(std::int64_t now_ms) {
  while (!idle_.empty() && now_ms - records_.find(idle_.front())->second.at_ms >= kRestMs) forget_oldest();
}

void AddressLedger::forget_oldest() {
  records_.erase(idle_.front());
  idle_.pop_front();
}

}  // namespace mote::net

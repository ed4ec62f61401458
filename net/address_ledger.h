#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>
#include <utility>

#include "proto/ip_address.h"

namespace mote::net {

/// Counts connections and handshakes for each address: of IPv6 for each /64, which is what one customer has at least.
///
/// Memory: an address with connections has an entry, and one without for two seconds after its last handshake, where
/// those are limited; of the latter there are kMostIdle at most, and the one that is quiet for longest makes room.
class AddressLedger {
 public:
  struct Limits {
    std::optional<std::size_t> connections = std::nullopt;
    std::optional<std::size_t> handshakes_per_second = std::nullopt;  ///< As many may come at once.
  };
  enum class Verdict : std::uint8_t {
    admitted,
    too_many_connections,  ///< To be told so: as many more as the limit are.
    too_many_handshakes,   ///< Likewise.
    drop,                  ///< Beyond that.
  };
  /// A connection that is counted, until it is destroyed or `keep` is called.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept : ledger_(std::exchange(other.ledger_, nullptr)), address_(other.address_) {}
    Place& operator=(Place&& other) noexcept;
    ~Place() { release(); }

    /// `leave` is called by somebody else. False where it counts nothing.
    bool keep() { return std::exchange(ledger_, nullptr) != nullptr; }

   private:
    friend class AddressLedger;
    Place(AddressLedger& ledger, const proto::IpAddress& address) : ledger_(&ledger), address_(address) {}
    void release();

    AddressLedger* ledger_ = nullptr;
    proto::IpAddress address_;
  };
  struct Entry {
    Verdict verdict = Verdict::admitted;
    Place place;  // of one that is not dropped, where anything is limited
  };

  static constexpr std::size_t kMostIdle = 65'536;

  explicit AddressLedger(const Limits& limits);
  AddressLedger(const AddressLedger&) = delete;
  AddressLedger& operator=(const AddressLedger&) = delete;

  [[nodiscard]] bool limits_anything() const { return limits_.connections || limits_.handshakes_per_second; }
  /// One more connection, with a handshake. `now_ms`: monotonic. Throws std::bad_alloc.
  [[nodiscard]] Entry enter(const proto::IpAddress& address, std::int64_t now_ms);
  /// One that was counted has ended.
  void leave(const proto::IpAddress& address);
  /// That something is remembered of.
  [[nodiscard]] std::size_t addresses() const { return records_.size(); }

 private:
  struct Key {
    std::uint64_t bits;
    proto::IpAddress::Family family;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::uint64_t secret;
    std::size_t operator()(const Key& key) const;
  };
  struct Record {
    std::size_t connections = 0;
    std::int64_t credit = 0;  // thousandths of a handshake, between minus the limit and the limit
    std::int64_t at_ms = 0;   // when that was so
    std::optional<std::list<Key>::iterator> idle;
  };
  using Records = std::unordered_map<Key, Record, Hash>;

  static Key key_of(const proto::IpAddress& address);
  [[nodiscard]] Verdict judge(const Record& record) const;
  [[nodiscard]] std::int64_t most_credit() const;
  void refill(Record& record, std::int64_t now_ms) const;
  void rest(Records::iterator record);
  void forget_rested(std::int64_t now_ms);
  void forget_oldest();

  const Limits limits_;
  Records records_;
  std::list<Key> idle_;  // without connections, the one that has been so for longest first
};

}  // namespace mote::net

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <mote/callback.h>

#include "core/reactor.h"
#include "net/lookup_crew.h"

namespace mote::net {

/// Host names to addresses, without blocking the reactor: names are looked up on a LookupCrew's threads; addresses, and
/// `localhost` and names below it (RFC 6761 §6.3: loopback, whatever a DNS server says), need none.
///
/// On the reactor's thread. Destroyed before the reactor; that never waits for a look-up, and ends all requests.
class Resolver {
  class Desk;

 public:
  /// One of the two is empty; the error is a whole text: `cannot resolve "host": Name or service not known`.
  using Answered = Callback<void(const LookupAnswer& answer)>;

  /// A question that was asked. When it is destroyed the answer is dropped.
  class Request {
   public:
    Request() = default;
    Request(Request&& other) noexcept = default;
    Request& operator=(Request&& other) noexcept;
    ~Request() { cancel(); }
    void cancel();

   private:
    friend class Resolver;
    Request(std::shared_ptr<Desk> desk, std::string host, std::uint64_t number);

    std::shared_ptr<Desk> desk_;
    std::string host_;
    std::uint64_t number_ = 0;
  };

  /// `lookup`: see LookupCrew. Throws std::bad_alloc.
  explicit Resolver(const core::Reactor& reactor, LookupCrew::Lookup lookup = look_up);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// Calls `answered` once, from the reactor and never before this has returned. Those who ask for the same name at the
  /// same time share a look-up. `answered` must not throw. Throws std::bad_alloc.
  [[nodiscard]] Request resolve(std::string_view host, Answered answered);

 private:
  std::shared_ptr<Desk> desk_;
};

}  // namespace mote::net

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/reactor.h"
#include "net/connect_attempt.h"
#include "net/connector.h"
#include "net/proxy_talk.h"

namespace mote::net {

/// A Connector's side in the reactor: permit, name, attempts against each other, and the talk with the proxy.
class ConnectRace final : public core::Source, private AttemptOwner, private ProxyTalkOwner {
 public:
  ConnectRace(core::Reactor& reactor, Resolver& resolver, HandshakeGate& gate, ConnectPlan plan, Connector::Done done);

  /// Right after it was added to the reactor.
  void start();
  /// Closes everything, and removes it from the reactor.
  void cancel();

 private:
  using milliseconds = std::chrono::milliseconds;
  enum class Stage : std::uint8_t { permit, name, attempts, proxy, over };
  struct Failure {
    std::string reason;
    std::string addresses;  // those that it was the reason for
  };

  void on_events(std::uint32_t) override {}
  void on_ready() override;
  void on_timer() override;
  void attempt_ended(ConnectAttempt& attempt, int error) override;
  void talk_ended(std::string failure) override;

  template <class Call>
  void guarded(Call&& call);
  void begin();
  void resolve();
  void resolved(const LookupAnswer& answer);
  void take_addresses(const std::vector<sockaddr_storage>& addresses);
  void next_attempt();
  void connected(ConnectAttempt& winner);
  void talk_to_proxy(Descriptor socket);
  void arm_timer();
  void time_out();

  [[nodiscard]] bool has_proxy() const { return plan_.proxy.dialogue != nullptr; }
  [[nodiscard]] std::string where() const;
  void note_failure(const sockaddr_storage& address, std::string_view reason);
  void fail_with_all_reasons();
  void fail(std::string_view reason);
  void finish(ConnectResult result);

  core::Reactor& reactor_;
  Resolver& resolver_;
  HandshakeGate& gate_;
  ConnectPlan plan_;
  Connector::Done done_;
  Stage stage_ = Stage::permit;
  milliseconds deadline_{0};
  std::optional<milliseconds> next_at_;  // when another address is tried beside those under way
  SocketChoices choices_;
  HandshakePermit permit_;  // with a proxy from the beginning, else of the attempt that won
  Resolver::Request request_;
  std::vector<sockaddr_storage> addresses_;
  std::size_t tried_ = 0;                  // so many of them
  std::vector<ConnectAttempt*> attempts_;  // those under way
  std::vector<Failure> failures_;
  PeerAddress peer_;
  ProxyTalk* talk_ = nullptr;
};

}  // namespace mote::net

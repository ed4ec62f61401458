#include "net/handshake_gate.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/timer.h"

namespace mote::net {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kHere = "192.0.2.1:80";
constexpr std::string_view kThere = "192.0.2.2:80";

/// Runs what is given, one step in each turn, and then stops.
void run_steps(core::Reactor& reactor, std::vector<std::function<void()>> steps) {
  struct Driver final : core::Source {
    Driver(core::Reactor& its_reactor, std::vector<std::function<void()>> all)
        : reactor(its_reactor), steps(std::move(all)) {}
    void on_events(std::uint32_t) override {}
    void on_ready() override {
      if (next == steps.size()) return reactor.stop();
      reactor.make_ready(*this);
      steps[next++]();
    }
    core::Reactor& reactor;
    std::vector<std::function<void()>> steps;
    std::size_t next = 0;
  };
  auto driver = std::make_unique<Driver>(reactor, std::move(steps));
  Driver& added = *driver;
  reactor.add(std::move(driver));
  reactor.make_ready(added);
  reactor.run();
}

/// Somebody who wants to connect: writes its name into `order` when it has waited for its permit.
struct Client {
  Client(HandshakeGate& gate, std::string its_name, std::string& order, std::string_view address = kHere)
      : name(std::move(its_name)), permit(gate.enter(address, [this, &order] {
          order += name;
          EXPECT_TRUE(permit.held());
          if (when_granted) when_granted();
        })) {}

  std::string name;
  std::function<void()> when_granted;
  HandshakePermit permit;
};

TEST(HandshakeGate, LetsOneHandshakeAtATimeGoOnWithAnAddressInOrderOfArrival) {  // checklist 63
  core::Reactor reactor;
  HandshakeGate gate(reactor, 1);
  std::string order;
  Client a(gate, "a", order);
  Client b(gate, "b", order);
  Client c(gate, "c", order);
  Client d(gate, "d", order);
  EXPECT_TRUE(a.permit.held()) << "at once, without a call";
  EXPECT_FALSE(b.permit.held());
  run_steps(reactor, {[&] { EXPECT_EQ(order, ""); },
                      [&] {
                        a.permit.release();
                        EXPECT_EQ(order, "") << "never within a call";
                        EXPECT_FALSE(b.permit.held());
                      },
                      [] {}, [&] { EXPECT_EQ(order, "b"); },
                      [&] {
                        EXPECT_EQ(order, "b") << "b has not let go";
                        b.permit.release();
                      },
                      [] {}, [&] { EXPECT_EQ(order, "bc"); }, [&] { c.permit.release(); }, [] {},
                      [&] { EXPECT_TRUE(d.permit.held()); }});
  EXPECT_EQ(order, "bcd");
}

TEST(HandshakeGate, AddressesAndPortsDoNotWaitForEachOther) {  // checklist 63
  core::Reactor reactor;
  HandshakeGate gate(reactor, 1);
  const auto refuse = [] { FAIL(); };
  const HandshakePermit here = gate.enter(kHere, refuse);
  const HandshakePermit there = gate.enter(kThere, refuse);
  const HandshakePermit port = gate.enter("192.0.2.1:81", refuse);
  EXPECT_TRUE(here.held());
  EXPECT_TRUE(there.held());
  EXPECT_TRUE(port.held());
  EXPECT_EQ(gate.busy_addresses(), 3U);
}

TEST(HandshakeGate, LetsAsManyInAsItsLimitSays) {
  core::Reactor reactor;
  HandshakeGate gate(reactor, 3);
  std::string order;
  std::vector<std::unique_ptr<Client>> clients;
  for (const char* const name : {"a", "b", "c", "d", "e", "f", "g"}) {
    clients.push_back(std::make_unique<Client>(gate, name, order));
  }
  for (std::size_t i = 0; i < clients.size(); ++i) EXPECT_EQ(clients[i]->permit.held(), i < 3) << i;
  run_steps(reactor, {[&] {
                        clients[0].reset();
                        clients[2].reset();
                      },
                      [] {}, [] {}, [] {}, [&] { EXPECT_EQ(order, "de"); }, [&] { clients.clear(); }, [] {}});
  EXPECT_EQ(order, "de");
  EXPECT_EQ(gate.busy_addresses(), 0U) << "what nobody waits for is forgotten";
}

TEST(HandshakeGate, WhoStopsWaitingIsSkipped) {
  core::Reactor reactor;
  HandshakeGate gate(reactor, 1);
  std::string order;
  std::optional<Client> a(std::in_place, gate, "a", order);
  std::optional<Client> b(std::in_place, gate, "b", order);
  std::optional<Client> c(std::in_place, gate, "c", order);
  Client d(gate, "d", order);
  run_steps(reactor, {[&] { b.reset(); },
                      [&] {
                        a.reset();
                        c.reset();  // after it was c's turn already
                      },
                      [] {}, [] {}});
  EXPECT_EQ(order, "d");
}

TEST(HandshakeGate, WhoComesWhileTheLineMovesGoesToItsEnd) {
  core::Reactor reactor;
  HandshakeGate gate(reactor, 1);
  std::string order;
  std::optional<Client> a(std::in_place, gate, "a", order);
  Client b(gate, "b", order);
  std::optional<Client> late;
  run_steps(reactor, {[&] {
                        a.reset();  // the place is free, and b does not know it yet
                        late.emplace(gate, "l", order);
                        EXPECT_FALSE(late->permit.held());
                      },
                      [] {}, [&] { b.permit.release(); }, [] {}, [] {}});
  EXPECT_EQ(order, "bl");
}

TEST(HandshakeGate, WhoIsGrantedMayLetGoAndEndOthersAtOnce) {
  core::Reactor reactor;
  HandshakeGate gate(reactor, 1);
  std::string order;
  std::optional<Client> a(std::in_place, gate, "a", order);
  std::optional<Client> b(std::in_place, gate, "b", order);
  std::optional<Client> c(std::in_place, gate, "c", order);
  std::optional<Client> d(std::in_place, gate, "d", order);
  b->when_granted = [&] {
    c.reset();
    b->permit.release();
  };
  d->when_granted = [&] { d->permit.release(); };
  run_steps(reactor, {[&] { a.reset(); }, [] {}, [] {}, [] {}, [] {}});
  EXPECT_EQ(order, "bd");
  EXPECT_EQ(gate.busy_addresses(), 0U);
}

TEST(HandshakeGate, SeveralAddressesMoveOnInOneTurn) {
  core::Reactor reactor;
  HandshakeGate gate(reactor, 1);
  std::string order;
  std::vector<std::unique_ptr<Client>> first;
  std::vector<std::unique_ptr<Client>> second;
  for (int i = 0; i < 20; ++i) {
    const std::string address = "192.0.2." + std::to_string(i) + ":80";
    first.push_back(std::make_unique<Client>(gate, "!", order, address));
    second.push_back(std::make_unique<Client>(gate, "x", order, address));
  }
  run_steps(reactor, {[&] { first.clear(); }, [] {}, [&] { EXPECT_EQ(order, std::string(20, 'x')); }});
  EXPECT_EQ(gate.busy_addresses(), 20U);
}

TEST(HandshakeGate, APermitMovesAndIsGivenUpOnce) {
  core::Reactor reactor;
  HandshakeGate gate(reactor, 1);
  HandshakePermit none;
  EXPECT_FALSE(none.held());
  none.release();
  HandshakePermit one = gate.enter(kHere, [] { FAIL(); });
  HandshakePermit other = std::move(one);
  EXPECT_TRUE(other.held());
  other = gate.enter(kThere, [] { FAIL(); });  // gives up the first
  EXPECT_EQ(gate.busy_addresses(), 1U);
  EXPECT_TRUE(gate.enter(kHere, [] { FAIL(); }).held()) << "and this one at the end of the expression";
  other.release();
  other.release();
  EXPECT_EQ(gate.busy_addresses(), 0U);
}

// A session holds its permit until it is destroyed, which may be with the reactor, after the gate.
TEST(HandshakeGate, PermitsMayOutliveItAndNobodyIsCalledAnyMore) {
  std::string order;
  HandshakePermit kept;
  HandshakePermit waiting;
  {
    core::Reactor reactor;
    {
      HandshakeGate gate(reactor, 1);
      kept = gate.enter(kHere, [] { FAIL(); });
      HandshakePermit released = gate.enter(kThere, [] { FAIL(); });
      waiting = gate.enter(kThere, [] { FAIL(); });
      released.release();  // it would be the other's turn
    }
    run_steps(reactor, {[] {}, [] {}});
    EXPECT_FALSE(waiting.held());
  }
  kept.release();
}

TEST(HandshakeGate, MayBeDestroyedByWhoIsGranted) {
  core::Reactor reactor;
  auto gate = std::make_unique<HandshakeGate>(reactor, 1);
  std::string order;
  std::optional<Client> a(std::in_place, *gate, "a", order);
  std::optional<Client> b(std::in_place, *gate, "b", order);
  std::optional<Client> c(std::in_place, *gate, "c", order);
  b->when_granted = [&] {
    gate.reset();
    b->permit.release();
  };
  run_steps(reactor, {[&] { a.reset(); }, [] {}, [] {}, [] {}});
  EXPECT_EQ(order, "b");
}

}  // namespace
}  // namespace mote::net

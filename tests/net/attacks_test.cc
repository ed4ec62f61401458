// What has broken other servers, over real sockets: the peer loses its connection with the right code, the log says so
// in one line, and nobody else notices. The same on the parser alone, with every split of the bytes:
// tests/proto.

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <future>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "tests/support/feed.h"
#include "tests/support/process_facts.h"
#include "tests/support/raw_client.h"
#include "tests/support/running_server.h"

namespace mote {
namespace {

using namespace std::chrono_literals;
using test::allocated_bytes;
using test::CapturedLog;
using test::client_frame;
using test::close_frame;
using test::echo_handlers;
using test::eventually;
using test::Frame;
using test::FrameBits;
using test::Journal;
using test::open_descriptors;
using test::RawClient;
using test::RowName;
using test::RunningServer;
using test::Source;
using test::text_frame;
using test::upgrade_request;

struct Attack {
  Source source;
  std::string bytes;
  std::uint16_t code;
  EndedBy by = EndedBy::protocol_error;
};

void PrintTo(const Attack& attack, std::ostream* out) { *out << attack.source; }

/// The rule that is broken, as the log names it.
std::string rule_of(const Source& source) {
  constexpr std::string_view section_sign = "§";
  std::string rule = source.section;
  rule.resize(std::min(rule.find(','), rule.size()));
  return "(RFC " + rule.erase(rule.find(section_sign), section_sign.size()) + ')';
}

class Attacks : public testing::TestWithParam<Attack> {};

// RFC 6455 §7.1.7, §10.7, checklist 84, 91.
TEST_P(Attacks, CostTheConnectionWithTheRightCodeAndOneLogLine) {
  const CapturedLog log;
  Journal journal;
  RunningServer server(Handlers{.on_open = [](Connection& socket) { socket.send("welcome"); },
                                .on_message = [](Connection& socket, std::string_view text) { socket.send(text); },
                                .on_error =
                                    [&](Connection& socket, const Error& error) {
                                      if (socket.info().path != "/attacker") return;
                                      journal.add("error");
                                      EXPECT_EQ(error.kind(), GetParam().by == EndedBy::limit ? ErrorKind::limit
                                                                                              : ErrorKind::protocol);
                                    },
                                .on_close =
                                    [&](Connection& socket, const CloseInfo& why) {
                                      if (socket.info().path != "/attacker") return;
                                      journal.add("close");
                                      EXPECT_EQ(why.code, GetParam().code);
                                      EXPECT_EQ(why.by, GetParam().by);
                                      EXPECT_FALSE(why.clean);
                                    }});
  auto bystander = RawClient::open(server.port());
  bystander.read_frame();
  auto attacker = RawClient::open(server.port(), "/attacker");
  attacker.read_frame();
  attacker.send(text_frame("before") + GetParam().bytes);
  EXPECT_EQ(attacker.read_frame().payload, "before");
  EXPECT_EQ(attacker.read_close_code(), GetParam().code);
  EXPECT_EQ(attacker.read_to_end(), "");  // nothing that came after was processed
  EXPECT_FALSE(attacker.was_reset());
  attacker.close();
  bystander.send(text_frame("unharmed"));
  EXPECT_EQ(bystander.read_frame().payload, "unharmed");
  EXPECT_TRUE(eventually([&] { return server->connection_count() == 1; }));
  EXPECT_EQ(journal.lines(), (std::vector<std::string>{"error", "close"}));
  ASSERT_EQ(log.size(), 1U);
  EXPECT_NE(log.lines()[0].find("closed with " + std::to_string(GetParam().code)), std::string::npos) << log.lines()[0];
  EXPECT_NE(log.lines()[0].find(rule_of(GetParam().source)), std::string::npos) << log.lines()[0];
}

// The rest of the message may be received straight to where it would lie: it is dropped all the same.
TEST(Attack, OfALargeTextThatIsBrokenTheRestIsNotLookedAt) {  // RFC 6455 §7.1.7
  const CapturedLog log;
  RunningServer server(echo_handlers());
  auto attacker = RawClient::open(server.port());
  std::string text(1'000'000, 'x');
  text[300'000] = '\xFF';
  const std::string frame = text_frame(text);
  for (std::size_t at = 0; at < frame.size(); at += 50'000) {
    attacker.send(frame.substr(at, 50'000));
    server.on_thread([] {});
    server.on_thread([] {});  // what has come was read
  }
  EXPECT_EQ(attacker.read_close_code(), 1007);
  EXPECT_EQ(attacker.read_to_end(), "");
  EXPECT_EQ(log.size(), 1U);
}

std::string binary(const FrameBits& bits) { return client_frame(2, "", bits); }

std::vector<Attack> attacks() {
  constexpr std::uint64_t limit = 1024 * 1024;
  constexpr auto by_limit = EndedBy::limit;
  const std::string good = text_frame("after");
  std::string many_fragments = client_frame(1, "x", {.fin = false});
  for (int i = 0; i < 131'072; ++i) many_fragments += client_frame(0, "", {.fin = false});
  std::string endless = client_frame(2, std::string(500'000, 'x'), {.fin = false});
  endless += client_frame(0, std::string(500'000, 'x'), {.fin = false});
  return {
      {{"HighBit", "6455 §5.2, attack 1", 69}, binary({.announced = 1ULL << 63}) + good, 1002},
      {{"AllBits", "6455 §5.2, attack 1", 69}, binary({.announced = ~0ULL}) + good, 1002},
      {{"LargestLength", "6455 §10.4, attack 1", 83}, binary({.announced = (1ULL << 63) - 1}), 1009, by_limit},
      {{"OneOverTheLimit", "6455 §10.4, attack 2", 83}, binary({.announced = limit + 1}), 1009, by_limit},
      {{"TwoTo31", "6455 §10.4, attack 2", 83}, binary({.announced = 1ULL << 31}), 1009, by_limit},
      {{"TwoTo32Plus5", "6455 §10.4, attack 2", 83}, binary({.announced = (1ULL << 32) + 5}) + "hello", 1009, by_limit},
      {{"Unmasked", "6455 §5.1, attack 5", 65}, client_frame(1, "x", {.masked = false}) + good, 1002},
      {{"LengthInTwoBytesTooLong", "6455 §5.2, attack 5", 70}, client_frame(1, "x", {.length_bytes = 2}) + good, 1002},
      {{"LengthInEightBytesTooLong", "6455 §5.2, attack 5", 70},
       client_frame(1, "x", {.length_bytes = 8}) + good,
       1002},
      {{"EndlessFragments", "6455 §10.4, attack 7", 83},
       endless + client_frame(0, std::string(100'000, 'x'), {.fin = false}),
       1009,
       by_limit},
      {{"TooManyFragments", "6455 §10.4, attack 8", 83}, many_fragments, 1008, by_limit},
      {{"LongPing", "6455 §5.5, attack 11", 76}, client_frame(9, std::string(126, 'x')) + good, 1002},
      {{"FragmentedPing", "6455 §5.5, attack 11", 76}, client_frame(9, "x", {.fin = false}) + good, 1002},
      {{"PingWithReservedBit", "6455 §5.2, attack 11", 67}, client_frame(9, "x", {.reserved = 4}) + good, 1002},
      {{"TextWithReservedBit", "6455 §5.2", 67}, client_frame(1, "x", {.reserved = 1}) + good, 1002},
      {{"UnknownDataOpcode", "6455 §5.2", 68}, client_frame(3, "x") + good, 1002},
      {{"UnknownControlOpcode", "6455 §5.2", 68}, client_frame(11, "x") + good, 1002},
      {{"StrayContinuation", "6455 §5.4", 74}, client_frame(0, "x") + good, 1002},
      {{"TextInsideAMessage", "6455 §5.4", 74}, client_frame(1, "x", {.fin = false}) + good, 1002},
      {{"CloseOfOneByte", "6455 §5.5.1, attack 12", 85}, client_frame(8, "x") + good, 1002},
      {{"Close1005", "6455 §7.4, attack 12", 93}, close_frame(1005) + good, 1002},
      {{"Close1016", "6455 §7.4, attack 12", 93}, close_frame(1016) + good, 1002},
      {{"Close5000", "6455 §7.4, attack 12", 93}, close_frame(5000) + good, 1002},
      {{"CloseReasonNotUtf8", "6455 §5.5.1, attack 12", 85}, close_frame(1000, "\xFF") + good, 1007},
      {{"TextNotUtf8", "6455 §8.1", 80}, text_frame("\xC0\x80") + good, 1007},
      {{"TextNotUtf8InAnUnfinishedFrame", "6455 §8.1", 80}, client_frame(1, "ab\xFF", {.announced = 1000}), 1007},
      {{"TextEndsInsideACharacter", "6455 §8.1", 80}, text_frame("\xE2\x82") + good, 1007},
  };
}

INSTANTIATE_TEST_SUITE_P(Table, Attacks, testing::ValuesIn(attacks()), RowName());

TEST(Attack, AMessageOfExactlyTheLimitPasses) {  // attack 2
  RunningServer server(echo_handlers());
  auto client = RawClient::open(server.port());
  const std::string payload(1024 * 1024, 'x');
  client.send(client_frame(2, payload));
  EXPECT_EQ(client.read_frame().payload, payload);
}

TEST(Attack, AnnouncingTheMaximumCostsNoMemory) {  // attack 3
  RunningServer server(echo_handlers(), {.max_message_bytes = 1ULL << 40});
  std::vector<RawClient> clients;
  constexpr int count = 1000;
  for (int i = 0; i < count; ++i) clients.push_back(RawClient::open(server.port()));
  server.on_thread([] {});
  const auto before = allocated_bytes();
  for (auto& client : clients) client.send(binary({.announced = 1ULL << 40}));
  for (auto& client : clients) client.send(std::string(1, '\0'));  // one byte of payload, so that the header was read
  EXPECT_TRUE(eventually([&] {
    server.on_thread([] {});
    return !clients.back().readable_within(0);
  }));
  EXPECT_LT(allocated_bytes() - before, count * 1024);
}

TEST(Attack, AMillionTinyAndEmptyFragmentsLeaveNothingBehind) {  // attack 6, 8
  RunningServer server(echo_handlers(), {.max_fragments = 3'000'000});
  auto client = RawClient::open(server.port());
  std::string fragments;
  for (int i = 0; i < 10'000; ++i) {
    fragments += client_frame(0, i % 2 == 0 ? "" : "x", {.fin = false});
  }
  client.send(client_frame(2, "", {.fin = false}));
  for (int i = 0; i < 100; ++i) client.send(fragments);
  client.send(client_frame(0, ""));
  EXPECT_EQ(client.read_frame(), (Frame{2, true, std::string(500'000, 'x')}));
}

TEST(Attack, EmptyMessagesInEveryPlaceAreMessages) {  // attack 6
  RunningServer server(echo_handlers());
  auto client = RawClient::open(server.port());
  client.send(text_frame("") + client_frame(2, "") + text_frame("x") + text_frame("") + client_frame(9, "") +
              client_frame(1, "", {.fin = false}) + client_frame(9, "") + client_frame(0, ""));
  EXPECT_EQ(client.read_frame(), (Frame{1, true, ""}));
  EXPECT_EQ(client.read_frame(), (Frame{2, true, ""}));
  EXPECT_EQ(client.read_frame(), (Frame{1, true, "x"}));
  EXPECT_EQ(client.read_frame(), (Frame{1, true, ""}));
  EXPECT_EQ(client.read_frame(), (Frame{10, true, ""}));
  EXPECT_EQ(client.read_frame(), (Frame{10, true, ""}));
  EXPECT_EQ(client.read_frame(), (Frame{1, true, ""}));
}

TEST(Attack, BytesAfterCloseAreDiscarded) {  // RFC 6455 §7.1.1, checklist 90; attack 11
  Journal journal;
  RunningServer server(
      Handlers{.on_message = [&](Connection&, std::string_view text) { journal.add(std::string(text)); },
               .on_close = [&](Connection&, const CloseInfo&) { journal.add("close"); }});
  auto client = RawClient::open(server.port());
  std::string junk;
  for (int i = 0; i < 100'000; ++i) junk += text_frame("after Close");
  client.send(close_frame(1000));
  client.send_some(junk);
  EXPECT_EQ(client.read_close_code(), 1000);
  server.stop();
  EXPECT_EQ(journal.lines(), std::vector<std::string>{"close"});
}

TEST(Attack, AFailedConnectionReadsToTheEndSoThatItsCloseArrives) {  // RFC 6455 §7.1.7, checklist 90, 91
  const CapturedLog log;
  RunningServer server(echo_handlers());
  auto client = RawClient::open(server.port());
  client.send(client_frame(3, "x"));
  std::string junk(1'000'000, 'j');
  for (int i = 0; i < 10; ++i) client.send_some(junk);
  EXPECT_EQ(client.read_close_code(), 1002);
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_FALSE(client.was_reset());
}

TEST(Attack, ConnectsAndDisconnectsLeakNeitherMemoryNorDescriptors) {  // attack 29
  std::atomic<int> opened{0};
  std::atomic<int> closed{0};
  const CapturedLog log(LogLevel::off);
  RunningServer server(Handlers{.on_open = [&](Connection&) { ++opened; },
                                .on_close = [&](Connection&, const CloseInfo&) { ++closed; }});
  const auto churn = [&](int rounds) {
    for (int i = 0; i < rounds; ++i) {
      auto client = RawClient::open(server.port());
      if (i % 3 == 0) client.send(client_frame(1, "part of a message", {.fin = false}));
      if (i % 3 == 1) client.send(close_frame(1000));
      if (i % 2 == 0) client.reset();
      RawClient(server.port()).send("GET / HT");
    }
    EXPECT_TRUE(eventually([&] { return server->connection_count() == 0 && opened == closed; }));
    server.on_thread([] {});
  };
  churn(1000);
  const auto memory = allocated_bytes();
  const auto descriptors = open_descriptors();
  churn(3000);
  EXPECT_EQ(opened, 4000);
  EXPECT_TRUE(eventually([&] { return open_descriptors() <= descriptors; }));
  EXPECT_LT(allocated_bytes() - memory, 3000 * 100);  // far below one session each
}

// What a peer may do to its connection × the states of a session on plain TCP.
enum class Blow { half_close, reset, data_and_half_close, never_answer };
enum class State { accepted, head_reading, refused, open, inside_message, close_sent, close_received, draining };

class Blows : public testing::TestWithParam<std::tuple<Blow, State>> {};

void bring_to(State state, RawClient& client, RunningServer& server) {
  if (state == State::accepted) return;
  if (state == State::head_reading) return client.send("GET / HTTP/1.1\r\nHo");
  if (state == State::refused) return client.send("BREW / HTTP/1.1\r\n\r\n");
  client.send(upgrade_request(state == State::close_sent ? "/close" : "/"));
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 101 "));
  if (state == State::inside_message) client.send(client_frame(1, "begin", {.announced = 1000}));
  if (state == State::close_sent) {
    EXPECT_EQ(client.read_close_code(), 4000);
  }
  if (state == State::close_received) client.send(close_frame(1000));
  if (state == State::draining) {
    server->drain(300ms);
    EXPECT_EQ(client.read_close_code(), 1001);
  }
}

TEST_P(Blows, EndTheSessionOnceAndHarmNobody) {  // attack 32, checklist 111
  const auto [blow, state] = GetParam();
  const CapturedLog log;
  std::atomic<int> opened{0};
  std::atomic<int> closed{0};
  RunningServer server(Handlers{.on_open =
                                    [&](Connection& socket) {
                                      ++opened;
                                      if (socket.info().path == "/close") socket.close(4000);
                                    },
                                .on_message = [](Connection& socket, std::string_view text) { socket.send(text); },
                                .on_close = [&](Connection&, const CloseInfo&) { ++closed; }},
                       {.handshake_timeout = 500ms,
                        .ping_interval = 100ms,
                        .ping_timeout = 100ms,
                        .close_timeout = 200ms,
                        .write_timeout = 200ms});
  {
    RawClient client(server.port());
    bring_to(state, client, server);
    switch (blow) {
      case Blow::half_close:
        client.shutdown_writing();
        client.read_to_end();
        break;
      case Blow::data_and_half_close:
        client.send_some("data");
        client.shutdown_writing();
        client.read_to_end();
        break;
      case Blow::reset:
        client.reset();
        break;
      case Blow::never_answer:
        client.read_to_end();  // never answers again: ends by a timeout
        break;
    }
  }
  EXPECT_TRUE(eventually([&] { return server->connection_count() == 0 && opened == closed; }));
  if (state == State::draining) {
    server.join();
  } else {
    EXPECT_TRUE(eventually([&] {
      bool done = false;
      server.on_thread([&] { done = true; });
      return done;
    }));
    auto next = RawClient::open(server.port(), "/next");
    next.send(text_frame("fine"));
    EXPECT_EQ(next.read_frame().payload, "fine");
  }
  server.stop();
  EXPECT_EQ(opened, closed);
}

std::string name_of(const std::tuple<Blow, State>& tested) {
  constexpr std::array blows = {"HalfClose", "Reset", "DataAndHalfClose", "NeverAnswer"};
  constexpr std::array states = {"Accepted",      "HeadReading", "Refused",       "Open",
                                 "InsideMessage", "CloseSent",   "CloseReceived", "Draining"};
  return std::string(blows.at(static_cast<std::size_t>(std::get<0>(tested)))) + "When" +
         states.at(static_cast<std::size_t>(std::get<1>(tested)));
}

INSTANTIATE_TEST_SUITE_P(
    All, Blows,
    testing::Combine(testing::Values(Blow::half_close, Blow::reset, Blow::data_and_half_close, Blow::never_answer),
                     testing::Values(State::accepted, State::head_reading, State::refused, State::open,
                                     State::inside_message, State::close_sent, State::close_received, State::draining)),
    [](const auto& tested) { return name_of(tested.param); });

TEST(Attack, APeerMayHalfCloseAndStillReadItsEchoes) {
  const CapturedLog log(LogLevel::off);
  RunningServer server(echo_handlers());
  auto client = RawClient::open(server.port());
  client.send(text_frame("one") + text_frame("two"));
  client.shutdown_writing();
  EXPECT_EQ(client.read_frame().payload, "one");
  EXPECT_EQ(client.read_frame().payload, "two");
  EXPECT_EQ(client.read_to_end(), "");
}

/// However full the kernel's buffer is when the end comes: what then has to wait still goes out.
TEST(Attack, APeerMayCloseAndHalfCloseAtOnceAndStillReadItsEchoes) {
  const std::string file = "/tmp/mote-half-close-" + std::to_string(::getpid()) + ".sock";
  RunningServer server(Handlers{.on_message = [](Connection& socket, std::string_view text) { socket.send(text); },
                                .on_binary =
                                    [](Connection& socket, std::span<const std::byte> size) {
                                      std::uint32_t bytes = 0;
                                      std::memcpy(&bytes, size.data(), sizeof bytes);
                                      socket.send(std::string(bytes, 'f'));
                                    }},
                       {.soft_limit_bytes = 1'000'000}, {}, "ws+unix://" + file);
  const std::string echo(1000, 'e');
  for (std::uint32_t fill = 100'000; fill < 250'000; fill += 4000) {
    RawClient client(file);
    client.send(upgrade_request());
    client.read_head();
    client.send(client_frame(2, std::string_view(reinterpret_cast<const char*>(&fill), sizeof fill)));
    ASSERT_TRUE(client.readable_within(10'000));
    std::string last;
    for (int i = 0; i < 50; ++i) last += text_frame(echo);
    std::promise<void> sent;
    // So that the end is there when the first of it is read.
    server->post([all = sent.get_future().share()] { all.wait(); });
    client.send(last + close_frame(1000));
    client.shutdown_writing();
    sent.set_value();
    EXPECT_EQ(client.read_frame().payload.size(), fill);
    for (int i = 0; i < 50; ++i) ASSERT_EQ(client.read_frame().payload, echo) << fill << ' ' << i;
    ASSERT_EQ(client.read_close_code(), 1000) << fill;
  }
}

TEST(Attack, ListsOfSeparatorsAndEndlessTricklesCostNothingSpecial) {  // attack 17, 19
  const CapturedLog log;
  RunningServer server(echo_handlers());
  for (const char* filler : {",", " ", "\\", "\"", ";", ", ", "a,", "a;"}) {
    std::string value;
    while (value.size() < 7000) value += filler;
    RawClient client(server.port());
    client.send(upgrade_request("/", "Sec-WebSocket-Extensions: " + value + "\r\n"));
    const auto head = client.read_head();
    EXPECT_TRUE(head.starts_with("HTTP/1.1 400 ") || head.starts_with("HTTP/1.1 101 ")) << filler;
  }
}

}  // namespace
}  // namespace mote

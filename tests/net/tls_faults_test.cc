// What may go wrong at a `wss://` port: another protocol, pieces of every size, peers that stall, vanish or cut the
// connection off.

#include <gtest/gtest.h>

#include <openssl/ssl.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <vector>

#include "tests/support/clock_lag.h"
#include "tests/support/process_facts.h"
#include "tests/support/raw_client.h"
#include "tests/support/running_server.h"
#include "tests/support/tls_client.h"
#include "tests/support/wss_server.h"

namespace mote {
namespace {

using namespace std::chrono_literals;
using test::CapturedLog;
using test::client_frame;
using test::close_frame;
using test::echo_handlers;
using test::eventually;
using test::expect_echo;
using test::Frame;
using test::Journal;
using test::kClockLag;
using test::open_descriptors;
using test::RawClient;
using test::text_frame;
using test::TlsClient;
using test::TlsEngine;
using test::TlsSetup;
using test::upgrade_request;
using test::WssServer;
using Clock = std::chrono::steady_clock;

constexpr std::array kVersions = {TLS1_2_VERSION, TLS1_3_VERSION};

TlsSetup only(int version) { return {.min_version = version, .max_version = version, .server_name = "test.example"}; }

std::string client_hello(const TlsSetup& setup = {}) {
  TlsEngine engine(TlsEngine::Side::client, setup);
  static_cast<void>(engine.handshake());
  return engine.take_output();
}

// ---- Another protocol

TEST(WrongProtocol, PlainHttpOnATlsPortIsToldSoInPlainText) {  // attack 34
  const CapturedLog log;
  WssServer server(echo_handlers());
  auto bystander = TlsClient::open(server.port());
  std::size_t refused = 0;
  for (const std::string& request :
       {std::string("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), std::string("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"),
        std::string("POST /x HTTP/1.1\r\nContent-Length: 20000\r\n\r\n") + std::string(20'000, 'p'),
        std::string("OPTIONS * HTTP/1.1\r\n\r\n"), std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), upgrade_request(),
        std::string("G")}) {
    RawClient client(server.port());
    client.send(request);
    const std::string answer = client.read_to_end();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
    EXPECT_NE(answer.find("wss://"), std::string::npos) << answer;
    EXPECT_FALSE(client.was_reset()) << request.substr(0, 10);
    EXPECT_TRUE(eventually([&, lines = ++refused] { return log.size() == lines; }));
  }
  expect_echo(bystander);
  EXPECT_EQ(log.size(), refused);
}

TEST(WrongProtocol, PlainHttpInPiecesIsToldSoToo) {
  const CapturedLog log;
  WssServer server(echo_handlers());
  RawClient client(server.port());
  for (const char letter : std::string("GET / HTTP/1.1\r\n")) {
    client.send_some(std::string(1, letter));
    server.catch_up();
  }
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(eventually([&] { return log.size() == 1; }));
}

std::vector<std::string> garbage() {
  const std::string hello = client_hello();
  std::string broken_length = hello;
  broken_length[8] = static_cast<char>(broken_length[8] + 1);
  std::string broken_inside = hello;
  broken_inside[5 + 4 + 2 + 32] = '\xFF';  // the session's length
  return {
      std::string(1, '\0'),
      std::string(100'000, '\0'),
      std::string(1000, '\xFF'),
      "get / http/1.1\r\n\r\n",
      std::string("\x16\x03\x01\xFF\xFF", 5) + std::string(70'000, 'x'),                    // too large a record
      std::string("\x16\x03\x01\0\0", 5),                                                   // an empty one
      std::string("\x80\x2E\x01\0\x02\0\x15\0\0\0\x10", 11) + std::string(40, 'c'),         // SSL 2
      std::string("\x15\x03\x01\0\x02\x02\x28", 7),                                         // an alert, to begin with
      std::string("\x17\x03\x03\0\x10", 5) + std::string(16, 'd'),                          // data, to begin with
      std::string("\x14\x03\x03\0\x01\x01", 6),                                             // ChangeCipherSpec
      std::string("\x16\x03\x01\0\x04\x02\0\0\0", 9),                                       // ServerHello
      std::string("\x16\x03\x01\x40\0\x01\xFF\xFF\xFF", 9) + std::string(0x4000 - 4, 'h'),  // a hello of 16 MiB
      broken_length + hello,
      broken_inside,
      hello + hello,
      hello + std::string(1000, 'x'),
  };
}

TEST(WrongProtocol, GarbageOnATlsPortEndsTheConnectionWithOneLine) {  // attack 34
  const CapturedLog log;
  WssServer server(echo_handlers(), {.handshake_timeout = 300ms});
  auto bystander = TlsClient::open(server.port());
  std::size_t refused = 0;
  for (const std::string& bytes : garbage()) {
    RawClient client(server.port());
    client.send_some(bytes);
    client.read_to_end();
    EXPECT_TRUE(eventually([&, lines = ++refused] { return log.size() == lines; })) << refused;
  }
  expect_echo(bystander);
  EXPECT_EQ(log.size(), refused);
}

TEST(WrongProtocol, GarbageAfterTheHandshakeEndsTheConnectionWith1006) {  // attack 34
  const CapturedLog log(LogLevel::off);
  Journal journal;
  Handlers handlers = echo_handlers();
  handlers.on_close = [&](Connection&, const CloseInfo& why) {
    const bool cut = why.by == EndedBy::transport && !why.clean;
    journal.add(std::to_string(why.code) + (cut ? " cut" : " otherwise"));
  };
  WssServer server(std::move(handlers));
  auto bystander = TlsClient::open(server.port());
  for (const int version : kVersions) {
    for (int kind = 0; kind < 3; ++kind) {
      auto client = TlsClient::open(server.port(), only(version));
      expect_echo(client);
      std::string record = client.tls().encrypt("hello");
      if (kind == 0) record.back() = static_cast<char>(record.back() ^ 1);  // a tag that is wrong
      if (kind == 1) record = "GET / HTTP/1.1\r\n\r\n";
      if (kind == 2) record[0] = '\x18';
      const std::size_t ended = journal.size();
      client.tcp().send_some(record);
      client.read_to_end();
      EXPECT_TRUE(eventually([&] { return journal.size() == ended + 1; }));
    }
  }
  EXPECT_EQ(journal.count("1006 cut"), 6U);
  expect_echo(bystander);
}

// ---- Pieces

std::string conversation() {
  return text_frame("first") + client_frame(1, "frag", {.fin = false}) + client_frame(9, "ping") +
         client_frame(0, "ment") + client_frame(2, std::string(200, 'b')) + close_frame(1000);
}

void expect_answers(TlsClient& client) {
  ASSERT_EQ(client.read_frame(), (Frame{1, true, "first"}));
  ASSERT_EQ(client.read_frame(), (Frame{10, true, "ping"}));
  ASSERT_EQ(client.read_frame(), (Frame{1, true, "fragment"}));
  ASSERT_EQ(client.read_frame(), (Frame{2, true, std::string(200, 'b')}));
  ASSERT_EQ(client.read_close_code(), 1000);
  ASSERT_EQ(client.read_to_end(), "");
  ASSERT_TRUE(client.tls().received_close_notify());
}

void converse(TlsClient& client) {
  client.handshake();
  client.upgrade();
  client.send(conversation());
  expect_answers(client);
}

TEST(Pieces, EveryCutOfTheCiphertextMakesNoDifference) {  // checklist 56, attack 35
  WssServer server(echo_handlers());
  auto bystander = TlsClient::open(server.port());
  for (const int version : kVersions) {
    TlsClient whole(server.port(), only(version));
    converse(whole);
    for (std::size_t cut = 1; cut < whole.sent_ciphertext(); ++cut) {
      TlsClient client(server.port(), only(version));
      client.cut_ciphertext([cut](std::size_t sent) { return sent == cut; }, [&] { server.catch_up(); });
      converse(client);
      ASSERT_FALSE(testing::Test::HasFatalFailure()) << "cut at " << cut;
    }
  }
  expect_echo(bystander);
}

TEST(Pieces, ByteByByteMakesNoDifference) {  // attack 35
  WssServer server(echo_handlers());
  for (const int version : kVersions) {
    TlsClient client(server.port(), only(version));
    client.cut_ciphertext([](std::size_t) { return true; }, [&] { server.on_thread([] {}); });
    converse(client);
  }
}

TEST(Pieces, ARecordForEachByteMakesNoDifference) {  // attack 35
  WssServer server(echo_handlers());
  for (const int version : kVersions) {
    for (const bool at_once : {false, true}) {
      TlsClient client(server.port(), only(version));
      client.handshake();
      std::string records;
      for (const char byte : upgrade_request() + conversation()) {
        records += client.tls().encrypt(std::string_view(&byte, 1));
        if (at_once) continue;
        client.send_ciphertext(records);
        records.clear();
      }
      client.send_ciphertext(records);
      EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 101 "));
      expect_answers(client);
    }
  }
}

/// What TLS has taken from the socket makes no edge of its own.
TEST(Pieces, ManyRecordsInOneSegmentAreAllDelivered) {  // attack 35
  for (const std::size_t turn_bytes : {std::size_t{1}, std::size_t{1000}, Options{}.turn_bytes}) {
    WssServer server(echo_handlers(), {.turn_bytes = turn_bytes});
    for (const int version : kVersions) {
      auto client = TlsClient::open(server.port(), only(version));
      std::string records;
      for (int i = 0; i < 500; ++i) records += client.tls().encrypt(text_frame(std::to_string(i)));
      client.send_ciphertext(records);
      for (int i = 0; i < 500; ++i) ASSERT_EQ(client.read_frame(), (Frame{1, true, std::to_string(i)})) << turn_bytes;
    }
  }
}

TEST(Pieces, RequestAndFramesBehindTheHandshakesLastFlightAreServed) {  // attack 23, 35
  WssServer server(echo_handlers());
  for (const int version : kVersions) {
    TlsClient client(server.port(), only(version));
    client.handshake(upgrade_request() + conversation());
    EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 101 "));
    expect_answers(client);
  }
}

// ---- The end, in every state

enum class Blow { reset, half_close, close_notify, never_answer };
enum class State {
  connected,
  half_hello,
  hello_sent,
  established,
  half_record,
  half_request,
  open,
  inside_message,
  inside_record,
  close_sent,
  close_received
};

bool is_established(State state) { return state >= State::established; }

/// Half of what would come next goes out.
void send_half(TlsClient& client, std::string_view ciphertext) {
  client.send_ciphertext(ciphertext.substr(0, ciphertext.size() / 2));
}

void begin_handshake(State state, TlsClient& client) {
  if (state == State::connected) return;
  EXPECT_FALSE(client.tls().handshake());
  const std::string hello = client.tls().take_output();
  if (state == State::half_hello) return send_half(client, hello);
  client.send_ciphertext(hello);
  EXPECT_TRUE(client.tcp().readable_within(10'000));
}

void bring_to(State state, TlsClient& client) {
  if (!is_established(state)) return begin_handshake(state, client);
  client.handshake();
  const std::string request = upgrade_request(state == State::close_sent ? "/close" : "/");
  if (state == State::established) return;
  if (state == State::half_record) return send_half(client, client.tls().encrypt(request));
  if (state == State::half_request) return client.send(request.substr(0, request.size() / 2));
  client.send(request);
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 101 "));
  if (state == State::inside_message) client.send(client_frame(1, "begin", {.fin = false}));
  if (state == State::inside_record) send_half(client, client.tls().encrypt(text_frame("half")));
  if (state == State::close_sent) {
    EXPECT_EQ(client.read_close_code(), 4000);
  }
  if (state == State::close_received) client.send(close_frame(1000));
}

void strike(Blow blow, State state, TlsClient& client) {
  switch (blow) {
    case Blow::close_notify:
      if (is_established(state)) client.tcp().send_some(client.tls().close_notify());
      [[fallthrough]];
    case Blow::half_close:
      client.tcp().shutdown_writing();
      client.read_to_end();
      break;
    case Blow::reset:
      client.tcp().reset();
      break;
    case Blow::never_answer:
      client.read_to_end();  // ends by a timeout
      break;
  }
}

class TlsBlows : public testing::TestWithParam<std::tuple<int, Blow, State>> {};

TEST_P(TlsBlows, EndTheSessionOnceAndHarmNobody) {  // checklist 94, 111; attack 32, 34
  const auto [version, blow, state] = GetParam();
  const CapturedLog log(LogLevel::off);
  std::atomic<int> opened{0};
  std::atomic<int> closed{0};
  Handlers handlers = echo_handlers();
  handlers.on_open = [&](Connection& socket) {
    ++opened;
    if (socket.info().path == "/close") socket.close(4000);
  };
  handlers.on_close = [&](Connection&, const CloseInfo&) { ++closed; };
  const auto quickly = blow == Blow::never_answer ? Options::milliseconds(300) : Options::kNever;
  WssServer server(std::move(handlers), {.handshake_timeout = quickly,
                                         .ping_interval = quickly,
                                         .ping_timeout = quickly,
                                         .close_timeout = quickly,
                                         .write_timeout = quickly});
  server.catch_up();
  const int descriptors = open_descriptors();
  {
    TlsClient client(server.port(), only(version));
    bring_to(state, client);
    strike(blow, state, client);
  }
  EXPECT_TRUE(eventually([&] { return open_descriptors() == descriptors; }));
  EXPECT_TRUE(eventually([&] { return opened == closed; }));
  EXPECT_EQ(opened, state >= State::open ? 1 : 0);
  auto next = TlsClient::open(server.port(), only(version));
  expect_echo(next);
}

std::string blow_name(const std::tuple<int, Blow, State>& tested) {
  constexpr std::array blows = {"Reset", "HalfClose", "CloseNotify", "NeverAnswer"};
  constexpr std::array states = {"Connected",    "HalfHello",   "HelloSent",    "Established",
                                 "HalfRecord",   "HalfRequest", "Open",         "InsideMessage",
                                 "InsideRecord", "CloseSent",   "CloseReceived"};
  return std::string(std::get<0>(tested) == TLS1_2_VERSION ? "Tls12" : "Tls13") +
         blows.at(static_cast<std::size_t>(std::get<1>(tested))) + "When" +
         states.at(static_cast<std::size_t>(std::get<2>(tested)));
}

INSTANTIATE_TEST_SUITE_P(
    All, TlsBlows,
    testing::Combine(testing::ValuesIn(kVersions),
                     testing::Values(Blow::reset, Blow::half_close, Blow::close_notify, Blow::never_answer),
                     testing::Values(State::connected, State::half_hello, State::hello_sent, State::established,
                                     State::half_record, State::half_request, State::open, State::inside_message,
                                     State::inside_record, State::close_sent, State::close_received)),
    [](const auto& tested) { return blow_name(tested.param); });

TEST(TlsEnd, WithoutACloseFrameItIs1006WithAndWithoutCloseNotify) {  // RFC 6455 §7.1.5, checklist 92, 94; attack 36
  for (const int version : kVersions) {
    for (const bool notify : {false, true}) {
      for (const bool inside_record : {false, true}) {
        Journal journal;
        Handlers handlers = echo_handlers();
        handlers.on_error = [&](Connection&, const Error& error) {
          EXPECT_EQ(error.kind(), ErrorKind::transport) << error.what();
        };
        handlers.on_close = [&](Connection&, const CloseInfo& why) {
          EXPECT_FALSE(why.clean);
          EXPECT_EQ(why.by, EndedBy::transport);
          journal.add(std::to_string(why.code));
        };
        WssServer server(std::move(handlers), {.close_timeout = Options::kNever});
        auto client = TlsClient::open(server.port(), only(version));
        expect_echo(client);
        if (notify) client.send_ciphertext(client.tls().close_notify());
        if (inside_record && !notify) send_half(client, client.tls().encrypt(text_frame("half")));
        client.tcp().shutdown_writing();
        EXPECT_EQ(client.read_to_end(), "");
        EXPECT_TRUE(eventually([&] { return journal.size() == 1; }));
        EXPECT_EQ(journal.lines(), std::vector<std::string>{"1006"});
      }
    }
  }
}

// ---- Stalls

/// One for TLS and HTTP together: neither bytes nor a handshake that is done begins it anew.
TEST(TlsTimeouts, TheHandshakeTimeoutIsAbsoluteAndCoversBoth) {  // attack 17, 34
  const CapturedLog log;
  WssServer server(echo_handlers(), {.handshake_timeout = 4s});
  auto bystander = TlsClient::open(server.port());
  const auto start = Clock::now();
  TlsClient client(server.port());
  client.cut_ciphertext([](std::size_t sent) { return sent <= 100; },
                        [&] {
                          std::this_thread::sleep_for(10ms);  // what is tested: a trickle
                        });
  client.handshake();
  EXPECT_GE(Clock::now() - start, 1s);
  const std::string request = upgrade_request("/", "X: " + std::string(4000, 'x') + "\r\n");
  std::size_t sent = 0;
  while (!client.readable_within(5) && Clock::now() - start < 10s) client.send(request.substr(sent++, 1));
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_GE(Clock::now() - start, 4s - kClockLag);
  EXPECT_LT(Clock::now() - start, 4900ms);
  EXPECT_TRUE(eventually([&] { return log.size() == 1; }));
  expect_echo(bystander);
}

TEST(TlsTimeouts, AClientThatStallsBetweenItsHelloAndTheEndIsDroppedWithOneLine) {  // attack 34
  const CapturedLog log;
  WssServer server(echo_handlers(), {.handshake_timeout = 300ms});
  std::size_t stalled = 0;
  for (const State state :
       {State::connected, State::half_hello, State::hello_sent, State::established, State::half_request}) {
    TlsClient client(server.port(), {});
    bring_to(state, client);
    client.read_to_end();
    EXPECT_TRUE(eventually([&, lines = ++stalled] { return log.size() == lines; })) << stalled;
  }
}

}  // namespace
}  // namespace mote

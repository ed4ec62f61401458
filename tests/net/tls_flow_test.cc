// Messages over TLS when they are large, many, or not read; keys that change between them; and the end of it all.

#include <gtest/gtest.h>

#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/backpressure.h"
#include "tests/support/held_closing.h"
#include "tests/support/process_facts.h"
#include "tests/support/running_server.h"
#include "tests/support/tls_client.h"
#include "tests/support/wss_server.h"

namespace mote {
namespace {

using namespace std::chrono_literals;
using test::allocated_bytes;
using test::CapturedLog;
using test::client_frame;
using test::close_frame;
using test::echo_handlers;
using test::eventually;
using test::expect_echo;
using test::fill;
using test::Frame;
using test::HeldClosing;
using test::Journal;
using test::text_frame;
using test::TlsClient;
using test::TlsEngine;
using test::TlsSetup;
using test::WssServer;
using Answer = TlsEngine::Answer;
using Clock = std::chrono::steady_clock;

constexpr std::array kVersions = {TLS1_2_VERSION, TLS1_3_VERSION};
constexpr std::size_t kMebibyte = 1024 * 1024;

TlsSetup only(int version) { return {.min_version = version, .max_version = version}; }

/// Sends ciphertext from a thread of its own while the test reads.
class Sending {
 public:
  Sending(TlsClient& client, std::string ciphertext)
      : ciphertext_(std::move(ciphertext)),
        sent_(std::async(std::launch::async, [this, &tcp = client.tcp()] { tcp.send(ciphertext_); })) {}

 private:
  std::string ciphertext_;
  std::future<void> sent_;  // whose destructor waits
};

// ---- Large and many

TEST(TlsFlow, LargeMessagesPassBothWaysPastASlowReader) {  // checklist 56
  WssServer server(echo_handlers());
  auto bystander = TlsClient::open(server.port());
  for (const int version : kVersions) {
    auto client = TlsClient::open(server.port(), only(version));
    client.tcp().set_receive_buffer(100'000);
    std::vector<std::string> messages;
    std::string ciphertext;
    for (unsigned i = 0; i < 6; ++i) {
      std::string& message = messages.emplace_back(kMebibyte, '\0');
      std::generate(message.begin(), message.end(),
                    [random = std::minstd_rand(i + 1)]() mutable { return static_cast<char>(random() >> 8U); });
      ciphertext += client.tls().encrypt(client_frame(2, message));
    }
    const Sending sending(client, std::move(ciphertext));
    for (const std::string& message : messages) {
      ASSERT_TRUE(client.read_frame() == (Frame{2, true, message}));
      expect_echo(bystander);  // while the other's output is stuck
    }
  }
}

/// Sizes around those of records and of the server's buffers, in pieces of any size.
TEST(TlsFlow, EveryMixtureOfSizesAndPiecesArrivesWhole) {  // attack 35
  constexpr unsigned seed = 20'260'301;
  RecordProperty("seed", static_cast<int>(seed));
  std::mt19937 random(seed);
  const auto below = [&](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
  };
  for (const std::size_t turn_bytes : {std::size_t{5000}, Options{}.turn_bytes}) {
    WssServer server(echo_handlers(), {.turn_bytes = turn_bytes});
    for (const int version : kVersions) {
      auto client = TlsClient::open(server.port(), only(version));
      std::vector<std::string> messages;
      std::string plaintext;
      for (int i = 0; i < 300; ++i) {
        constexpr std::array near = {std::size_t{126}, std::size_t{4096}, std::size_t{16'384}, std::size_t{65'536},
                                     std::size_t{80 * 1024}};
        const std::size_t size = below(3) == 0 ? near.at(below(near.size())) - 10 + below(20) : below(3000);
        messages.emplace_back(size, static_cast<char>('a' + i % 26));
        plaintext += text_frame(messages.back());
      }
      std::string ciphertext;
      for (std::string_view rest = plaintext; !rest.empty();) {
        const std::size_t size = std::min(rest.size(), 1 + (below(2) == 0 ? below(100) : below(40'000)));
        ciphertext += client.tls().encrypt(rest.substr(0, size));
        rest.remove_prefix(size);
      }
      const Sending sending(client, std::move(ciphertext));
      for (const std::string& message : messages) ASSERT_TRUE(client.read_frame() == (Frame{1, true, message}));
    }
  }
}

TEST(TlsFlow, HandlesAndPreparedMessagesSendFromOtherThreads) {
  Handle handle;
  WssServer server(Handlers{.on_open = [&](Connection& socket) { handle = socket.handle(); }},
                   {.hard_limit_bytes = 100'000'000});
  auto client = TlsClient::open(server.port());
  server.catch_up();
  const PreparedMessage prepared(std::string_view("prepared"));
  for (int i = 0; i < 100; ++i) {
    handle.send(std::string(50'000, 'h'));
    handle.send(prepared);
  }
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(client.read_frame().payload.size(), 50'000U);
    ASSERT_EQ(client.read_frame().payload, "prepared");
  }
}

/// However many come at once, and whatever the server does of one turn's handshakes in the next.
TEST(TlsFlow, ABurstOfHandshakesIsServed) {
  WssServer server(echo_handlers());
  std::vector<TlsClient> clients;
  std::promise<void> sent;
  server->post([all = sent.get_future().share()] { all.wait(); });
  for (int i = 0; i < 100; ++i) {
    TlsClient& client = clients.emplace_back(server.port());
    static_cast<void>(client.tls().handshake());
    client.send_ciphertext(client.tls().take_output());
  }
  sent.set_value();
  for (TlsClient& client : clients) {
    client.handshake();
    client.upgrade();
    expect_echo(client);
  }
}

/// Has many connections send one more byte of a ClientHello in every turn of the server's loop, for as long as it
/// lives.
class Trickle {
 public:
  Trickle(WssServer& server, std::size_t connections) : server_(server) {
    constexpr std::string_view kLongHello("\x16\x03\x01\x3F\xFF\x01\x00\x3F\xFB\x03\x03", 11);
    for (std::size_t i = 0; i < connections; ++i) clients_.emplace_back(server_.port()).send(kLongHello);
    server_->post([this] { next(); });
  }
  ~Trickle() {
    std::promise<void> ended;
    server_->post([&] {
      over_ = true;
      ended.set_value();
    });
    ended.get_future().wait();
    server_.catch_up();  // what was posted before has run
  }
  /// Once per turn. Any thread.
  [[nodiscard]] std::size_t turns() const { return turns_; }

 private:
  void next() {
    if (over_) return;
    ++turns_;
    for (test::RawClient& client : clients_) client.send_some("x");
    server_->post([this] { next(); });
  }

  WssServer& server_;
  std::vector<test::RawClient> clients_;
  bool over_ = false;  // the server's thread
  std::atomic<std::size_t> turns_ = 0;
};

TEST(TlsFlow, HandshakesThatTrickleDoNotKeepOthersOut) {  // attack 17
  WssServer server(echo_handlers());
  const Trickle trickle(server, 64);
  ASSERT_TRUE(eventually([&] { return trickle.turns() > 10; }));
  for (int i = 0; i < 5; ++i) {
    const std::size_t before = trickle.turns();
    TlsClient client(server.port());
    static_cast<void>(client.tls().handshake());
    server.on_thread([&] { client.send_ciphertext(client.tls().take_output()); });  // behind what trickles
    client.handshake();
    client.upgrade();
    expect_echo(client);
    EXPECT_LT(trickle.turns() - before, 1'000U);
  }
}

/// OpenSSL's queue of errors is the thread's, not the connection's.
TEST(TlsFlow, AFaultOfOneConnectionIsNotTakenForAnothers) {  // attack 35
  const CapturedLog log(LogLevel::off);
  WssServer server(echo_handlers());
  auto good = TlsClient::open(server.port());
  for (int i = 0; i < 50; ++i) {
    auto bad = TlsClient::open(server.port(), only(kVersions.at(static_cast<std::size_t>(i % 2))));
    std::string record = bad.tls().encrypt(text_frame("x"));
    record.back() = static_cast<char>(record.back() ^ 1);
    std::promise<void> sent;
    server->post([all = sent.get_future().share()] { all.wait(); });  // so that one turn has both
    const bool bad_first = i % 4 < 2;
    if (bad_first) bad.tcp().send(record);
    good.send(text_frame("hello"));
    if (!bad_first) bad.tcp().send(record);
    sent.set_value();
    EXPECT_EQ(good.read_frame(), (Frame{1, true, "hello"}));
    EXPECT_EQ(bad.read_to_end(), "");
  }
}

TEST(TlsFlow, ConnectsAndDisconnectsLeakNeitherMemoryNorDescriptors) {  // attack 29
  const CapturedLog log(LogLevel::off);
  WssServer server(echo_handlers());
  const auto churn = [&](int rounds) {
    for (int i = 0; i < rounds; ++i) {
      TlsClient client(server.port(), only(kVersions.at(static_cast<std::size_t>(i % 2))));
      if (i % 5 != 0) client.handshake();
      if (i % 5 > 1) client.upgrade();
      if (i % 5 > 2) client.send(client_frame(1, "part of a message", {.fin = false}));
      if (i % 3 == 0) client.tcp().reset();
    }
    EXPECT_TRUE(eventually([&] { return server->connection_count() == 0; }));
    server.catch_up();
  };
  churn(200);
  const long memory = allocated_bytes();
  const int descriptors = test::open_descriptors();
  churn(600);
  EXPECT_TRUE(eventually([&] { return test::open_descriptors() <= descriptors; }));
  EXPECT_LT(allocated_bytes() - memory, 600L * 200);  // far below one session each
}

/// Of a turn, that is: each byte of a message comes in a record of its own, of 23 bytes.
TEST(TlsFlow, RecordsThatCarryNextToNothingCountWithAllTheirBytes) {
  std::vector<std::string> order;
  WssServer server(Handlers{.on_message = [&](Connection&, std::string_view text) { order.emplace_back(text); }},
                   {.turn_bytes = 20'000});
  auto flooding = TlsClient::open(server.port());
  auto other = TlsClient::open(server.port());
  std::string records;
  for (int i = 0; i < 700; ++i) {
    for (const char c : text_frame("m")) records += flooding.tls().encrypt(std::string(1, c));
  }
  std::promise<void> waits;
  std::promise<void> all_is_there;
  server->post([&] {
    waits.set_value();
    all_is_there.get_future().wait();
  });
  waits.get_future().wait();
  EXPECT_GT(flooding.tcp().send_some(records), 60'000U);
  other.send(text_frame("other"));
  all_is_there.set_value();
  const auto other_is_heard = [&] {
    bool heard = false;
    server.on_thread([&] { heard = std::find(order.begin(), order.end(), "other") != order.end(); });
    return heard;
  };
  ASSERT_TRUE(eventually(other_is_heard));
  server.stop();
  const auto before = std::find(order.begin(), order.end(), "other") - order.begin();
  EXPECT_GT(before, 50);
  EXPECT_LT(before, 250) << "a turn has no end";
}

// ---- Keys that change

TEST(KeyUpdate, BetweenTheFragmentsOfAMessageItMakesNoDifference) {  // RFC 8446 §4.6.3
  WssServer server(echo_handlers());
  for (const Answer answer : {Answer::not_requested, Answer::requested}) {
    for (const bool at_once : {false, true}) {
      auto client = TlsClient::open(server.port(), only(TLS1_3_VERSION));
      const std::string frames = client_frame(1, "one ", {.fin = false}) + client_frame(0, "two ", {.fin = false}) +
                                 client_frame(9, "ping") + client_frame(0, "three");
      std::string records;
      for (std::size_t i = 0; i < frames.size(); i += 3) {  // also inside headers and payloads
        records += client.tls().encrypt(frames.substr(i, 3));
        records += client.tls().key_update(answer);
        if (at_once) continue;
        client.send_ciphertext(records);
        records.clear();
        server.catch_up();
      }
      client.send_ciphertext(records);
      EXPECT_EQ(client.read_frame(), (Frame{10, true, "ping"}));
      EXPECT_EQ(client.read_frame(), (Frame{1, true, "one two three"}));
      expect_echo(client);
    }
  }
}

/// Each asks for an answer, and none is read.
TEST(KeyUpdate, AFloodOfRequestsCostsBoundedMemory) {  // attack 36
  std::atomic<int> received{0};
  WssServer server(Handlers{.on_message = [&](Connection& socket, std::string_view text) {
    ++received;
    socket.send(text);
  }});
  auto bystander = TlsClient::open(server.port());
  auto client = TlsClient::open(server.port(), only(TLS1_3_VERSION));
  constexpr int rounds = 100;
  long before = 0;
  for (int i = 0; i < rounds; ++i) {
    {
      std::string records;
      for (int j = 0; j < 100; ++j) records += client.tls().key_update(Answer::requested);
      client.send_ciphertext(records + client.tls().encrypt(text_frame("x")));  // an answer goes out with a message
    }
    ASSERT_TRUE(eventually([&] { return received > i; }));
    server.on_thread([] {});
    if (i == rounds / 3) before = allocated_bytes();
  }
  EXPECT_LT(allocated_bytes() - before, 100'000);
  for (int i = 0; i < rounds; ++i) ASSERT_EQ(client.read_frame(), (Frame{1, true, "x"}));
  received = 0;
  expect_echo(bystander);
}

// ---- Not read

TEST(TlsBackpressure, SendAnswersQueuedAboveTheSoftLimitAndOnDrainComes) {
  test::expect_queued_above_the_soft_limit_and_a_drain<WssServer, TlsClient>();
}

TEST(TlsBackpressure, APeerThatDoesNotReadIsNotReadFromEither) {
  std::atomic<std::size_t> received{0};
  std::atomic<std::size_t> most_queued{0};
  WssServer server(Handlers{.on_message = [&](Connection& socket, std::string_view text) {
    received += text.size();
    socket.send(text);
    most_queued = std::max(most_queued.load(), socket.queued_bytes());
  }});
  auto client = TlsClient::open(server.port());
  std::string burst;  // of ciphertext, the next that is due
  std::size_t made = 0;
  std::size_t sent = 0;
  auto quiet_since = Clock::now();
  while (Clock::now() - quiet_since < 300ms) {  // until the kernel's buffers are full on both sides
    for (; burst.empty(); ++made) burst = client.tls().encrypt(text_frame(std::string(10'000, 'e')));
    const std::size_t taken = client.tcp().send_some(burst);
    burst.erase(0, taken);
    if (taken != 0) quiet_since = Clock::now();
    sent += taken;
    ASSERT_LT(sent, 200'000'000U) << "the server reads without an end";
  }
  EXPECT_LT(most_queued, 2'000'000U);
  const Sending rest(client, std::move(burst));
  for (std::size_t i = 0; i < made; ++i) ASSERT_EQ(client.read_frame().payload.size(), 10'000U) << i;
  EXPECT_EQ(received, made * 10'000);
}

TEST(TlsBackpressure, APeerThatReadsNothingIsDroppedWhenOutputMakesNoProgress) {
  const CapturedLog log;
  Journal journal;
  WssServer server(Handlers{.on_open = [](Connection& socket) { fill(socket); },
                            .on_close =
                                [&](Connection&, const CloseInfo& why) {
                                  EXPECT_EQ(why.by, EndedBy::timeout);
                                  journal.add("close");
                                }},
                   {.ping_interval = Options::kNever, .write_timeout = 200ms});
  auto client = TlsClient::open(server.port());
  EXPECT_TRUE(eventually([&] { return journal.size() == 1; }));
}

/// What waits is TLS's own: of the last record, which is all there was to send, the kernel took a part.
TEST(TlsBackpressure, APeerThatReadsNothingIsDroppedAlsoWhereOnlyTheRestOfARecordWaits) {
  const CapturedLog log;
  Journal journal;
  Connection* socket = nullptr;
  std::function<void()> send_one;
  WssServer server(Handlers{.on_open =
                                [&](Connection& opened) {
                                  socket = &opened;
                                  send_one();
                                },
                            .on_close =
                                [&](Connection&, const CloseInfo& why) {
                                  EXPECT_EQ(why.by, EndedBy::timeout);
                                  journal.add("close");
                                }},
                   {.ping_interval = Options::kNever, .write_timeout = 100ms}, [&](Server& made) {
                     send_one = [&] {  // one in a turn, as long as nothing waits
                       if (socket->queued_bytes() != 0) return;
                       socket->send(std::string(16'000, 'r'));
                       made.post(send_one);
                     };
                   });
  auto client = TlsClient::open(server.port());
  EXPECT_TRUE(eventually([&] { return journal.size() == 1; }));
}

// ---- The end

void expect_clean_end(TlsClient& client) {
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(client.tls().received_close_notify());
  EXPECT_FALSE(client.was_reset());
}

Handlers closing(Journal& journal) {
  Handlers handlers = echo_handlers();
  handlers.on_binary = [](Connection& socket, std::span<const std::byte>) {
    socket.send(std::string(3 * kMebibyte, 'l'));
    socket.close(4000, "enough");
  };
  handlers.on_close = [&](Connection&, const CloseInfo& why) {
    journal.add(std::to_string(why.code) + (why.clean ? " clean" : " unclean"));
  };
  return handlers;
}

TEST(TlsClosing, TheServerEndsWithCloseNotifyWhoeverBegins) {  // RFC 6455 §7.1.1, RFC 8446 §6.1, checklist 87, 88
  for (const int version : kVersions) {
    Journal journal;
    WssServer server(closing(journal), {.close_timeout = Options::kNever});
    auto client = TlsClient::open(server.port(), only(version));
    client.send(close_frame(1000));
    EXPECT_EQ(client.read_close_code(), 1000);
    expect_clean_end(client);

    auto other = TlsClient::open(server.port(), only(version));
    other.send(client_frame(2, "close"));
    EXPECT_EQ(other.read_frame().payload.size(), 3 * kMebibyte);
    EXPECT_EQ(other.read_close_code(), 4000);
    other.send(close_frame(4000));
    expect_clean_end(other);
    EXPECT_TRUE(eventually([&] { return journal.size() == 2; }));
    EXPECT_EQ(journal.lines(), (std::vector<std::string>{"1000 clean", "4000 clean"}));
  }
}

/// The Close and what came before wait for the peer to read, and close_notify behind them.
TEST(TlsClosing, APeerThatReadsLateGetsEverythingAndCloseNotify) {
  Journal journal;
  WssServer server(closing(journal), {.close_timeout = Options::kNever});
  for (const int version : kVersions) {
    auto client = TlsClient::open(server.port(), only(version));
    client.tcp().set_receive_buffer(100'000);
    client.send(client_frame(2, "close") + close_frame(4000));
    server.catch_up();
    EXPECT_EQ(client.read_frame().payload.size(), 3 * kMebibyte);
    EXPECT_EQ(client.read_close_code(), 4000);
    expect_clean_end(client);
  }
}

TEST(TlsClosing, CloseNotifyBehindTheCloseFrameIsFine) {  // RFC 8446 §6.1
  Journal journal;
  WssServer server(closing(journal), {.close_timeout = Options::kNever});
  for (const int version : kVersions) {
    auto client = TlsClient::open(server.port(), only(version));
    std::string records = client.tls().encrypt(text_frame("last") + close_frame(1000));
    records += client.tls().close_notify();
    client.send_ciphertext(records);
    EXPECT_EQ(client.read_frame(), (Frame{1, true, "last"}));
    EXPECT_EQ(client.read_close_code(), 1000);
    expect_clean_end(client);
  }
  EXPECT_TRUE(eventually([&] { return journal.count("1000 clean") == 2; }));
}

TEST(TlsClosing, AnswersStillGoOutWhereCloseNotifyComesWithTheMessages) {  // RFC 8446 §6.1
  WssServer server(echo_handlers());
  for (const int version : kVersions) {
    auto client = TlsClient::open(server.port(), only(version));
    std::string records = client.tls().encrypt(text_frame("last"));
    records += client.tls().close_notify();
    client.send_ciphertext(records);
    EXPECT_EQ(client.read_frame(), (Frame{1, true, "last"}));
    expect_clean_end(client);
  }
}

/// Closing has the same without TLS.
TEST(TlsClosing, PongsThatCannotBeWrittenDoNotOvertakeTheAnswerToOurClose) {  // RFC 6455 §7.1.4
  for (const int version : kVersions) {
    HeldClosing held;
    WssServer server(held.handlers(), {.turn_bytes = 64}, [&](Server& made) { held.set(made); });
    {
      auto client = TlsClient::open(server.port(), only(version));
      client.send(text_frame("go"));
      EXPECT_EQ(client.read_frame().opcode, 8U);
      for (int i = 0; i < 20; ++i) client.send(client_frame(9, "still there?"));
      client.send(close_frame(4000));
    }
    held.release();
    EXPECT_TRUE(eventually([&] { return server->connection_count() == 0; }));
    server.stop();
    EXPECT_EQ(held.ends(), (std::vector<std::string>{"4000"}));
  }
}

TEST(TlsClosing, AFailedConnectionIsToldWhyAndEndsClean) {  // RFC 6455 §7.1.7, checklist 90, 91
  const CapturedLog log(LogLevel::off);
  WssServer server(echo_handlers());
  auto client = TlsClient::open(server.port());
  client.send(client_frame(3, "reserved"));
  for (int i = 0; i < 10; ++i) client.tcp().send_some(client.tls().encrypt(std::string(100'000, 'j')));
  EXPECT_EQ(client.read_close_code(), 1002);
  expect_clean_end(client);
}

TEST(TlsClosing, AbortSendsNoCloseFrame) {
  Journal journal;
  Handlers handlers = closing(journal);
  handlers.on_message = [](Connection& socket, std::string_view) { socket.abort(); };
  WssServer server(std::move(handlers));
  auto bystander = TlsClient::open(server.port());
  auto client = TlsClient::open(server.port());
  client.send(text_frame("go"));
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(eventually([&] { return journal.size() == 1; }));
  EXPECT_EQ(journal.lines(), std::vector<std::string>{"1006 unclean"});
  bystander.send(close_frame(1000));
  EXPECT_EQ(bystander.read_close_code(), 1000);
}

TEST(TlsClosing, StopAndDrainSayCloseOverTls) {
  for (const bool drain : {false, true}) {
    WssServer server(echo_handlers());
    auto client = TlsClient::open(server.port());
    TlsClient inside_handshake(server.port());
    EXPECT_FALSE(inside_handshake.tls().handshake());
    inside_handshake.send_ciphertext(inside_handshake.tls().take_output());
    EXPECT_TRUE(inside_handshake.tcp().readable_within(10'000));
    if (drain) {
      server->drain(1min);
    } else {
      server->stop();
    }
    EXPECT_EQ(client.read_close_code(), 1001);
    client.send_ciphertext(client.tls().encrypt(close_frame(1001)).substr(0, drain ? std::string::npos : 0));
    EXPECT_EQ(client.read_to_end(), "");
    inside_handshake.tcp().read_to_end();
    server.join();  // long before the deadline
  }
}

}  // namespace
}  // namespace mote

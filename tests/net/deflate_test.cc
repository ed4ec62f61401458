// permessage-deflate of a running server, over real sockets.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/deflate.h"
#include "tests/support/process_facts.h"
#include "tests/support/raw_client.h"
#include "tests/support/running_server.h"

namespace mote {
namespace {

using test::CapturedLog;
using test::client_frame;
using test::deflated;
using test::echo_handlers;
using test::eventually;
using test::Frame;
using test::Journal;
using test::PeerDeflater;
using test::PeerInflater;
using test::RawClient;
using test::RunningServer;
using test::text_frame;
using test::upgrade_request;

const std::string kLong(2000, 'm');

Options with(const Compression& compression) {
  Options options;
  options.compression = compression;
  return options;
}

Options takeover() {
  return with({.mode = CompressionMode::on, .server_context_takeover = true, .client_context_takeover = true});
}

Options alone() { return with({.mode = CompressionMode::on}); }

std::string compressed_frame(std::string_view payload, unsigned opcode = 1) {
  return client_frame(opcode, payload, {.reserved = 4});
}

/// A client that has made that offer; answers what the response said of extensions.
struct DeflateClient : RawClient {
  DeflateClient(const RunningServer& server, std::string_view offer) : RawClient(server.port()) {
    send(upgrade_request("/", std::string("Sec-WebSocket-Extensions: ").append(offer).append("\r\n")));
    const std::string head = read_head();
    EXPECT_TRUE(head.starts_with("HTTP/1.1 101 ")) << head;
    constexpr std::string_view name = "Sec-WebSocket-Extensions: ";
    if (const std::size_t at = head.find(name); at != std::string::npos) {
      extensions = head.substr(at + name.size(), head.find('\r', at) - at - name.size());
      EXPECT_EQ(head.find(name, at + 1), std::string::npos) << "one header line";  // RFC 6455 §11.3.2
      expect_compression();
    }
  }
  std::string extensions;
};

// ---- The opening handshake

TEST(Deflate, IsDeclinedUnlessItIsWanted) {  // RFC 6455 §4.2.2, checklist 51
  RunningServer server(echo_handlers());
  DeflateClient client(server, "permessage-deflate; client_max_window_bits");
  EXPECT_EQ(client.extensions, "");
  client.send(text_frame(kLong));
  EXPECT_EQ(client.read_frame(), (Frame{1, true, kLong}));
  client.send(compressed_frame(deflated("x")));
  EXPECT_EQ(client.read_close_code(), 1002);
}

TEST(Deflate, IsAgreedOnInOneHeaderLine) {  // RFC 6455 §11.3.2, RFC 7692 §5; checklist 51, 54, 97
  RunningServer server(echo_handlers(), takeover());
  DeflateClient client(server,
                       "permessage-deflate; server_max_window_bits=7\r\nSec-WebSocket-Extensions: permessage-deflate; "
                       "server_max_window_bits=10; client_max_window_bits, permessage-deflate");
  EXPECT_EQ(client.extensions, "permessage-deflate; server_max_window_bits=10");
}

TEST(Deflate, ABadOfferIsNoError) {  // RFC 7692 §7, checklist 95
  CapturedLog log;
  RunningServer server(echo_handlers(), takeover());
  for (const std::string_view offer :
       {"permessage-deflate; server_max_window_bits=16", "permessage-deflate; unknown=1",
        "permessage-deflate; server_no_context_takeover=0",
        "permessage-deflate; client_max_window_bits=12; client_max_window_bits=12", "permessage-snappy"}) {
    DeflateClient client(server, offer);
    EXPECT_EQ(client.extensions, "") << offer;
    client.send(text_frame("Hello"));
    EXPECT_EQ(client.read_frame(), (Frame{1, true, "Hello"}));
  }
  EXPECT_EQ(log.lines(), std::vector<std::string>{});
}

TEST(Deflate, AMalformedHeaderIsOne) {  // RFC 6455 §9.1, checklist 52
  RunningServer server(echo_handlers(), takeover());
  RawClient client(server.port());
  client.send(upgrade_request("/", "Sec-WebSocket-Extensions: permessage-deflate; =\r\n"));
  EXPECT_TRUE(client.read_response().starts_with("HTTP/1.1 400 "));
}

TEST(Deflate, InfoSaysWhatWasAgreedOn) {
  Journal journal;
  RunningServer server(
      Handlers{.on_open = [&](Connection& socket) { journal.add(socket.info().negotiated_extensions); }}, alone());
  DeflateClient agreed(server, "permessage-deflate");
  const auto without = RawClient::open(server.port());
  ASSERT_TRUE(eventually([&] { return journal.size() == 2; }));
  EXPECT_EQ(agreed.extensions, "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
  EXPECT_EQ(journal.lines(), (std::vector{agreed.extensions, std::string()}));
}

// ---- Messages

TEST(Deflate, EchoesWhateverTheWindowsAndContexts) {  // RFC 7692 §6, §7.2; checklist 99, 100, 101, 104, 105
  std::mt19937 random(20261124);
  for (const bool keeps : {false, true}) {
    RunningServer server(echo_handlers(), keeps ? takeover() : alone());
    for (int bits = 8; bits <= 15; ++bits) {
      const std::string text = std::to_string(bits);
      DeflateClient client(server, std::string("permessage-deflate; server_max_window_bits=")
                                       .append(text)
                                       .append("; client_max_window_bits=")
                                       .append(text));
      PeerDeflater deflater({.level = 6, .window_bits = std::max(bits, 9)});
      PeerInflater inflater(bits);
      for (const std::size_t size : {600U, 50'000U, 5000U, 1U, 100'000U, 3000U}) {
        std::string message(size, '\0');
        for (char& c : message) c = static_cast<char>('a' + random() % 6);
        if (bits == 8 && keeps) {  // zlib writes nothing that a window of 256 bytes cannot read
          client.send(compressed_frame(deflated(message, {.strategy = Z_HUFFMAN_ONLY})));
        } else {
          client.send(compressed_frame(keeps ? deflater.message(message) : deflated(message)));
        }
        const Frame frame = client.read_frame();
        ASSERT_EQ(frame.compressed, size >= 512) << bits << ' ' << size;
        if (!frame.compressed) {
          ASSERT_EQ(frame.payload, message);
          continue;
        }
        ASSERT_LT(frame.payload.size(), size);
        ASSERT_EQ(inflater.message(frame.payload), message) << bits << ' ' << size;
        if (!keeps) inflater.forget();
      }
    }
  }
}

TEST(Deflate, SixteenMebibytesPassWhereTheLimitAllowsThem) {
  Options options = takeover();
  options.max_message_bytes = 16 << 20;
  options.hard_limit_bytes = 64 << 20;
  RunningServer server(echo_handlers(), options);
  DeflateClient client(server, "permessage-deflate");
  std::string message;
  while (message.size() < 16 << 20) message.append("{\"id\": ").append(std::to_string(message.size())).append("}, ");
  message.resize(16 << 20);
  client.send(compressed_frame(deflated(message, {.level = 1}), 2));
  EXPECT_TRUE(PeerInflater().message(client.read_frame().payload) == message);
  client.send(compressed_frame(deflated(message + "x", {.level = 1}), 2));
  EXPECT_EQ(client.read_close_code(), 1009);
}

TEST(Deflate, AMessageStaysWhereItIsWhileItsCallbackSends) {
  const std::string message(500'000, 'm');  // more than what is kept of a buffer between messages
  const PreparedMessage prepared(kLong);
  Journal journal;
  RunningServer server(Handlers{.on_message =
                                    [&](Connection& socket, std::string_view text) {
                                      for (const Compress compress : {Compress::never, Compress::always}) {
                                        socket.send(std::string(message.size(), 'o'), compress);
                                        journal.add(text == message ? "as it was" : "gone");
                                      }
                                      socket.send(prepared);
                                      journal.add(text == message ? "as it was" : "gone");
                                    }},
                       alone());
  DeflateClient client(server, "permessage-deflate");
  client.send(compressed_frame(deflated(message)));
  ASSERT_TRUE(eventually([&] { return journal.size() == 3; }));
  EXPECT_EQ(journal.count("as it was"), 3U);
}

TEST(Deflate, ThePayloadOfASendDecides) {
  std::atomic<bool> done = false;
  RunningServer server(Handlers{.on_open =
                                    [&](Connection& socket) {
                                      socket.send(std::string(511, 'x'));
                                      socket.send(std::string(512, 'x'));
                                      socket.send("ab ab ab ab ab ab", Compress::always);
                                      socket.send(kLong, Compress::never);
                                      socket.send(std::as_bytes(std::span(kLong)), Compress::never);
                                      socket.send(std::as_bytes(std::span(kLong)));
                                      done = true;
                                    }},
                       alone());
  DeflateClient client(server, "permessage-deflate");
  EXPECT_EQ(client.read_frame(), (Frame{1, true, std::string(511, 'x')}));
  const Frame at_threshold = client.read_frame();
  EXPECT_TRUE(at_threshold.compressed);
  EXPECT_EQ(PeerInflater().message(at_threshold.payload), std::string(512, 'x'));
  const Frame forced = client.read_frame();
  EXPECT_TRUE(forced.compressed);
  EXPECT_EQ(PeerInflater().message(forced.payload), "ab ab ab ab ab ab");
  EXPECT_EQ(client.read_frame(), (Frame{1, true, kLong}));
  EXPECT_EQ(client.read_frame(), (Frame{2, true, kLong}));
  const Frame binary = client.read_frame();
  EXPECT_EQ(binary.opcode, 2U);
  EXPECT_EQ(PeerInflater().message(binary.payload), kLong);
}

TEST(Deflate, OnRequestNothingIsCompressedUnasked) {
  RunningServer server(Handlers{.on_open =
                                    [](Connection& socket) {
                                      socket.send(kLong);
                                      socket.send(kLong, Compress::always);
                                    }},
                       with({.mode = CompressionMode::on_request}));
  DeflateClient client(server, "permessage-deflate");
  EXPECT_FALSE(client.read_frame().compressed);
  EXPECT_TRUE(client.read_frame().compressed);
}

TEST(Deflate, HandlesOfOtherThreadsKeepTheOrderOfTheContext) {
  Journal opened;
  Handle handle;
  RunningServer server(Handlers{.on_open =
                                    [&](Connection& socket) {
                                      handle = socket.handle();
                                      opened.add("open");
                                    }},
                       takeover());
  DeflateClient client(server, "permessage-deflate");
  ASSERT_TRUE(eventually([&] { return opened.size() == 1; }));
  const PreparedMessage prepared(kLong + "prepared");
  std::thread sender([&] {
    for (int i = 0; i < 50; ++i) {
      handle.send(kLong + std::to_string(i));
      handle.send(prepared);
    }
  });
  PeerInflater inflater;
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(inflater.message(client.read_frame().payload), kLong + std::to_string(i));
    EXPECT_EQ(inflater.message(client.read_frame().payload), kLong + "prepared");
  }
  sender.join();
  EXPECT_EQ(handle.send(prepared), SendStatus::sent);
  server.stop();
  EXPECT_EQ(handle.send(prepared), SendStatus::closed);
}

TEST(Deflate, OnePreparedMessageSuitsEveryConnection) {
  const PreparedMessage news(kLong);
  RunningServer server(Handlers{.on_message = [&](Connection& socket, std::string_view) { socket.send(news); }},
                       takeover());
  auto plain = RawClient::open(server.port());
  DeflateClient keeps(server, "permessage-deflate");
  DeflateClient resets(server, "permessage-deflate; server_no_context_takeover");
  DeflateClient small(server, "permessage-deflate; server_max_window_bits=9");
  PeerInflater keeping;
  for (int round = 0; round < 3; ++round) {
    for (RawClient* const client :
         {&plain, static_cast<RawClient*>(&keeps), static_cast<RawClient*>(&resets), static_cast<RawClient*>(&small)}) {
      client->send(text_frame("now"));
    }
    EXPECT_EQ(plain.read_frame(), (Frame{1, true, kLong}));
    EXPECT_EQ(keeping.message(keeps.read_frame().payload), kLong);
    EXPECT_EQ(PeerInflater().message(resets.read_frame().payload), kLong);
    EXPECT_EQ(PeerInflater(9).message(small.read_frame().payload), kLong);
  }
}

TEST(Deflate, WhatIsDroppedIsNotInTheContext) {
  Options options = takeover();
  options.soft_limit_bytes = 1000;
  options.hard_limit_bytes = 50'000;
  options.overflow = Overflow::drop_message;
  std::string noise(40'000, '\0');  // more than the window, so that it does not get smaller
  std::mt19937 random(20261124);
  for (char& c : noise) c = static_cast<char>(random());
  std::atomic<int> sent = 0;
  std::atomic<bool> full = false;
  std::atomic<bool> drained = false;
  RunningServer server(Handlers{.on_open =
                                    [&](Connection& socket) {
                                      const auto bytes = std::as_bytes(std::span(noise));
                                      while (socket.send(bytes, Compress::always) != SendStatus::dropped) ++sent;
                                      EXPECT_EQ(socket.send(PreparedMessage(bytes, Compress::always)),
                                                SendStatus::dropped);
                                      full = true;
                                    },
                                .on_drain =
                                    [&](Connection& socket) {
                                      if (!drained.exchange(true)) socket.send(noise + "end", Compress::always);
                                    }},
                       options);
  DeflateClient client(server, "permessage-deflate");
  ASSERT_TRUE(eventually([&] { return full.load(); }));
  PeerInflater inflater;
  std::string last;
  int received = 0;
  for (; last != noise + "end"; ++received) {
    last = inflater.message(client.read_frame().payload);
    ASSERT_TRUE(last == noise || last == noise + "end");
  }
  EXPECT_EQ(received, sent + 1);
}

// ---- What bad input gets

TEST(Deflate, ABombIsStopped) {  // RFC 6455 §10.4, checklist 83; attack 14
  CapturedLog log;
  Journal journal;
  RunningServer server(
      Handlers{
          .on_message = [&](Connection&, std::string_view) { journal.add("message"); },
          .on_close = [&](Connection&, const CloseInfo& why) { journal.add("close " + std::to_string(why.code)); }},
      takeover());
  const std::string bomb = deflated(std::string(8'000'000, '\0'), {.level = 1});
  for (const bool fragmented : {false, true}) {
    DeflateClient client(server, "permessage-deflate");
    if (fragmented) {
      client.send(client_frame(1, std::string_view(bomb).substr(0, 5000), {.fin = false, .reserved = 4}));
      client.send_some(client_frame(0, std::string_view(bomb).substr(5000)));
    } else {
      client.send_some(compressed_frame(bomb));
    }
    EXPECT_EQ(client.read_close_code(), 1009);
  }
  ASSERT_TRUE(eventually([&] { return journal.size() == 2; }));
  EXPECT_EQ(journal.lines(), (std::vector<std::string>{"close 1009", "close 1009"}));
  EXPECT_EQ(log.size(), 2U);
}

/// What a few bytes turn into takes time: it counts against the budget of a turn like what was received.
TEST(Deflate, APeerWhoseMessagesInflateDoesNotStarveAQuietOne) {  // attack 31
  constexpr int count = 200;
  std::vector<std::size_t> sizes;
  Server server("ws://127.0.0.1:0", alone());
  server.start(Handlers{.on_message = [&](Connection&, std::string_view text) {
    sizes.push_back(text.size());
    if (sizes.size() == count + 1) server.stop();
  }});
  const auto request = upgrade_request("/", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  const std::string large = compressed_frame(deflated(std::string(1'000'000, 'x')));
  std::string flood = request;
  for (int i = 0; i < count; ++i) flood += large;
  RawClient inflating(server.port());
  inflating.send(flood);
  RawClient quiet(server.port());
  quiet.send(request + text_frame("quiet"));
  server.run();  // everything is there already, the flood first
  const auto place = std::find(sizes.begin(), sizes.end(), 5U) - sizes.begin();
  EXPECT_EQ(sizes.size(), count + 1U);
  EXPECT_LE(place, 2);
}

TEST(Deflate, WhatIsNoDeflateDataEndsTheConnection) {  // RFC 7692 §7.2.2, checklist 105; attack 16
  CapturedLog log;
  RunningServer server(echo_handlers(), takeover());
  for (const std::string& payload : {std::string("\x06"), std::string("\x07"), deflated("Hello").substr(0, 4),
                                     deflated("Hello") + std::string("\0\0\xFF\xFF", 4), std::string(300, '\xFF')}) {
    DeflateClient client(server, "permessage-deflate");
    client.send(compressed_frame(payload));
    EXPECT_EQ(client.read_close_code(), 1007);
  }
  EXPECT_EQ(log.size(), 5U);
  EXPECT_EQ(log.count("127.0.0.1"), 5U);
}

TEST(Deflate, ThousandsOfEmptyFinalBlocksTakeNoTime) {  // attack 16: two bytes each
  RunningServer server(echo_handlers(), takeover());
  DeflateClient client(server, "permessage-deflate");
  std::string blocks;
  while (blocks.size() < 1'000'000) blocks.append("\x03\x00", 2);
  client.send(compressed_frame(blocks + std::string(1, '\0')));
  EXPECT_EQ(client.read_frame(), (Frame{1, true, ""}));
}

TEST(Deflate, InvalidTextEndsAnUnfinishedFrame) {  // RFC 6455 §8.1, checklist 80
  RunningServer server(echo_handlers(), takeover());
  DeflateClient client(server, "permessage-deflate");
  client.send(compressed_frame(deflated("ab\xFF" + std::string(2000, 'c'), {.level = 0})).substr(0, 100));
  EXPECT_EQ(client.read_close_code(), 1007);
}

// ---- Memory

constexpr std::size_t kToInflate = (1 << 15) + (8 << 10);              // as compression.h says,
constexpr std::size_t kToDeflate = (1 << 17) + (1 << 14) + (6 << 10);  // with the default settings

void echo_compressed(DeflateClient& client) {
  client.send(compressed_frame(deflated(kLong)));
  EXPECT_FALSE(client.read_frame().payload.empty());
}

TEST(DeflateMemory, OfAContextIsCountedAsLongAsItIsThere) {
  RunningServer server(echo_handlers(), takeover());
  const long before = test::allocated_bytes();
  constexpr std::size_t count = 20;
  {
    std::vector<DeflateClient> clients;
    for (std::size_t i = 1; i <= count; ++i) {
      clients.emplace_back(server, "permessage-deflate");
      echo_compressed(clients.back());
      EXPECT_TRUE(eventually([&] { return server->memory_bytes() == i * (kToInflate + kToDeflate); }));
    }
    const auto counted = static_cast<double>(server->memory_bytes());
    EXPECT_NEAR(static_cast<double>(test::allocated_bytes() - before), counted, counted / 5) << "and it is the heap's";
  }
  EXPECT_TRUE(eventually([&] { return server->memory_bytes() == 0; }));
}

TEST(DeflateMemory, OfAMessageThatStandsAloneIsCountedUntilItIsWhole) {
  RunningServer server(echo_handlers(), alone());
  DeflateClient client(server, "permessage-deflate");
  const std::string message = compressed_frame(deflated(kLong));
  for (int round = 0; round < 2; ++round) {
    client.send(message.substr(0, message.size() - 1));
    EXPECT_TRUE(eventually([&] { return server->memory_bytes() >= kToInflate; }));
    client.send(message.substr(message.size() - 1));
    EXPECT_FALSE(client.read_frame().payload.empty());
    EXPECT_TRUE(eventually([&] { return server->memory_bytes() == 0; }));
  }
}

TEST(DeflateMemory, AboveTheBudgetContextsCostTheirConnections) {
  Options options = takeover();
  options.memory_budget_bytes = 2 * (kToInflate + kToDeflate);
  Journal journal;
  Handlers handlers = echo_handlers();
  handlers.on_close = [&](Connection&, const CloseInfo& why) { journal.add(std::to_string(why.code)); };
  RunningServer server(std::move(handlers), options);
  std::vector<DeflateClient> clients;
  for (int i = 0; i < 2; ++i) {
    clients.emplace_back(server, "permessage-deflate");
    echo_compressed(clients.back());
  }
  EXPECT_EQ(journal.size(), 0U);
  clients.emplace_back(server, "permessage-deflate");
  clients.back().send(compressed_frame(deflated(kLong)));
  EXPECT_TRUE(eventually([&] { return journal.size() == 2; }));  // one is less than seven eighths, two are more
  EXPECT_EQ(journal.lines(), (std::vector<std::string>{"1013", "1013"}));
  EXPECT_TRUE(eventually([&] { return server->memory_bytes() == kToInflate + kToDeflate; })) << "at once";
}

// ---- Options

TEST(Deflate, OptionsAreChecked) {
  const auto refused = [](const Compression& compression, std::string_view name) {
    try {
      const Server server("ws://127.0.0.1:0", with(compression));
    } catch (const std::invalid_argument& error) {
      return std::string_view(error.what()).find(name) != std::string_view::npos;
    }
    return false;
  };
  for (const int wrong : {-1, 0, 10}) {
    EXPECT_TRUE(refused({.level = wrong}, "compression.level")) << wrong;
    EXPECT_TRUE(refused({.memory_level = wrong}, "compression.memory_level")) << wrong;
  }
  for (const int wrong : {0, 7, 16, -15}) {
    EXPECT_TRUE(refused({.server_max_window_bits = wrong}, "compression.server_max_window_bits")) << wrong;
    EXPECT_TRUE(refused({.client_max_window_bits = wrong}, "compression.client_max_window_bits")) << wrong;
  }
  for (const int bits : {8, 15}) {
    const Server server(
        "ws://127.0.0.1:0",
        with({.level = 9, .server_max_window_bits = bits, .client_max_window_bits = bits, .memory_level = 1}));
  }
}

}  // namespace
}  // namespace mote

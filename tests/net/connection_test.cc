// The promises of mote/connection.h, over real sockets.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "tests/support/raw_client.h"
#include "tests/support/running_server.h"

namespace mote {
namespace {

using test::client_frame;
using test::close_frame;
using test::eventually;
using test::Frame;
using test::Journal;
using test::RawClient;
using test::RunningServer;
using test::text_frame;
using test::upgrade_request;

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string to_string(const CloseInfo& why) {
  return "close " + std::to_string(why.code) + ' ' + std::string(why.reason) + (why.clean ? " clean" : " unclean") +
         " by " + std::to_string(static_cast<int>(why.by));
}

std::string closed(std::uint16_t code, const std::string& reason, bool clean, EndedBy by) {
  return to_string(CloseInfo{code, reason, clean, by});
}

/// Handlers that write down every callback.
Handlers journalling(Journal& journal) {
  return {.on_open = [&](Connection&) { journal.add("open"); },
          .on_message = [&](Connection&, std::string_view text) { journal.add("text " + std::string(text)); },
          .on_binary = [&](Connection&, std::span<const std::byte> b) { journal.add("binary " + text_of(b)); },
          .on_ping = [&](Connection&, std::span<const std::byte> b) { journal.add("ping " + text_of(b)); },
          .on_pong = [&](Connection&, std::span<const std::byte> b) { journal.add("pong " + text_of(b)); },
          .on_error = [&](Connection&, const Error& error) { journal.add(std::string("error ") + error.what()); },
          .on_close = [&](Connection&, const CloseInfo& why) { journal.add(to_string(why)); }};
}

using Lines = std::vector<std::string>;

template <class Sender, class What>
concept CanSend = requires(Sender& sender, What what) {
  sender.send(what);
};
static_assert(CanSend<Connection, const char*> && CanSend<Connection, std::string>);
static_assert(!CanSend<Connection, std::nullptr_t> && !CanSend<Handle, std::nullptr_t>);

TEST(Connection, CallbacksComeInOrderAndCloseOnce) {  // checklist 77, 111
  Journal journal;
  RunningServer server(journalling(journal));
  auto client = RawClient::open(server.port());
  client.send(text_frame("one") + client_frame(2, "two") + client_frame(9, "p") + client_frame(10, "q") +
              close_frame(1000, "bye") + text_frame("after Close"));
  EXPECT_EQ(client.read_frame(), (Frame{10, true, "p"}));
  EXPECT_EQ(client.read_close_code(), 1000);
  EXPECT_EQ(client.read_to_end(), "");
  server.stop();
  EXPECT_EQ(journal.lines(),
            (Lines{"open", "text one", "binary two", "ping p", "pong q", closed(1000, "bye", true, EndedBy::peer)}));
}

TEST(Connection, FramesInThePacketOfTheRequestAreDeliveredOnceAfterOpen) {  // attack 23
  Journal journal;
  RunningServer server(journalling(journal));
  RawClient client(server.port());
  client.send(upgrade_request() + text_frame("early") + close_frame(1000));
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 101 "));
  EXPECT_EQ(client.read_close_code(), 1000);
  server.stop();
  EXPECT_EQ(journal.lines(), (Lines{"open", "text early", closed(1000, "", true, EndedBy::peer)}));
}

TEST(Connection, TheResponseIsWrittenBeforeWhatOnOpenSends) {  // checklist 81
  RunningServer server([](Connection& socket) {
    socket.send("from configure");
    socket.on_open([&] { socket.send("from open"); });
  });
  auto client = RawClient::open(server.port());
  EXPECT_EQ(client.read_frame(), (Frame{1, true, "from configure"}));
  EXPECT_EQ(client.read_frame(), (Frame{1, true, "from open"}));
}

TEST(Connection, OwnCallbacksGetEveryKindOfEvent) {
  Journal journal;
  RunningServer server([&](Connection& socket) {
    socket.on_open([&] { journal.add("open " + std::string(socket.info().path)); });
    socket.on_message([&](std::string_view text) { journal.add("text " + std::string(text)); });
    socket.on_binary([&](std::span<const std::byte> bytes) { journal.add("binary " + text_of(bytes)); });
    socket.on_ping([&](std::span<const std::byte> bytes) { journal.add("ping " + text_of(bytes)); });
    socket.on_pong([&](std::span<const std::byte> bytes) { journal.add("pong " + text_of(bytes)); });
    socket.on_error([&](const Error& error) { journal.add(std::string("error ") + error.what()); });
    socket.on_close([&](const CloseInfo& why) { journal.add(to_string(why)); });
  });
  {
    auto client = RawClient::open(server.port(), "/room?x=1");
    client.send(text_frame("a") + client_frame(2, "b") + client_frame(9, "c") + client_frame(10, "d"));
    EXPECT_EQ(client.read_frame(), (Frame{10, true, "c"}));
  }
  EXPECT_TRUE(eventually([&] { return journal.count("close") == 1; }));
  EXPECT_EQ(journal.lines(),
            (Lines{"open /room?x=1", "text a", "binary b", "ping c", "pong d",
                   "error the connection ended without a Close frame", closed(1006, "", false, EndedBy::transport)}));
}

TEST(Connection, OwnCallbackTakesThePlaceOfTheSharedOneUntilItIsRemoved) {
  Journal journal;
  auto handlers = journalling(journal);
  handlers.on_open = [&](Connection& socket) {
    socket.on_message([&](std::string_view text) {
      journal.add("own " + std::string(text));
      socket.on_message(nullptr);
    });
  };
  RunningServer server(std::move(handlers));
  auto client = RawClient::open(server.port());
  client.send(text_frame("1") + text_frame("2") + close_frame(1000));
  client.read_close_code();
  server.stop();
  EXPECT_EQ(journal.lines(), (Lines{"own 1", "text 2", closed(1000, "", true, EndedBy::peer)}));
}

TEST(Connection, ACallbackMayReplaceItselfWhileItRuns) {
  RunningServer server([](Connection& socket) {
    const std::string first(100, 'a');  // the captures must outlive the replacement
    socket.on_message([&socket, first](std::string_view) {
      socket.on_message([&socket, second = std::string(100, 'b')](std::string_view) { socket.send(second); });
      socket.send(first);
    });
  });
  auto client = RawClient::open(server.port());
  client.send(text_frame("x") + text_frame("y"));
  EXPECT_EQ(client.read_frame().payload, std::string(100, 'a'));
  EXPECT_EQ(client.read_frame().payload, std::string(100, 'b'));
}

/// Calls a function when it is destroyed.
struct AtEnd {
  explicit AtEnd(std::function<void()> function) : call(std::move(function)) {}
  ~AtEnd() { call(); }
  AtEnd(const AtEnd&) = delete;
  AtEnd& operator=(const AtEnd&) = delete;
  std::function<void()> call;
};

TEST(Connection, WhatAReplacedCallbackOwnedMayReplaceCallbacksWhenItIsDestroyed) {
  std::atomic<int> destroyed{0};
  RunningServer server([&](Connection& socket) {
    for (int i = 0; i < 10; ++i) {
      socket.on_pong([owned = std::make_unique<AtEnd>([&] {
                        ++destroyed;
                        for (int j = 0; j < 10; ++j) socket.on_ping([](std::span<const std::byte>) {});
                      })](std::span<const std::byte>) {});
    }
    socket.on_message([&](std::string_view text) { socket.send(text); });
    socket.on_pong(nullptr);
  });
  auto client = RawClient::open(server.port());
  client.send(text_frame("x"));
  EXPECT_EQ(client.read_frame().payload, "x");
  server.on_thread([] {});
  EXPECT_EQ(destroyed, 10);
}

TEST(Connection, AnEmptyFunctionIsNoCallback) {
  RunningServer server([](Connection& socket) {
    socket.on_open(std::function<void()>());
    socket.on_message(static_cast<void (*)(std::string_view)>(nullptr));
    socket.on_binary([&](std::span<const std::byte> bytes) { socket.send(bytes); });
  });
  auto client = RawClient::open(server.port());
  client.send(text_frame("x") + client_frame(2, "y"));
  EXPECT_EQ(client.read_frame(), (Frame{2, true, "y"}));
}

TEST(Connection, AnotherOneMayResumeItsReading) {
  Journal journal;
  Connection* paused = nullptr;
  RunningServer server([&](Connection& socket) {
    socket.on_message([&](std::string_view text) {
      journal.add(std::string(text));
      if (text == "pause") {
        paused = &socket;
        socket.pause_reading();
      }
      if (text == "resume") paused->resume_reading();
    });
  });
  auto client = RawClient::open(server.port());
  client.send(text_frame("pause") + text_frame("waits"));
  ASSERT_TRUE(eventually([&] { return journal.size() == 1; }));
  auto other = RawClient::open(server.port());
  other.send(text_frame("resume"));
  ASSERT_TRUE(eventually([&] { return journal.size() == 3; }));
  EXPECT_EQ(journal.lines(), (Lines{"pause", "resume", "waits"}));
}

TEST(Connection, WhatIsThrownAfterAnAbortIsToldToo) {
  Journal journal;
  Handlers handlers = journalling(journal);
  handlers.on_message = [](Connection& socket, std::string_view) {
    socket.abort();
    throw std::runtime_error("late");
  };
  RunningServer server(std::move(handlers));
  auto client = RawClient::open(server.port());
  client.send(text_frame("x"));
  ASSERT_TRUE(eventually([&] { return journal.size() == 3; }));
  const auto lines = journal.lines();
  EXPECT_NE(lines.at(1).find("late"), std::string::npos) << lines.at(1);
  EXPECT_EQ(lines.at(2), closed(1006, "", false, EndedBy::local));
}

TEST(Connection, HearsThatItsOutputWasRead) {
  Journal journal;
  RunningServer server([&](Connection& socket) {
    socket.on_open([&] {
      std::string more_than_buffers_hold;
      more_than_buffers_hold.resize(16'000'000, 'x');
      EXPECT_EQ(socket.send(more_than_buffers_hold), SendStatus::queued);
    });
    socket.on_drain([&] { journal.add("drained"); });
  });
  auto client = RawClient::open(server.port());
  EXPECT_EQ(client.read_frame().payload.size(), 16'000'000U);
  ASSERT_TRUE(eventually([&] { return journal.size() == 1; }));
  EXPECT_EQ(journal.lines(), Lines{"drained"});
}

TEST(Connection, CallbacksMayOwnWhatCannotBeCopied) {
  RunningServer server([](Connection& socket) {
    socket.on_message([&socket, prefix = std::make_unique<std::string>("> ")](std::string_view text) {
      socket.send(*prefix + std::string(text));
    });
  });
  auto client = RawClient::open(server.port());
  client.send(text_frame("x"));
  EXPECT_EQ(client.read_frame().payload, "> x");
}

// Each callback × what may be done in it. Whatever happens: one open, at most one error, one close,
// and the server serves the next client.
enum class Deed {
  send,
  close,
  close_twice,
  abort,
  send_and_abort,
  stop,
  drain,
  throw_exception,
  throw_number,
  replace
};
enum class Place { configure, open, message, binary, ping, pong, error, close };

using DeedAndPlace = std::tuple<Deed, Place>;

class EveryCallback : public testing::TestWithParam<DeedAndPlace> {};

void commit(Deed deed, Connection& socket, Server& server) {
  switch (deed) {
    case Deed::send:
      socket.send("hello");
      socket.send(bytes_of("hello"));
      socket.send_ping(bytes_of("hello"));
      socket.send_pong(bytes_of("hello"));
      break;
    case Deed::close:
      socket.close(4000, "deed");
      break;
    case Deed::close_twice:
      socket.close();
      socket.close(4001);
      EXPECT_EQ(socket.send("too late"), SendStatus::closed);
      break;
    case Deed::abort:
      socket.abort();
      EXPECT_FALSE(socket.is_open());
      break;
    case Deed::send_and_abort:
      socket.send(std::string(1'000'000, 'x'));
      socket.abort();
      socket.close();
      break;
    case Deed::stop:
      server.stop();
      break;
    case Deed::drain:
      server.drain(std::chrono::milliseconds(200));
      break;
    case Deed::throw_exception:
      throw std::runtime_error("deed");
    case Deed::throw_number:
      throw 42;
    case Deed::replace:
      socket.on_open([] {});
      socket.on_message([](std::string_view) {});
      socket.on_binary([](std::span<const std::byte>) {});
      socket.on_ping(nullptr);
      socket.on_pong(nullptr);
      socket.on_error(nullptr);
  }
}

TEST_P(EveryCallback, MayCallEveryMethodAndThrow) {  // attack 26, 27, checklist 111
  const auto [deed, place] = GetParam();
  const test::CapturedLog log;
  Journal journal;
  Server* running = nullptr;
  int opened = 0;
  const auto act = [&, deed = deed, place = place](Connection& socket, Place here) {
    if (here == place && opened <= 1) commit(deed, socket, *running);
  };
  RunningServer server(
      [&](Connection& socket) {
        ++opened;
        journal.add("configure");
        socket.on_close([&](const CloseInfo&) {
          journal.add("close");
          act(socket, Place::close);
        });
        socket.on_error([&](const Error&) {
          journal.add("error");
          act(socket, Place::error);
        });
        socket.on_open([&] { act(socket, Place::open); });
        socket.on_message([&](std::string_view) { act(socket, Place::message); });
        socket.on_binary([&](std::span<const std::byte>) { act(socket, Place::binary); });
        socket.on_ping([&](std::span<const std::byte>) { act(socket, Place::ping); });
        socket.on_pong([&](std::span<const std::byte>) { act(socket, Place::pong); });
        act(socket, Place::configure);
      },
      {}, [&](Server& made) { running = &made; });

  RawClient client(server.port());
  client.send(upgrade_request() + text_frame("t") + client_frame(2, "b") + client_frame(9, "") + client_frame(10, "") +
              client_frame(3, "unknown opcode"));
  client.read_to_end();
  EXPECT_TRUE(eventually([&] { return journal.count("close") == 1; }));
  if (deed != Deed::stop && deed != Deed::drain) {
    auto next = RawClient::open(server.port());
    next.send(close_frame(1000));
    EXPECT_EQ(next.read_close_code(), 1000);
    server.stop();
    EXPECT_EQ(journal.count("configure"), 2U);
    EXPECT_EQ(journal.count("close"), 2U);
  } else {
    server.join();
  }
  EXPECT_LE(journal.count("error"), 1U);
}

std::string name_of(const DeedAndPlace& tested) {
  constexpr std::array deeds = {"Send", "Close", "CloseTwice", "Abort",       "SendAndAbort",
                                "Stop", "Drain", "Throw",      "ThrowNumber", "Replace"};
  constexpr std::array places = {"Configure", "Open", "Message", "Binary", "Ping", "Pong", "Error", "Close"};
  return std::string(deeds[static_cast<std::size_t>(std::get<0>(tested))]) + "In" +
         places[static_cast<std::size_t>(std::get<1>(tested))];
}

INSTANTIATE_TEST_SUITE_P(All, EveryCallback,
                         testing::Combine(testing::Values(Deed::send, Deed::close, Deed::close_twice, Deed::abort,
                                                          Deed::send_and_abort, Deed::stop, Deed::drain,
                                                          Deed::throw_exception, Deed::throw_number, Deed::replace),
                                          testing::Values(Place::configure, Place::open, Place::message, Place::binary,
                                                          Place::ping, Place::pong, Place::error, Place::close)),
                         [](const testing::TestParamInfo<DeedAndPlace>& tested) { return name_of(tested.param); });

TEST(Connection, AnExceptionReachesOnErrorAndTheClientSees1011WithoutItsText) {  // attack 27
  const test::CapturedLog log;
  Journal journal;
  auto handlers = journalling(journal);
  handlers.on_message = [](Connection&, std::string_view) { throw std::runtime_error("secret"); };
  handlers.on_error = [&](Connection&, const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::callback);
    EXPECT_THROW(std::rethrow_exception(error.cause()), std::runtime_error);
    journal.add(std::string("error ") + error.what());
  };
  RunningServer server(std::move(handlers));
  auto client = RawClient::open(server.port());
  client.send(text_frame("x"));
  EXPECT_EQ(client.read_frame(), (Frame{8, true, "\x03\xF3"}));
  client.close();
  EXPECT_TRUE(eventually([&] { return journal.size() == 3; }));
  EXPECT_EQ(journal.lines(), (Lines{"open", "error secret", closed(1011, "", false, EndedBy::local)}));
  EXPECT_EQ(log.size(), 1U);
}

TEST(Connection, LocalCloseIsCleanWithThePeersCode) {  // checklist 87, 88
  Journal journal;
  auto handlers = journalling(journal);
  handlers.on_open = [](Connection& socket) {
    socket.close(4321, "enough");
    EXPECT_FALSE(socket.is_open());
  };
  RunningServer server(std::move(handlers));
  auto client = RawClient::open(server.port());
  EXPECT_EQ(client.read_frame(), (Frame{8, true,
                                        "\x10\xE1"
                                        "enough"}));
  client.send(text_frame("still here") + close_frame(4321));
  EXPECT_EQ(client.read_to_end(), "");
  server.stop();
  EXPECT_EQ(journal.lines(), (Lines{closed(4321, "", true, EndedBy::local)}));
}

TEST(Connection, ACloseWithoutACodeIsAnsweredWithoutOneAndReportedAs1005) {  // checklist 87, 92
  Journal journal;
  RunningServer server(journalling(journal));
  auto client = RawClient::open(server.port());
  client.send(client_frame(8, ""));
  EXPECT_EQ(client.read_frame(), (Frame{8, true, ""}));
  server.stop();
  EXPECT_EQ(journal.lines().back(), closed(1005, "", true, EndedBy::peer));
}

TEST(Connection, ALongReasonIsCutAtACharacter) {
  RunningServer server([](Connection& socket) {
    std::string reason(122, 'a');
    socket.close(4000, reason + "\u00FC" + reason);
  });
  auto client = RawClient::open(server.port());
  EXPECT_EQ(client.read_frame().payload, "\x0F\xA0" + std::string(122, 'a'));
}

TEST(Connection, WhatRfc6455DoesNotLetBeSentThrows) {  // checklist 76, 85, 92, 93
  bool checked = false;
  RunningServer server([&](Connection& socket) {
    for (const std::uint16_t code :
         std::initializer_list<std::uint16_t>{0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535}) {
      EXPECT_THROW(socket.close(code), std::invalid_argument) << code;
      EXPECT_THROW(socket.handle().close(code), std::invalid_argument) << code;
    }
    EXPECT_THROW(socket.close(1000, "\xFF"), std::invalid_argument);
    const std::array<std::byte, 126> too_long{};
    EXPECT_THROW(socket.send_ping(too_long), std::invalid_argument);
    EXPECT_THROW(socket.send_pong(too_long), std::invalid_argument);
    EXPECT_TRUE(socket.is_open());
    checked = true;
  });
  auto client = RawClient::open(server.port());
  server.stop();
  EXPECT_TRUE(checked);
}

TEST(Connection, AbortDropsItWithoutAClose) {  // checklist 92
  Journal journal;
  auto handlers = journalling(journal);
  handlers.on_message = [](Connection& socket, std::string_view) { socket.abort(); };
  RunningServer server(std::move(handlers));
  auto client = RawClient::open(server.port());
  client.send(text_frame("x"));
  EXPECT_EQ(client.read_to_end(), "");
  server.stop();
  EXPECT_EQ(journal.lines(), (Lines{"open", closed(1006, "", false, EndedBy::local)}));
}

TEST(Connection, SendTakesWhateverSizeAndReusesNothing) {
  RunningServer server(Handlers{.on_message =
                                    [](Connection& socket, std::string_view size) {
                                      std::string payload(std::stoul(std::string(size)), 'm');
                                      socket.send(payload);
                                      payload.assign(payload.size(), 'X');  // it may be reused at once
                                      socket.send(bytes_of(payload));
                                    }},
                       {.hard_limit_bytes = 64 * 1024 * 1024});
  auto client = RawClient::open(server.port());
  for (const std::size_t size :
       std::initializer_list<std::size_t>{0, 1, 125, 126, 4095, 4096, 65535, 65536, 70000, 1'000'000, 5'000'000}) {
    client.send(text_frame(std::to_string(size)));
    EXPECT_EQ(client.read_frame(), (Frame{1, true, std::string(size, 'm')})) << size;
    EXPECT_EQ(client.read_frame(), (Frame{2, true, std::string(size, 'X')})) << size;
  }
}

TEST(Connection, InfoHasTheTenFieldsOfTheHandshake) {
  std::promise<void> done;
  RunningServer server(
      [&](Connection& socket) {
        const auto info = socket.info();
        EXPECT_EQ(info.path, "/chat?room=1");
        EXPECT_EQ(info.host, "test.example");
        EXPECT_EQ(info.origin, "https://test.example");
        EXPECT_EQ(info.sub_protocol, "one, two");
        EXPECT_EQ(info.negotiated_sub_protocol, "two");
        EXPECT_EQ(info.cookies["b"], "2");
        EXPECT_EQ(info.headers.count("X-Twice"), 2U);
        EXPECT_EQ(info.headers["x-twice"], "first");
        EXPECT_EQ(info.client_ip_address, "127.0.0.1");
        EXPECT_NE(info.client_port, 0);
        EXPECT_EQ(info.id.to_string().size(), 36U);
        EXPECT_EQ(info.id.to_string()[14], '4');
        EXPECT_EQ(info.id, socket.info().id);
        socket.on_close([&, id = info.id](const CloseInfo&) {
          EXPECT_EQ(socket.info().id, id);
          EXPECT_EQ(socket.info().path, "/chat?room=1");
          done.set_value();
        });
      },
      {.subprotocols = {"two", "three"}});
  auto client = RawClient::open(server.port(), "/chat?room=1",
                                "Origin: https://test.example\r\nSec-WebSocket-Protocol: one, two\r\n"
                                "Cookie: a=1; b=2\r\nX-Twice: first\r\nX-Twice: second\r\n");
  client.close();
  ASSERT_EQ(done.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST(Connection, DataLivesUntilOnCloseHasReturned) {
  struct Noted {
    Noted(Journal& to, std::string text) : journal(to), line(std::move(text)) {}
    ~Noted() { journal.add("destroyed " + line); }
    Noted(const Noted&) = delete;
    Noted& operator=(const Noted&) = delete;
    Journal& journal;
    std::string line;
  };
  Journal journal;
  RunningServer server([&](Connection& socket) {
    EXPECT_EQ(socket.data<Noted>(), nullptr);
    socket.emplace_data<int>(7);
    EXPECT_EQ(*socket.data<int>(), 7);
    EXPECT_EQ(socket.data<unsigned>(), nullptr);
    socket.emplace_data<Noted>(journal, "data");
    EXPECT_EQ(socket.data<int>(), nullptr);
    socket.on_close([&](const CloseInfo&) { journal.add("close with " + socket.data<Noted>()->line); });
  });
  RawClient::open(server.port()).close();
  EXPECT_TRUE(eventually([&] { return journal.size() == 2; }));
  EXPECT_EQ(journal.lines(), (Lines{"close with data", "destroyed data"}));
}

}  // namespace
}  // namespace mote

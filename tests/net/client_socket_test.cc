#include <mote/client_socket.h>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/process_facts.h"
#include "tests/support/running_server.h"

namespace mote {
namespace {

using namespace std::chrono_literals;
using test::CapturedLog;
using test::echo_handlers;
using test::eventually;
using test::Journal;
using test::RunningServer;

/// The kind of the Error that `call` throws.
template <class Call>
ErrorKind thrown_by(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.kind();
  }
  throw std::logic_error("nothing was thrown");
}

TEST(ClientSocket, EchoesAsTextAndAsBinaryAndClosesNicely) {
  Journal at_server;
  Handlers handlers = echo_handlers();
  handlers.on_error = [&](Connection&, const Error& error) { at_server.add(error.what()); };
  handlers.on_close = [&](Connection&, const CloseInfo& why) {
    at_server.add("close " + std::to_string(why.code) + (why.clean ? " clean" : " unclean"));
  };
  const RunningServer server(std::move(handlers));
  auto socket = connect(server.url());
  EXPECT_EQ(socket.state(), SocketState::open);
  socket.send("Hello World");
  const Message text = socket.receive(5s);
  EXPECT_EQ(text.kind, MessageKind::text);
  EXPECT_EQ(text.text(), "Hello World");
  socket.send(std::as_bytes(std::span(std::string_view("Hello World"))));
  const Message binary = socket.receive(5s);
  EXPECT_EQ(binary.kind, MessageKind::binary);
  EXPECT_EQ(binary.payload, "Hello World");
  EXPECT_EQ(binary.bytes().size(), 11U);
  socket.close();
  EXPECT_EQ(socket.state(), SocketState::closed);
  EXPECT_TRUE(eventually([&] { return at_server.size() == 1; }));
  EXPECT_EQ(at_server.lines(), std::vector<std::string>{"close 1000 clean"});
}

TEST(ClientSocket, GoneWithoutACloseIsUncleanForTheServer) {
  Journal at_server;
  Handlers handlers = echo_handlers();
  handlers.on_error = [&](Connection&, const Error&) { at_server.add("error"); };
  handlers.on_close = [&](Connection&, const CloseInfo& why) {
    at_server.add("close " + std::to_string(why.code) + (why.clean ? " clean" : " unclean"));
  };
  const RunningServer server(std::move(handlers));
  auto socket = connect(server.url());
  socket.send("Hello World");
  EXPECT_EQ(socket.receive(5s).text(), "Hello World");
  socket.abort();
  EXPECT_EQ(thrown_by([&] { socket.receive(); }), ErrorKind::transport);
  EXPECT_EQ(socket.state(), SocketState::aborted);
  EXPECT_EQ(thrown_by([&] { socket.send("x"); }), ErrorKind::transport);
  socket.close();  // has ended already
  EXPECT_TRUE(eventually([&] { return at_server.size() == 2; }));
  EXPECT_EQ(at_server.lines(), (std::vector<std::string>{"error", "close 1006 unclean"}));
}

TEST(ClientSocket, DestroyedOpenItAborts) {
  Journal at_server;
  const RunningServer server(
      Handlers{.on_close = [&](Connection&, const CloseInfo& why) { at_server.add(std::to_string(why.code)); }});
  { const auto socket = connect(server.url()); }
  EXPECT_TRUE(eventually([&] { return at_server.size() == 1; }));
}

TEST(ClientSocket, ThePeersCloseIsReceivedBehindItsMessages) {
  const RunningServer server(Handlers{.on_open = [](Connection& socket) {
    socket.send("one");
    socket.send("two");
    socket.close(4000, "that was all");
  }});
  auto socket = connect(server.url());
  EXPECT_EQ(socket.receive(5s).text(), "one");
  EXPECT_EQ(socket.receive(5s).text(), "two");
  for (int again = 0; again < 2; ++again) {
    const Message end = socket.receive(5s);
    EXPECT_EQ(end.kind, MessageKind::close);
    EXPECT_EQ(end.code, 4000);
    EXPECT_EQ(end.text(), "that was all");
  }
  EXPECT_EQ(socket.state(), SocketState::closed);
  EXPECT_EQ(thrown_by([&] { socket.send("x"); }), ErrorKind::transport);
}

TEST(ClientSocket, CloseOutputReturnsAndReceiveTellsOfTheAnswer) {
  const RunningServer server(echo_handlers());
  auto socket = connect(server.url());
  socket.close_output(4321, "bye");
  const Message end = socket.receive(5s);
  EXPECT_EQ(end.kind, MessageKind::close);
  EXPECT_EQ(end.code, 4321);
  socket.close();
  EXPECT_EQ(socket.state(), SocketState::closed);
  EXPECT_THROW(socket.close(1005), std::invalid_argument);
}

TEST(ClientSocket, ReceiveGivesUpAfterItsTime) {
  const RunningServer server(echo_handlers());
  auto socket = connect(server.url());
  EXPECT_EQ(thrown_by([&] { socket.receive(5ms); }), ErrorKind::timeout);
  EXPECT_EQ(thrown_by([&] { socket.receive(0ms); }), ErrorKind::timeout);
  socket.send("still there");
  EXPECT_EQ(socket.receive(5s).text(), "still there");
}

TEST(ClientSocket, AServerThatNeverAnswersACloseIsGivenUp) {
  Options options;
  const RunningServer server(Handlers{.on_open = [](Connection& socket) { socket.pause_reading(); }}, options);
  ClientOptions wanted;
  wanted.close_timeout = 50ms;
  auto socket = connect(server.url(), wanted);
  const CapturedLog quiet;
  EXPECT_EQ(thrown_by([&] { socket.close(); }), ErrorKind::timeout);
  EXPECT_EQ(socket.state(), SocketState::aborted);
}

TEST(ClientSocket, WhatCannotBeHadIsThrown) {
  std::uint16_t port = 0;
  {
    const RunningServer server(echo_handlers(), {}, [](Server& to) {
      to.on_upgrade([](const HttpRequest&, UpgradeDecision& decision) { decision.reject(403); });
    });
    port = server.port();
    const CapturedLog quiet;
    try {
      connect(server.url());
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::handshake);
      ASSERT_NE(error.response(), nullptr);
      EXPECT_EQ(error.response()->status, 403);
    }
  }
  EXPECT_EQ(thrown_by([&] { connect("ws://127.0.0.1:" + std::to_string(port)); }), ErrorKind::connect);
  EXPECT_THROW(connect("ftp://127.0.0.1"), std::invalid_argument);
  ClientOptions again;
  again.reconnect.attempts = 1;
  EXPECT_THROW(connect("ws://127.0.0.1:1", again), std::invalid_argument);
}

TEST(ClientSocket, SendWaitsForASlowReaderAndLosesNothing) {
  std::atomic<std::size_t> received = 0;
  std::mutex mutex;
  Handle at_server;
  const RunningServer server(Handlers{.on_open =
                                          [&](Connection& socket) {
                                            socket.pause_reading();
                                            const std::scoped_lock lock(mutex);
                                            at_server = socket.handle();
                                          },
                                      .on_binary = [&](Connection&, auto bytes) { received += bytes.size(); }});
  constexpr std::size_t kMessages = 200;
  const std::string message(100'000, 'm');
  std::atomic<std::size_t> sent = 0;
  auto socket = connect(server.url());
  std::thread sender([&] {
    for (std::size_t i = 0; i < kMessages; ++i) {
      socket.send(std::as_bytes(std::span(message)));
      ++sent;
    }
    socket.close();
  });
  // The kernel's buffers take a few megabytes; then it waits.
  std::size_t before = 0;
  EXPECT_TRUE(eventually([&] {
    std::this_thread::sleep_for(50ms);  // between two looks
    return std::exchange(before, sent) == sent && sent != 0;
  }));
  EXPECT_LT(sent, kMessages);
  EXPECT_EQ(received, 0U);
  {
    const std::scoped_lock lock(mutex);
    at_server.resume_reading();
  }
  sender.join();
  EXPECT_EQ(received, kMessages * message.size());
}

TEST(ClientSocket, ReceivesAheadOnlySoFar) {
  // The server sends 100 MB at once, as far as it is let; the client looks at none of it for a while.
  std::atomic<std::size_t> sent = 0;
  constexpr std::size_t kMessages = 400;
  const std::string message(256 * 1024, 'm');
  const auto send_more = [&](Connection& socket) {
    while (sent < kMessages) {
      ++sent;
      if (socket.send(message) != SendStatus::sent) return;
    }
    socket.close();
  };
  const RunningServer server(Handlers{.on_open = send_more, .on_drain = send_more});
  auto socket = connect(server.url());
  std::size_t before = 0;
  EXPECT_TRUE(eventually([&] {
    std::this_thread::sleep_for(50ms);  // between two looks
    return std::exchange(before, sent) == sent;
  }));
  EXPECT_LT(sent, kMessages);
  for (std::size_t i = 0; i < kMessages; ++i) {
    const Message got = socket.receive(10s);
    ASSERT_EQ(got.kind, MessageKind::text);
    ASSERT_EQ(got.payload.size(), message.size());
  }
  EXPECT_EQ(socket.receive(10s).kind, MessageKind::close);
}

/// Attack 8: they take memory without having a byte.
TEST(ClientSocket, ReceivesEmptyMessagesAheadOnlySoFar) {
  constexpr std::size_t kMessages = 400'000;
  std::atomic<std::size_t> sent = 0;
  const auto send_more = [&](Connection& socket) {
    while (sent < kMessages) {
      ++sent;
      if (socket.send("") != SendStatus::sent) return;
    }
    socket.close();
  };
  const RunningServer server(Handlers{.on_open = send_more, .on_drain = send_more});
  auto socket = connect(server.url());
  const long before = test::allocated_bytes();
  const auto much_more = [before] { return test::allocated_bytes() - before > 8L * 1024 * 1024; };
  for (int i = 0; i < 500 && !much_more(); ++i) std::this_thread::sleep_for(1ms);  // between two looks
  EXPECT_FALSE(much_more());
  for (std::size_t i = 0; i < kMessages; ++i) ASSERT_EQ(socket.receive(10s).payload, "");
  EXPECT_EQ(socket.receive(10s).kind, MessageKind::close);
}

TEST(ClientSocket, WhatIsSentBehindACloseOrAnAbortIsRefused) {
  const RunningServer server(echo_handlers());
  for (int round = 0; round < 20; ++round) {
    auto closing = connect(server.url());
    closing.close_output();
    EXPECT_THROW(closing.send("late"), Error);
    EXPECT_EQ(closing.receive(10s).kind, MessageKind::close);
    auto aborting = connect(server.url());
    aborting.abort();
    EXPECT_EQ(aborting.state(), SocketState::aborted);
    EXPECT_THROW(aborting.send("late"), Error);
    EXPECT_THROW(aborting.receive(10s), Error);
  }
}

TEST(ClientSocket, ManyThreadsSendAndOneReceives) {
  const RunningServer server(echo_handlers());
  auto socket = connect(server.url());
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  std::vector<std::thread> senders;
  for (int thread = 0; thread < kThreads; ++thread) {
    senders.emplace_back([&socket, thread] {
      for (int i = 0; i < kEach; ++i) socket.send(std::to_string(thread) + ' ' + std::to_string(i));
    });
  }
  std::vector<int> next(kThreads, 0);
  for (int i = 0; i < kThreads * kEach; ++i) {
    const Message message = socket.receive(10s);
    const auto thread = static_cast<std::size_t>(message.payload[0] - '0');
    EXPECT_EQ(message.payload.substr(2), std::to_string(next.at(thread)++));  // of one thread in order
  }
  for (std::thread& sender : senders) sender.join();
  socket.close();
}

TEST(ClientSocket, MovesAndKeepsItsSubprotocol) {
  Options options;
  options.subprotocols = {"chat"};
  const RunningServer server(echo_handlers(), options);
  ClientOptions wanted;
  wanted.subprotocols = {"other", "chat"};
  auto first = connect(server.url(), wanted);
  ClientSocket second = std::move(first);
  EXPECT_EQ(second.subprotocol(), "chat");
  second.send("x");
  EXPECT_EQ(second.receive(5s).text(), "x");
  second = connect(server.url());  // drops the one before
  EXPECT_EQ(second.subprotocol(), "");
  second.close();
}

}  // namespace
}  // namespace mote

#include <mote/client.h>

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/running_client.h"
#include "tests/support/running_server.h"
#include "tests/support/scripted_server.h"

namespace mote {
namespace {

using namespace std::chrono_literals;
using test::CapturedLog;
using test::echo_handlers;
using test::eventually;
using test::Journal;
using test::Lines;
using test::RawClient;
using test::RunningServer;
using test::ScriptedServer;

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Writes down every callback of a connection in order.
void note_everything(Connection& socket, Journal& journal) {
  journal.add("configure");
  test::write_down(socket, journal);
}

std::string error_line(ErrorKind kind) { return std::string("error ").append(test::name_of(kind)); }

/// A port that nobody listens on.
std::uint16_t closed_port() {
  const RunningServer server(echo_handlers());
  return server.port();
}

// ---- From the opening to the close

TEST(Client, EchoesTextAndBinaryAndClosesNicely) {  // checklist 66, 87
  Journal at_server;
  const RunningServer server([&](Connection& socket) {
    note_everything(socket, at_server);
    socket.on_message([&socket](std::string_view text) { socket.send(text); });
    socket.on_binary([&socket](std::span<const std::byte> bytes) { socket.send(bytes); });
  });
  Journal journal;
  Client client;
  client.connect(server.url(), [&](Connection& socket) {
    note_everything(socket, journal);
    socket.on_open([&] { EXPECT_EQ(socket.send("Hello World"), SendStatus::sent); });
    socket.on_message([&](std::string_view text) {
      journal.add(std::string("text ").append(text));
      socket.send(std::as_bytes(std::span(text)));
    });
    socket.on_binary([&](std::span<const std::byte> bytes) {
      journal.add("binary " + text_of(bytes));
      socket.close(4321, "bye");
    });
  });
  client.run();
  EXPECT_EQ(journal.lines(), (std::vector<std::string>{"configure", "text Hello World", "binary Hello World",
                                                       "close 4321 local clean"}));
  EXPECT_TRUE(eventually([&] { return at_server.count("close") == 1; }));
  EXPECT_EQ(at_server.lines().back(), "close 4321 peer clean");
}

TEST(Client, GoneWithoutACloseIsAnUncleanEndForTheServer) {  // checklist 94
  Journal at_server;
  const RunningServer server([&](Connection& socket) {
    note_everything(socket, at_server);
    socket.on_message([&socket](std::string_view text) { socket.send(text); });
  });
  Journal journal;
  Client client;
  client.connect(server.url(), [&](Connection& socket) {
    note_everything(socket, journal);
    socket.on_open([&] { socket.send("Hello World"); });
    socket.on_message([&](std::string_view) { socket.abort(); });
  });
  client.run();
  EXPECT_EQ(journal.lines(), (std::vector<std::string>{"configure", "close 1006 local"}));
  EXPECT_TRUE(eventually([&] { return at_server.count("close") == 1; }));
  EXPECT_EQ(at_server.lines(),
            (std::vector<std::string>{"configure", "open", error_line(ErrorKind::transport), "close 1006 transport"}));
}

TEST(Client, TheServersCloseIsAnsweredAndTold) {
  const RunningServer server(Handlers{.on_open = [](Connection& socket) { socket.close(4000, "enough"); }});
  Client client;
  std::string reason;
  CloseInfo told;
  client.connect(server.url(), [&](Connection& socket) {
    socket.on_close([&](const CloseInfo& why) {
      told = why;
      reason = why.reason;
    });
  });
  client.run();
  EXPECT_EQ(told.code, 4000);
  EXPECT_EQ(reason, "enough");
  EXPECT_TRUE(told.clean);
  EXPECT_EQ(told.by, EndedBy::peer);
}

TEST(Client, InfoTellsOfBothEnds) {
  std::optional<std::string> seen_path;
  std::string seen_cookie;
  std::string seen_header;
  std::string seen_origin;
  std::atomic<std::uint16_t> seen_port = 0;
  Options options;
  options.subprotocols = {"b"};
  const RunningServer server(
      [&](Connection& socket) {
        const ConnectionInfo info = socket.info();
        seen_path = info.path;
        seen_cookie = info.cookies["c"];
        seen_header = info.headers["X-Extra"];
        seen_origin = info.origin;
        seen_port = info.client_port;
        socket.send("ready");
      },
      options);
  ClientOptions wanted;
  wanted.subprotocols = {"a", "b"};
  wanted.headers = {{"X-Extra", "1"}};
  wanted.cookies = {{"c", "d"}};
  wanted.origin = "https://example.org";
  wanted.bind_address = "127.0.0.1";
  Client client;
  std::string path, host, subprotocol, upgrade, address;
  std::uint16_t port = 0;
  client.connect(server.url("/x?y=z"), wanted, [&](Connection& socket) {
    socket.on_message([&](std::string_view) {
      const ConnectionInfo info = socket.info();
      path = info.path;
      host = info.host;
      subprotocol = info.negotiated_sub_protocol;
      upgrade = info.headers["Upgrade"];
      address = info.client_ip_address;
      port = info.client_port;
      socket.close();
    });
  });
  client.run();
  EXPECT_EQ(seen_path, "/x?y=z");
  EXPECT_EQ(seen_cookie, "d");
  EXPECT_EQ(seen_header, "1");
  EXPECT_EQ(seen_origin, "https://example.org");
  EXPECT_EQ(path, "/x?y=z");
  EXPECT_EQ(host, "127.0.0.1:" + std::to_string(server.port()));
  EXPECT_EQ(subprotocol, "b");
  EXPECT_EQ(upgrade, "websocket");
  EXPECT_EQ(address, "127.0.0.1");
  EXPECT_EQ(port, seen_port.load());
}

TEST(Client, InfoTellsWhereItWantedToGoBeforeAndWithoutAnOpening) {
  const std::string port = std::to_string(closed_port());
  Client client;
  Lines seen;
  client.connect("ws://127.0.0.1:" + port + "/room?a=b", [&](Connection& socket) {
    const auto note = [&] { seen.push_back(std::string(socket.info().host).append(socket.info().path)); };
    note();
    socket.on_error([note](const Error&) { note(); });
    socket.on_close([note](const CloseInfo&) { note(); });
  });
  client.run();
  EXPECT_EQ(seen, Lines(3, "127.0.0.1:" + port + "/room?a=b"));
}

TEST(Client, AConnectionHasOneIdForAllItsLife) {
  const RunningServer server(echo_handlers());
  Client client;
  std::vector<Uuid> ids;
  client.connect(server.url(), [&](Connection& socket) {
    ids.push_back(socket.info().id);
    socket.on_open([&] {
      ids.push_back(socket.info().id);
      socket.close();
    });
    socket.on_close([&](const CloseInfo&) { ids.push_back(socket.info().id); });
  });
  client.run();
  EXPECT_NE(ids.at(0), Uuid());
  EXPECT_EQ(ids, std::vector<Uuid>(3, ids[0]));
}

TEST(Client, LargeMessagesComeBackWhole) {
  Options options;
  options.max_message_bytes = 16U << 20U;
  const RunningServer server(echo_handlers(), options);
  for (const CompressionMode mode : {CompressionMode::off, CompressionMode::on}) {
    ClientOptions wanted;
    wanted.max_message_bytes = 16U << 20U;
    wanted.compression.mode = mode;
    std::vector<std::string> sent;
    for (const std::size_t size : {0U, 1U, 125U, 126U, 4095U, 65535U, 65536U, 65550U, 131072U, 8U << 20U}) {
      std::string& message = sent.emplace_back(size, ' ');
      for (std::size_t i = 0; i < size; ++i) message[i] = static_cast<char>('a' + (i * i + size) % 26);
    }
    std::vector<std::string> received;
    Client client;
    client.connect(server.url(), wanted, [&](Connection& socket) {
      socket.on_open([&] {
        for (std::size_t i = 0; i + 1 < sent.size(); ++i) socket.send(sent[i]);
      });
      socket.on_message([&](std::string_view text) {
        received.emplace_back(text);
        if (received.size() + 1 == sent.size()) socket.send(sent.back());  // into an empty queue
        if (received.size() == sent.size()) socket.close();
      });
    });
    client.run();
    EXPECT_TRUE(received == sent) << received.size();
  }
}

TEST(Client, SendsPreparedMessagesMasked) {
  Options options;
  options.compression.mode = CompressionMode::on;
  const RunningServer server(echo_handlers(), options);
  for (const CompressionMode mode : {CompressionMode::off, CompressionMode::on}) {
    ClientOptions wanted;
    wanted.compression.mode = mode;
    const std::string large(10'000, 'x');
    const PreparedMessage small_one("small");
    const PreparedMessage large_one(large);
    std::vector<std::string> received;
    Client client;
    client.connect(server.url(), wanted, [&](Connection& socket) {
      socket.on_open([&] {
        socket.send(small_one);
        socket.send(large_one);
        socket.send(large_one);
      });
      socket.on_message([&](std::string_view text) {
        received.emplace_back(text);
        if (received.size() == 3) socket.close();
      });
    });
    client.run();
    EXPECT_EQ(received, (std::vector<std::string>{"small", large, large}));
  }
}

TEST(Client, AnswersPingsAndHearsPongs) {  // checklist 77
  Journal at_server;
  const RunningServer server([&](Connection& socket) {
    socket.on_open([&socket] { socket.send_ping(std::as_bytes(std::span(std::string_view("from server")))); });
    socket.on_pong([&](auto payload) {
      at_server.add("pong " + text_of(payload));
      if (!payload.empty()) socket.send_ping();
    });
  });
  Journal journal;
  Client client;
  client.connect(server.url(), [&](Connection& socket) {
    socket.on_open([&] { socket.send_ping(std::as_bytes(std::span(std::string_view("from client")))); });
    socket.on_ping([&](auto payload) {
      journal.add("ping " + text_of(payload));
      if (payload.empty()) socket.close();
    });
    socket.on_pong([&](auto payload) { journal.add("pong " + text_of(payload)); });
  });
  client.run();
  EXPECT_EQ(journal.count("ping from server"), 1U);
  EXPECT_EQ(journal.count("pong from client"), 1U);
  EXPECT_EQ(at_server.lines().front(), "pong from server");
}

TEST(Client, SharedHandlersServeManyConnections) {
  const RunningServer server(echo_handlers());
  std::size_t received = 0;
  std::size_t closed = 0;
  constexpr std::size_t kConnections = 50;
  Client client;
  for (std::size_t i = 0; i < kConnections; ++i) {
    client.connect(server.url(), {},
                   Handlers{.on_open = [](Connection& socket) { socket.send("x"); },
                            .on_message =
                                [&](Connection& socket, std::string_view) {
                                  ++received;
                                  socket.close();
                                },
                            .on_close = [&](Connection&, const CloseInfo& why) { closed += why.clean ? 1 : 0; }});
  }
  client.run();
  EXPECT_EQ(received, kConnections);
  EXPECT_EQ(closed, kConnections);
  EXPECT_EQ(client.connection_count(), 0U);
}

TEST(Client, ConnectsToAUnixSocket) {
  const std::string file = "/tmp/mote-client-" + std::to_string(::getpid()) + ".sock";
  const RunningServer server(echo_handlers(), {}, {}, "ws+unix://" + file);
  for (const bool by_option : {false, true}) {
    ClientOptions options;
    if (by_option) options.unix_socket = file;
    Journal journal;
    Client client;
    client.connect(by_option ? "ws://somewhere.example/path" : "ws+unix://" + file, options, [&](Connection& socket) {
      note_everything(socket, journal);
      socket.on_open([&] { socket.send("through a file"); });
      socket.on_message([&](std::string_view text) {
        journal.add(std::string("text ").append(text));
        socket.close();
      });
    });
    client.run();
    EXPECT_EQ(journal.lines(),
              (std::vector<std::string>{"configure", "text through a file", "close 1000 local clean"}));
  }
}

// ---- What cannot be had

TEST(Client, ARefusedConnectionIsAnErrorWithHostPortAndReason) {
  const std::uint16_t port = closed_port();
  Journal journal;
  std::string text;
  Client client;
  client.connect("ws://127.0.0.1:" + std::to_string(port), [&](Connection& socket) {
    note_everything(socket, journal);
    socket.on_error([&](const Error& error) {
      text = error.what();
      journal.add(error_line(error.kind()));
    });
  });
  client.run();
  EXPECT_EQ(journal.lines(),
            (std::vector<std::string>{"configure", error_line(ErrorKind::connect), "close 1006 handshake"}));
  EXPECT_NE(text.find("127.0.0.1:" + std::to_string(port)), std::string::npos) << text;
  EXPECT_NE(text.find("Connection refused"), std::string::npos) << text;
}

TEST(Client, ARefusedHandshakeComesWithStatusAndHeaders) {  // checklist 61
  const RunningServer server(echo_handlers(), {}, [](Server& to) {
    to.on_upgrade([](const HttpRequest&, UpgradeDecision& decision) { decision.reject(401, "who are you?"); });
  });
  Journal journal;
  int status = 0;
  std::string reason, type;
  Client client;
  client.connect(server.url(), [&](Connection& socket) {
    note_everything(socket, journal);
    socket.on_error([&](const Error& error) {
      ASSERT_NE(error.response(), nullptr);
      status = error.response()->status;
      reason = error.response()->reason;
      type = error.response()->headers()["Content-Type"];
      journal.add(error_line(error.kind()));
    });
  });
  client.run();
  EXPECT_EQ(journal.lines(),
            (std::vector<std::string>{"configure", error_line(ErrorKind::handshake), "close 1006 handshake"}));
  EXPECT_EQ(status, 401);
  EXPECT_EQ(reason, "Unauthorized");
  EXPECT_EQ(type, "text/plain; charset=utf-8");
}

TEST(Client, RejectsUrlsAndOptionsThatMakeNoSense) {
  Client client;
  const auto configure = [](Connection&) {};
  for (const auto* url : {"http://127.0.0.1", "ws://", "ws://host/#fragment", "ws://user@host/", "ws://host:0/", "x"}) {
    EXPECT_THROW(client.connect(url, configure), std::invalid_argument) << url;
  }
  const auto throws = [&](const auto& change, std::string_view option) {
    ClientOptions options;
    change(options);
    try {
      client.connect("ws://127.0.0.1:1", options, configure);
      ADD_FAILURE() << option << " is accepted";
    } catch (const std::invalid_argument& error) {
      EXPECT_NE(std::string_view(error.what()).find(option), std::string_view::npos) << error.what();
    }
  };
  throws([](ClientOptions& options) { options.connect_timeout = 0ms; }, "connect_timeout");
  throws([](ClientOptions& options) { options.handshakes_per_address = 0; }, "handshakes_per_address");
  throws([](ClientOptions& options) { options.max_message_bytes = 0; }, "max_message_bytes");
  throws([](ClientOptions& options) { options.reconnect.factor = 0.5; }, "reconnect.factor");
  throws([](ClientOptions& options) { options.reconnect.jitter = 1.5; }, "reconnect.jitter");
  throws([](ClientOptions& options) { options.subprotocols = {"two words"}; }, "subprotocols");
  throws([](ClientOptions& options) { options.headers = {{"Host", "evil"}}; }, "headers");
  throws([](ClientOptions& options) { options.headers = {{"X", "a\r\nEvil: 1"}}; }, "headers");
  throws([](ClientOptions& options) { options.bind_address = "localhost"; }, "bind_address");
  throws([](ClientOptions& options) { options.tls.server_name = "example.org:443"; }, "tls.server_name");
  throws([](ClientOptions& options) { options.tls.server_name = "two words"; }, "tls.server_name");
  client.run();  // at once: nothing was begun
}

TEST(Client, AFileOfTlsThatIsMissingIsNamed) {
  Client client;
  ClientOptions options;
  options.tls.ca_file = "/nonexistent/ca.pem";
  try {
    client.connect("wss://127.0.0.1:1", options, [](Connection&) {});
    FAIL();
  } catch (const std::system_error& error) {
    EXPECT_NE(std::string_view(error.what()).find("/nonexistent/ca.pem"), std::string_view::npos) << error.what();
    EXPECT_NE(std::string_view(error.what()).find("No such file"), std::string_view::npos) << error.what();
  }
}

TEST(Client, ASilentServerRunsIntoTheHandshakeTimeout) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 4), 0);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ClientOptions options;
  options.handshake_timeout = 50ms;
  for (const auto* scheme : {"ws", "wss"}) {
    Journal journal;
    Client client;
    client.connect(std::string(scheme) + "://127.0.0.1:" + std::to_string(ntohs(address.sin_port)), options,
                   [&](Connection& socket) { note_everything(socket, journal); });
    client.run();
    EXPECT_EQ(journal.lines(),
              (std::vector<std::string>{"configure", error_line(ErrorKind::timeout), "close 1006 handshake"}));
  }
  ::close(listener);
}

// ---- Ending it in every state

enum class Deed { close, abort, stop, throw_something };

struct DeedName {
  template <class Info>
  std::string operator()(const Info& info) const {
    constexpr std::string_view kNames[] = {"Close", "Abort", "Stop", "Throw"};
    return std::string(kNames[static_cast<std::size_t>(info.param)]);
  }
};

class ClientDeed : public testing::TestWithParam<Deed> {
 protected:
  void act(Client& client, Connection& socket) const {
    switch (GetParam()) {
      case Deed::close:
        return socket.close(4000);
      case Deed::abort:
        return socket.abort();
      case Deed::stop:
        return client.stop();
      case Deed::throw_something:
        throw std::runtime_error("by the test");
    }
  }
};

TEST_P(ClientDeed, InAnyCallbackEndsWithOneOnClose) {
  const RunningServer server(echo_handlers());
  for (const auto* where : {"configure", "open", "message", "close"}) {
    SCOPED_TRACE(where);
    const CapturedLog quiet;
    Journal journal;
    Client client;
    const std::string place = where;
    client.connect(server.url(), [&](Connection& socket) {
      note_everything(socket, journal);
      socket.on_open([&] {
        journal.add("open");
        socket.send("x");
        if (place == "open") act(client, socket);
      });
      socket.on_message([&](std::string_view) {
        if (place == "message") act(client, socket);
        if (place == "close") socket.close();
      });
      socket.on_close([&](const CloseInfo&) {
        journal.add("close");
        if (place == "close") act(client, socket);
      });
      if (place == "configure") act(client, socket);
    });
    client.run();
    EXPECT_EQ(journal.count("close"), 1U);
    EXPECT_EQ(journal.count("open"), place == "configure" ? 0U : 1U);
    EXPECT_EQ(journal.lines().back(), "close");
    EXPECT_EQ(client.connection_count(), 0U);
    const bool threw = GetParam() == Deed::throw_something && place != "close";
    EXPECT_EQ(journal.count(error_line(ErrorKind::callback)), threw ? 1U : 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(Deeds, ClientDeed,
                         testing::Values(Deed::close, Deed::abort, Deed::stop, Deed::throw_something), DeedName());

TEST(Client, AHandleEndsAnAttemptFromAnotherThread) {
  // Its backlog takes the connection, and nobody ever answers.
  Options options;
  options.max_connections = 1;
  const RunningServer server(echo_handlers(), options);
  Client client;
  Journal journal;
  client.connect(server.url(), [](Connection& socket) { socket.on_open([&socket] { socket.send("x"); }); });
  const Handle second = client.connect(server.url(), [&](Connection& socket) { note_everything(socket, journal); });
  EXPECT_FALSE(second.is_open());
  EXPECT_EQ(second.send("x"), SendStatus::closed);
  std::thread other([&] {
    EXPECT_TRUE(eventually([&] { return journal.count("configure") == 1; }));
    second.abort();
    EXPECT_TRUE(eventually([&] { return journal.count("close") == 1; }));
    client.stop();
  });
  client.run();
  other.join();
  EXPECT_EQ(journal.lines(), (std::vector<std::string>{"configure", "close 1006 local"}));
}

TEST(Client, AnAttemptThatIsGivenUpBeforeItBeginsCallsNobody) {
  Client client;
  Journal journal;
  const Handle handle =
      client.connect("ws://127.0.0.1:1", [&](Connection& socket) { note_everything(socket, journal); });
  handle.abort();
  handle.close();
  client.run();
  EXPECT_LE(journal.count("close"), 1U);
  EXPECT_EQ(journal.count("configure"), journal.count("close"));
  EXPECT_FALSE(handle.is_open());
}

// ---- Connecting again

// However often it was opened before: the attempts are those since the last opening.
TEST(Client, AnOpenConnectionMakesForgottenWhatFailedBefore) {
  const RunningServer server([](Connection& socket) { socket.on_open([&socket] { socket.abort(); }); });
  int opened = 0;
  Client client;
  client.connect(server.url(), {.reconnect = {.attempts = 1, .first_delay = 1ms, .longest_delay = 1ms}},
                 [&](Connection& socket) {
                   socket.on_open([&] {
                     if (++opened == 5) socket.abort();
                   });
                 });
  client.run();
  EXPECT_EQ(opened, 5);
}

TEST(Client, ConnectsAgainAfterTheServerHasGone) {
  auto server = std::make_unique<RunningServer>(echo_handlers());
  const std::string url = server->url();
  ClientOptions options;
  options.reconnect = {.attempts = Reconnect::kForever, .first_delay = 1ms, .longest_delay = 5ms};
  Journal journal;
  std::atomic<int> opened = 0;
  Client client;
  const Handle handle = client.connect(url, options, [&](Connection& socket) {
    note_everything(socket, journal);
    socket.on_open([&] { ++opened; });
  });
  std::thread other([&] {
    EXPECT_TRUE(eventually([&] { return opened == 1 && handle.is_open(); }));
    server->stop();
    EXPECT_TRUE(eventually([&] { return journal.count(error_line(ErrorKind::connect)) >= 3; }));
    EXPECT_FALSE(handle.is_open());
    server.reset();
    server = std::make_unique<RunningServer>(echo_handlers(), Options{}, nullptr, url);
    EXPECT_TRUE(eventually([&] { return opened == 2 && handle.is_open(); }));
    EXPECT_EQ(handle.send("through the same handle"), SendStatus::sent);
    EXPECT_TRUE(eventually([&] { return journal.count("text through the same handle") == 1; }));
    handle.close();  // by this side: for good
  });
  client.run();
  other.join();
  EXPECT_EQ(journal.lines().back(), "close 1000 local clean");
  EXPECT_EQ(journal.count("configure"), journal.count("close"));
}

TEST(Client, GivesUpAfterTheAttemptsAllowed) {
  ClientOptions options;
  options.reconnect = {.attempts = 3, .first_delay = 1ms, .longest_delay = 1ms};
  Journal journal;
  Client client;
  client.connect("ws://127.0.0.1:" + std::to_string(closed_port()), options,
                 [&](Connection& socket) { note_everything(socket, journal); });
  client.run();
  EXPECT_EQ(journal.count("configure"), 4U);
  EXPECT_EQ(journal.count("close 1006 handshake"), 4U);
}

TEST(Client, AHandleEndsTheWaitForTheNextAttempt) {
  ClientOptions options;
  options.reconnect = {.attempts = Reconnect::kForever, .first_delay = 1h, .longest_delay = 1h};
  Journal journal;
  Client client;
  const Handle handle = client.connect("ws://127.0.0.1:" + std::to_string(closed_port()), options,
                                       [&](Connection& socket) { note_everything(socket, journal); });
  std::thread other([&] {
    EXPECT_TRUE(eventually([&] { return journal.count("close") == 1; }));
    handle.close();
  });
  client.run();
  other.join();
  EXPECT_EQ(journal.count("configure"), 1U);
}

TEST(Client, AHandleEndsAllAttemptsFromInsideAnyCallback) {
  for (const bool in_error : {true, false}) {
    for (const bool close : {true, false}) {
      ClientOptions options;
      options.reconnect = {.attempts = 3, .first_delay = 1ms, .longest_delay = 1ms};
      Journal journal;
      Client client;
      client.connect("ws://127.0.0.1:" + std::to_string(closed_port()), options, [&](Connection& socket) {
        note_everything(socket, journal);
        const auto end = [handle = socket.handle(), close] { close ? handle.close() : handle.abort(); };
        if (in_error) socket.on_error([end](const Error&) { end(); });
        if (!in_error) socket.on_close([end](const CloseInfo&) { end(); });
      });
      client.run();
      EXPECT_EQ(journal.count("configure"), 1U) << in_error << close;
    }
  }
}

/// Waits for as many connections as may come, and answers none of their Close frames.
TEST(Client, AfterACloseThatIsNotAnsweredThereIsNoOtherAttempt) {
  for (const bool by_handle : {true, false}) {
    ScriptedServer server;
    std::thread scripted([&] {
      RawClient peer = server.accept();
      test::answer_upgrade(peer);
      EXPECT_EQ(peer.read_frame().opcode, 8U);
      peer.read_to_end();
    });
    ClientOptions options;
    options.close_timeout = 20ms;
    options.reconnect = {.attempts = 3, .first_delay = 1ms, .longest_delay = 1ms};
    Journal journal;
    Client client;
    client.connect("ws://127.0.0.1:" + std::to_string(server.port()), options, [&](Connection& socket) {
      note_everything(socket, journal);
      socket.on_open([&socket, by_handle] { by_handle ? socket.handle().close() : socket.close(); });
      if (journal.count("configure") == 2) client.stop();
    });
    client.run();
    scripted.join();
    EXPECT_EQ(journal.lines(), (Lines{"configure", error_line(ErrorKind::timeout), "close 1006 timeout"})) << by_handle;
  }
}

// ---- The loop

TEST(Client, MayRunAgain) {
  const RunningServer server(echo_handlers());
  Client client;
  client.run();  // nothing to do
  for (int round = 0; round < 3; ++round) {
    bool clean = false;
    client.connect(server.url(), [&](Connection& socket) {
      socket.on_open([&] { socket.close(); });
      socket.on_close([&](const CloseInfo& why) { clean = why.clean; });
    });
    client.run();
    EXPECT_TRUE(clean);
  }
}

/// The thread that ran it may have ended since, and another may have got its id: under TSan the threads' races show.
TEST(Client, BetweenTwoRunsItsThreadIsNobody) {
  const RunningServer server(echo_handlers());
  for (int round = 0; round < 10; ++round) {
    Client client;
    std::thread([&] {
      client.connect(server.url(), [](Connection& socket) { socket.on_open([&socket] { socket.close(); }); });
      client.run();
    }).join();
    int closed = 0;
    const Handle handle = client.connect(
        server.url(), [&](Connection& socket) { socket.on_close([&closed](const CloseInfo&) { ++closed; }); });
    std::thread other([&handle] { handle.abort(); });
    client.run();
    other.join();
    EXPECT_LE(closed, 1);
    EXPECT_FALSE(handle.is_open());
  }
}

TEST(Client, StopEndsRunAndEveryConnection) {
  Journal at_server;
  const RunningServer server([&](Connection& socket) { note_everything(socket, at_server); });
  Journal journal;
  Client client;
  std::atomic<int> opened = 0;
  for (int i = 0; i < 5; ++i) {
    client.connect(server.url(), [&](Connection& socket) {
      note_everything(socket, journal);
      socket.on_open([&] { ++opened; });
    });
  }
  std::thread other([&] {
    EXPECT_TRUE(eventually([&] { return opened == 5; }));
    client.stop();
  });
  client.run();
  other.join();
  EXPECT_EQ(journal.count("close 1001 shutdown"), 5U);
  EXPECT_TRUE(eventually([&] { return at_server.count("close 1001 peer clean") == 5; }));
}

TEST(Client, PostedTasksRunOnItsThreadAndKeepItRunning) {
  Client client;
  std::vector<int> order;
  EXPECT_TRUE(client.post([&] {
    order.push_back(1);
    client.post([&] { order.push_back(3); });
  }));
  EXPECT_TRUE(client.post([&] { order.push_back(2); }));
  client.run();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(Client, TasksMustBeThere) {
  Client client;
  EXPECT_THROW(client.post(nullptr), std::invalid_argument);
  EXPECT_THROW(client.every(1ms, nullptr), std::invalid_argument);
  client.run();
}

TEST(Client, ATimerRunsWhileItRuns) {
  const RunningServer server(echo_handlers());
  Client client;
  int ticks = 0;
  Handle handle = client.connect(server.url(), [](Connection&) {});
  client.every(1ms, [&] {
    if (++ticks == 5) handle.abort();
  });
  EXPECT_THROW(client.every(0ms, [] {}), std::invalid_argument);
  client.run();
  EXPECT_EQ(ticks, 5);
}

TEST(Client, AConnectionInPlaceOfTheLastOneKeepsItRunning) {
  const RunningServer server(echo_handlers());
  const std::string nowhere = "ws://127.0.0.1:" + std::to_string(closed_port());
  Client client;
  bool failed = false;
  const Handle first =
      client.connect(nowhere, {.reconnect = {.attempts = 1, .first_delay = 1h, .longest_delay = 1h}},
                     [&](Connection& socket) { socket.on_close([&](const CloseInfo&) { failed = true; }); });
  Journal journal;
  client.every(1ms, [&] {
    if (!std::exchange(failed, false)) return;
    first.abort();  // there is no connection at this moment
    client.connect(server.url(), [&](Connection& socket) {
      note_everything(socket, journal);
      socket.on_open([&socket] { socket.close(); });
    });
  });
  client.run();
  EXPECT_EQ(journal.lines(), (std::vector<std::string>{"configure", "close 1000 local clean"}));
}

TEST(Client, SharesTheLoopOfAServer) {
  const RunningServer upstream(echo_handlers());
  // Each message goes to the upstream server, and its answer back.
  std::unique_ptr<Client> client;
  Journal journal;
  RunningServer proxy(
      [&](Connection& socket) {
        const Handle back = socket.handle();
        const Handle on = client->connect(upstream.url(), [&journal, back](Connection& up) {
          up.on_open([&up] { up.send("first"); });
          up.on_message([back](std::string_view text) { back.send(text); });
          up.on_close([&journal](const CloseInfo&) { journal.add("upstream closed"); });
        });
        socket.on_message([on](std::string_view text) { on.send(text); });
        socket.on_close([on](const CloseInfo&) { on.close(); });
      },
      {}, [&](Server& server) { client = std::make_unique<Client>(server); });
  EXPECT_THROW(client->run(), std::logic_error);
  Client user;
  std::vector<std::string> received;
  user.connect(proxy.url(), [&](Connection& socket) {
    socket.on_message([&](std::string_view text) {
      received.emplace_back(text);
      if (received.size() == 1) socket.send("second");
      if (received.size() == 2) socket.close();
    });
  });
  user.run();
  EXPECT_EQ(received, (std::vector<std::string>{"first", "second"}));
  EXPECT_TRUE(eventually([&] { return journal.size() == 1; }));
  EXPECT_TRUE(eventually([&] { return client->connection_count() == 0; }));
  proxy.stop();
  client.reset();  // which the server has to outlive
}

TEST(Client, OnAServersLoopMayBeDestroyedInACallback) {
  const RunningServer upstream(echo_handlers());
  std::unique_ptr<Client> client;
  std::atomic<bool> destroyed = false;
  RunningServer server(
      [&](Connection&) {
        client->connect(upstream.url(), [&](Connection& up) {
          up.on_open([&up] { up.send("x"); });
          up.on_message([&](std::string_view) {
            client.reset();
            destroyed = true;
          });
        });
      },
      {}, [&](Server& to) { client = std::make_unique<Client>(to); });
  Client user;
  const Handle handle = user.connect(server.url(), [](Connection&) {});
  std::thread other([&] {
    EXPECT_TRUE(eventually([&] { return destroyed.load(); }));
    handle.abort();
  });
  user.run();
  other.join();
  EXPECT_TRUE(eventually([&] { return upstream.port() != 0 && server->connection_count() == 0; }));
}

/// A client on the loop of a server, whose first connection has it connect to `url`; `configure` gets the client too,
/// to destroy it. Returns once `done`.
void run_on_a_servers_loop(const std::string& url, const ClientOptions& options,
                           const std::function<void(std::unique_ptr<Client>&, Connection&)>& configure,
                           const std::function<bool()>& done) {
  std::unique_ptr<Client> client;
  RunningServer server(echo_handlers(), {}, [&](Server& to) { client = std::make_unique<Client>(to); });
  server.on_thread([&] { client->connect(url, options, [&](Connection& socket) { configure(client, socket); }); });
  EXPECT_TRUE(eventually(done));
  server.on_thread([&] { EXPECT_EQ(client, nullptr); });
}

TEST(Client, OnceDestroyedItCallsNobodyBack) {
  for (const auto mode : {CompressionMode::off, CompressionMode::on}) {
    Compression compression;
    compression.mode = mode;
    compression.threshold_bytes = 1;
    const RunningServer upstream(Handlers{.on_open =
                                              [](Connection& socket) {
                                                for (int i = 0; i < 10; ++i) socket.send(std::string(1000, 'x'));
                                              }},
                                 {.compression = compression});
    Journal journal;
    std::atomic<bool> destroyed = false;
    run_on_a_servers_loop(
        upstream.url(), {.compression = compression},
        [&](auto& client, Connection& socket) {
          note_everything(socket, journal);
          socket.on_message([&, handle = socket.handle()](std::string_view) {
            journal.add("message");
            client.reset();
            EXPECT_FALSE(handle.is_open());
            EXPECT_EQ(handle.send("x"), SendStatus::closed);
            destroyed = true;
          });
        },
        [&] { return destroyed.load(); });
    EXPECT_EQ(journal.lines(), (std::vector<std::string>{"configure", "open", "message"}));
  }
}

TEST(Client, DestroyedInOnErrorItDoesNotCallOnClose) {
  std::atomic<bool> destroyed = false;
  std::atomic<bool> closed = false;
  const auto configure = [&](std::unique_ptr<Client>& client, Connection& socket) {
    socket.on_error([&](const Error&) {
      client.reset();
      destroyed = true;
    });
    socket.on_close([&](const CloseInfo&) { closed = true; });
  };
  const std::string nowhere = "ws://127.0.0.1:" + std::to_string(closed_port());
  run_on_a_servers_loop(nowhere, {}, configure, [&] { return destroyed.load(); });
  EXPECT_FALSE(closed);
}

TEST(Client, MayBeDestroyedWhileItSetsCallbacks) {
  Journal journal;
  run_on_a_servers_loop(
      "ws://127.0.0.1:1", {},
      [&](auto& client, Connection& socket) {
        note_everything(socket, journal);
        client.reset();
        journal.add("destroyed");
      },
      [&] { return journal.count("destroyed") == 1; });
  EXPECT_EQ(journal.lines(), (std::vector<std::string>{"configure", "destroyed"}));
}

TEST(Client, AHandleOfAWaitingAttemptOutlivesIt) {
  Handle handle;
  std::unique_ptr<Client> client;
  RunningServer server(echo_handlers(), {}, [&](Server& to) { client = std::make_unique<Client>(to); });
  std::atomic<bool> failed = false;
  const std::string url = "ws://127.0.0.1:" + std::to_string(closed_port());
  server.on_thread([&] {
    handle = client->connect(url, {.reconnect = {.attempts = 1, .first_delay = 1h, .longest_delay = 1h}},
                             [&](Connection& socket) { socket.on_close([&](const CloseInfo&) { failed = true; }); });
  });
  EXPECT_TRUE(eventually([&] { return failed.load(); }));
  server.on_thread([&] {
    client.reset();
    handle.abort();
  });
  handle.close();
  EXPECT_EQ(handle.send("x"), SendStatus::closed);
}

TEST(Client, TasksThatWaitAreDestroyedWithIt) {
  std::unique_ptr<Client> client;
  RunningServer server(echo_handlers(), {}, [&](Server& to) { client = std::make_unique<Client>(to); });
  bool ran = false;
  const auto kept = std::make_shared<int>();
  server.on_thread([&] {
    client->post([&ran, kept] { ran = true; });
    client.reset();
  });
  server.on_thread([] {});
  server.on_thread([&] { EXPECT_FALSE(ran); });
  EXPECT_EQ(kept.use_count(), 1);
}

TEST(Client, DestroyedWithOpenConnectionsItSimplyDropsThem) {
  Journal at_server;
  const RunningServer server([&](Connection& socket) { note_everything(socket, at_server); });
  Journal journal;
  {
    Client client;
    client.connect(server.url(), [&](Connection& socket) { note_everything(socket, journal); });
    client.connect("ws://127.0.0.1:1", [&](Connection& socket) { note_everything(socket, journal); });
  }
  EXPECT_EQ(journal.size(), 0U);
}

// ---- Reading only when wanted

TEST(Client, APauseHoldsMessagesBack) {
  const RunningServer server(Handlers{.on_open = [](Connection& socket) {
    for (int i = 0; i < 100; ++i) socket.send(std::to_string(i));
  }});
  Client client;
  std::vector<std::string> received;
  bool paused = false;
  client.connect(server.url(), [&](Connection& socket) {
    socket.on_message([&](std::string_view text) {
      EXPECT_FALSE(paused);
      received.emplace_back(text);
      if (received.size() % 10 == 0 && received.size() != 100) {
        paused = true;
        socket.pause_reading();
        client.post([&, handle = socket.handle()] {
          paused = false;
          handle.resume_reading();
        });
      }
      if (received.size() == 100) socket.close();
    });
  });
  client.run();
  ASSERT_EQ(received.size(), 100U);
  for (std::size_t i = 0; i < received.size(); ++i) EXPECT_EQ(received[i], std::to_string(i));
}

TEST(Client, APauseMayBeginBeforeTheOpening) {
  const RunningServer server([](Connection& socket) { socket.on_open([&socket] { socket.send("early"); }); });
  Journal journal;
  Client client;
  Handle handle = client.connect(server.url(), [&](Connection& socket) {
    note_everything(socket, journal);
    socket.pause_reading();
  });
  std::thread thread([&] { client.run(); });
  EXPECT_TRUE(eventually([&] { return journal.size() == 2; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(test::kQuietMs));
  EXPECT_EQ(journal.lines(), (Lines{"configure", "open"}));
  handle.resume_reading();
  EXPECT_TRUE(eventually([&] { return journal.size() == 3; }));
  handle.close();
  thread.join();
  EXPECT_EQ(journal.lines(), (Lines{"configure", "open", "text early", "close 1000 local clean"}));
}

TEST(Client, APausedConnectionCanBeClosed) {
  const RunningServer server(echo_handlers());
  Client client;
  bool clean = false;
  client.connect(server.url(), [&](Connection& socket) {
    socket.on_open([&] {
      socket.pause_reading();
      socket.close();
    });
    socket.on_close([&](const CloseInfo& why) { clean = why.clean; });
  });
  client.run();
  EXPECT_TRUE(clean);
}

}  // namespace
}  // namespace mote

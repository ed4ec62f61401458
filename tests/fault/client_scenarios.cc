#include <chrono>
#include <memory>
#include <string>

#include "tests/fault/credentials.h"
#include "tests/fault/scenario.h"
#include "tests/fault/scripts.h"
#include "tests/fault/stage.h"
#include "tests/support/client_frame.h"

namespace mote::fault {
namespace {

using namespace script;
using namespace std::chrono_literals;
using test::client_frame;

Stage& client(Stage& stage) {
  stage.kind = Stage::Kind::client;
  return stage;
}
Stage& client_over_tcp(Stage& stage) {
  stage.family = Address::Family::ipv4;
  return client(stage);
}
Stage& secured(Stage& stage) {
  stage.secure = true;
  return client(stage);
}
/// The server's end of the closing handshake, after which it ends TCP (RFC 6455 §7.1.1).
Peer& leave_first(Peer& peer) { return peer.send(kClose, normal()).hear_close(1000).close(); }

void echo(Stage& stage) { leave_first(client(stage).host().welcome().echo("hello").echo("again")); }
void echo_large(Stage& stage) { leave_first(client(stage).host().welcome().echo(large_text())); }
void echo_binary(Stage& stage) {
  const std::string bytes(70'000, '\1');
  leave_first(client(stage).host().welcome().send(kBinary, bytes).hear(kBinary, bytes));
}
void trickle(Stage& stage) { leave_first(client(stage).host().trickle().welcome().echo("hello")); }
void client_closes(Stage& stage) { client(stage).host().welcome().send(kText, "!close").hear_close(4000).close(); }
void client_aborts(Stage& stage) { client(stage).host().welcome().send(kText, "!abort").hear_end(); }
void callback_throws(Stage& stage) { client(stage).host().welcome().send(kText, "!throw").hear_close(1011).close(); }
void server_vanishes(Stage& stage) { client(stage).host().welcome().echo("hello").close(); }
void server_vanishes_in_the_handshake(Stage& stage) {
  client(stage).host().answer("HTTP/1.1 101 Swi").wait_ms(1).close();
}
void ping(Stage& stage) { leave_first(client(stage).host().welcome().send(kPing, "p").hear(kPong, "p")); }
void client_pings(Stage& stage) {
  leave_first(client(stage).host().welcome().hear(kPing, {}).send(kPong, {}).echo("yes"));
}
void another_thread(Stage& stage) {
  leave_first(client(stage).host().welcome().send(kText, "!thread").hear(kText, "!thread"));
}
void information(Stage& stage) {
  leave_first(client(stage).host().welcome().send(kText, "!info").hear(kText, "/chat"));
}
void protocol_error(Stage& stage) {
  client(stage).host().welcome().say(client_frame(kText, "masked")).hear_close(1002).close();
}
void backpressure(Stage& stage) {
  leave_first(
      hear_flood(client(stage).host().welcome().stop_reading().send(kText, "!flood").wait_ms(100).read_again()));
}
void paused(Stage& stage) {
  stage.ticks = true;
  leave_first(client(stage).host().welcome().send(kText, "!pause").send(kText, "waits").hear(kText, "waits"));
}

void refused_with_404(Stage& stage) {
  client(stage).host().answer("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno").hear_end();
}
void wrong_accept(Stage& stage) {
  client(stage)
      .host()
      .answer(
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Accept: wrong\r\n\r\n")
      .hear_end();
}
void silent_server(Stage& stage) { client(stage).host().hear_end(); }
void nobody_listens(Stage& stage) {
  client(stage).host().close();
  auto elsewhere = stage.connecting().front();
  elsewhere.options.unix_socket = stage.folder_file("nowhere");
  stage.connecting().push_back(elsewhere);
  stage.spectator().wait_ms(1000);
}

void subprotocol_and_fields(Stage& stage) {
  stage.client_options.subprotocols = {"chat", "news"};
  stage.client_options.headers = {{"Authorization", "Bearer of something rather long, to be sent along"}};
  stage.client_options.cookies = {{"id", "7"}};
  stage.client_options.origin = "https://example.org";
  leave_first(client(stage).host().welcome("Sec-WebSocket-Protocol: news\r\n").echo("hello"));
  stage.client_options = {};
}

void with_deflate(Stage& stage) {
  stage.client_options.compression.mode = CompressionMode::on;
  const std::string text(3000, 'z');
  leave_first(client(stage)
                  .host()
                  .welcome("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
                           "client_no_context_takeover\r\n")
                  .inflate(false)
                  .echo(text));
  stage.client_options = {};
}

void reconnect(Stage& stage) {
  stage.client_options.reconnect.attempts = Reconnect::kForever;
  stage.client_options.reconnect.longest_delay = 1s;
  client(stage).host().welcome().echo("first").close();
  stage.host_again().welcome().echo("second").close();
  stage.host_again().welcome().echo("third");
  stage.client_options = {};
}

void several(Stage& stage) {
  for (int i = 0; i < 3; ++i) leave_first(client(stage).host().welcome().echo("one").echo("two"));
}

/// To one address, where they wait for each other.
void one_at_a_time(Stage& stage) {
  leave_first(client_over_tcp(stage).host().wait_ms(10).welcome().echo("first"));
  leave_first(stage.host_again().welcome().echo("second"));
  stage.connecting().push_back(stage.connecting().front());
}

void over_ipv4(Stage& stage) { leave_first(client_over_tcp(stage).host().welcome().echo("hello")); }
void over_ipv6(Stage& stage) {
  stage.family = Address::Family::ipv6;
  leave_first(client(stage).host().welcome().echo("hello").send(kText, "!info").hear(kText, {}));
}
void bound_address(Stage& stage) {
  stage.client_options.bind_address = "127.0.0.1";
  leave_first(client_over_tcp(stage).host().welcome().echo("hello"));
}
void connection_refused(Stage& stage) {
  client_over_tcp(stage);
  stage.connecting().push_back({"ws://127.0.0.1:9", {}});
  stage.spectator().wait_ms(1000);
}

/// A thread looks the name up.
void by_name(Stage& stage) {
  leave_first(client_over_tcp(stage).host().welcome().echo("hello"));
  std::string& url = stage.connecting().back().url;
  url.replace(url.find("127.0.0.1"), 9, "far.example");
}
void localhost(Stage& stage) {
  leave_first(client_over_tcp(stage).host().welcome().echo("hello"));
  std::string& url = stage.connecting().back().url;
  url.replace(url.find("127.0.0.1"), 9, "localhost");
}
void unknown_name(Stage& stage) {
  client_over_tcp(stage);
  stage.connecting().push_back({"ws://nowhere.example", {}});
  stage.spectator().wait_ms(1000);
}

/// The peer is the proxy, and behind it the server.
Peer& through_proxy(Stage& stage, const std::string& scheme) {
  Peer& peer = client_over_tcp(stage).host();
  Stage::Connecting& to = stage.connecting().back();
  to.options.proxy = scheme + to.url.substr(to.url.find("://"));
  to.url = "ws://test.example/chat";
  return peer;
}
void http_proxy(Stage& stage) {
  leave_first(through_proxy(stage, "http").answer("HTTP/1.1 200 Connected\r\n\r\n").welcome().echo("hello"));
}
void http_proxy_refuses(Stage& stage) {
  through_proxy(stage, "http").answer("HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n").hear_end();
}
void socks_proxy(Stage& stage) {
  // Version, methods; then version, CONNECT, a name of 12 letters and the port.
  leave_first(through_proxy(stage, "socks5")
                  .hear_bytes(3)
                  .say(std::string("\x05\x00", 2))
                  .hear_bytes(4 + 1 + 12 + 2)
                  .say(std::string("\x05\x00\x00\x01\x7F\x00\x00\x01\x00\x50", 10))
                  .welcome()
                  .echo("hello"));
}

// ---- TLS

void tls_echo(Stage& stage) { leave_first(secured(stage).host().welcome().echo("hello").echo("again")); }
void tls_echo_large(Stage& stage) { leave_first(secured(stage).host().welcome().echo(large_text())); }
void tls_client_closes(Stage& stage) { secured(stage).host().welcome().send(kText, "!close").hear_close(4000).close(); }
void tls_server_vanishes(Stage& stage) { secured(stage).host().welcome().echo("hello").close(); }
void tls_wrong_name(Stage& stage) {
  secured(stage).host().hear_end();
  stage.connecting().back().options.tls.server_name = "other.example";
  stage.expect_cuts();
}
void tls_verify_hook(Stage& stage) {
  secured(stage).client_options.tls.verify = [](const auto& certificate) { return certificate.fault.empty(); };
  leave_first(stage.host().welcome().echo("hello"));
  stage.client_options = {};
}
void tls_own_certificate(Stage& stage) {
  secured(stage);
  stage.host_tls.ca_pem = credentials().ca_pem;
  leave_first(stage.host().welcome().echo("hello"));
  stage.host_tls = {};
  auto& own = stage.connecting().back().options.tls.certificate;
  own.certificate_chain_pem = credentials().client.certificate_pem;
  own.private_key_pem = credentials().client.key_pem;
}

// ---- On the loop of a server

void on_a_servers_loop(Stage& stage) {
  const auto client = std::make_shared<std::unique_ptr<Client>>();
  stage.setup = [client](Server& server) { *client = std::make_unique<Client>(server); };
  stage.after_run = [client] { client->reset(); };
  stage.when_armed = [client, &stage] {
    stage.post([client, url = stage.location()] {
      (*client)->connect(url, {},
                         Handlers{
                             .on_open = [](Connection& socket) { socket.send("hello from the same loop"); },
                             .on_message = [](Connection& socket, std::string_view) { socket.close(); },
                         });
    });
  };
  stage.spectator().wait_ms(1000);
  leave(stage.visitor().echo("hello"));
}

void make_client(Stage& stage) { client(stage).from_the_start = true; }

}  // namespace

std::vector<Scenario> client_scenarios() {
  const auto make = [](std::string_view name, void (*set)(Stage&)) { return Scenario{"client", name, set}; };
  return {
      make("client", make_client),
      make("client-echo", echo),
      make("client-echo-large", echo_large),
      make("client-echo-binary", echo_binary),
      make("client-trickle", trickle),
      make("client-closes", client_closes),
      make("client-aborts", client_aborts),
      make("client-callback-throws", callback_throws),
      make("client-server-vanishes", server_vanishes),
      make("client-server-vanishes-in-the-handshake", server_vanishes_in_the_handshake),
      make("client-ping", ping),
      make("client-pings", client_pings),
      make("client-another-thread", another_thread),
      make("client-information", information),
      make("client-protocol-error", protocol_error),
      make("client-backpressure", backpressure),
      make("client-paused", paused),
      make("client-refused-with-404", refused_with_404),
      make("client-wrong-accept", wrong_accept),
      make("client-silent-server", silent_server),
      make("client-nobody-listens", nobody_listens),
      make("client-subprotocol-and-fields", subprotocol_and_fields),
      make("client-deflate", with_deflate),
      make("client-reconnect", reconnect),
      make("client-several", several),
      make("client-one-at-a-time", one_at_a_time),
      make("client-ipv4", over_ipv4),
      make("client-ipv6", over_ipv6),
      make("client-bound-address", bound_address),
      make("client-connection-refused", connection_refused),
      make("client-by-name", by_name),
      make("client-localhost", localhost),
      make("client-unknown-name", unknown_name),
      make("client-http-proxy", http_proxy),
      make("client-http-proxy-refuses", http_proxy_refuses),
      make("client-socks-proxy", socks_proxy),
      make("client-tls-echo", tls_echo),
      make("client-tls-echo-large", tls_echo_large),
      make("client-tls-closes", tls_client_closes),
      make("client-tls-server-vanishes", tls_server_vanishes),
      make("client-tls-wrong-name", tls_wrong_name),
      make("client-tls-verify-hook", tls_verify_hook),
      make("client-tls-own-certificate", tls_own_certificate),
      make("client-on-a-servers-loop", on_a_servers_loop),
  };
}

}  // namespace mote::fault

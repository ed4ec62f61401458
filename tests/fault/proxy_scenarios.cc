#include <string>

#include "tests/fault/scenario.h"
#include "tests/fault/scripts.h"
#include "tests/fault/stage.h"
#include "tests/support/client_frame.h"
#include "tests/support/proxy_headers.h"

namespace mote::fault {
namespace {

using namespace script;
using test::client_frame;
using test::proxy_block_v4;
using test::proxy_block_v6;
using test::proxy_header_v2;
using test::proxy_value;
using test::upgrade_request;

const std::string kLine = "PROXY TCP4 192.0.2.1 198.51.100.2 4660 443\r\n";
const std::string kBlock = proxy_header_v2(0x21, 0x21, proxy_block_v6());
const std::string kLineClient = "192.0.2.1 4660";
const std::string kBlockClient = "2001:db8::1 4660";

/// Everybody comes through a proxy. That of the bystanders names another client than those of the peers.
void expect_proxies(Stage& stage) {
  stage.options.trusted_proxies = {stage.family == Address::Family::unix_socket ? "unix" : "127.0.0.1"};
  stage.options.proxy_protocol = ProxyProtocol::required;
  stage.proxy_header = "PROXY TCP6 2001:db8::ffff 2001:db8::2 1000 443\r\n";
}

/// The server takes it for that client.
Peer& ask(Peer& peer, const std::string& client) { return peer.send(kText, "!address").hear(kText, client); }

// ---- Headers of the PROXY protocol

void line(Stage& stage) {
  expect_proxies(stage);
  leave(ask(stage.stranger().say(kLine).say(upgrade_request()).hear_head(101), kLineClient).echo("hello"));
}
void block(Stage& stage) {
  expect_proxies(stage);
  leave(ask(stage.stranger().say(kBlock).say(upgrade_request()).hear_head(101), kBlockClient).echo("hello"));
}
void block_with_values(Stage& stage) {
  expect_proxies(stage);
  const std::string values = proxy_value(2, "test.example") + proxy_value(4, std::string(2000, '\0'));
  const std::string header = proxy_header_v2(0x21, 0x11, proxy_block_v4() + values);
  leave(ask(stage.stranger().say(header + upgrade_request()).hear_head(101), kLineClient));
}

/// The last piece has the request in it, and the first message.
void in_pieces(Stage& stage, const std::string& header, const std::string& client) {
  expect_proxies(stage);
  Peer& peer = stage.stranger();
  peer.say(header.substr(0, 1)).wait_ms(1).say(header.substr(1, 14)).wait_ms(1);
  peer.say(header.substr(15, header.size() - 16)).wait_ms(1);
  peer.say(header.substr(header.size() - 1) + upgrade_request() + client_frame(kText, "!address"));
  leave(peer.hear_head(101).hear(kText, client));
}
void line_in_pieces(Stage& stage) { in_pieces(stage, kLine, kLineClient); }
void block_in_pieces(Stage& stage) { in_pieces(stage, kBlock, kBlockClient); }
void trickle(Stage& stage) {
  expect_proxies(stage);
  leave(ask(stage.stranger().trickle().say(kBlock + upgrade_request()).hear_head(101), kBlockClient));
}

/// A health check, and one that goes on as a client.
void of_the_proxy_itself(Stage& stage) {
  expect_proxies(stage);
  stage.stranger().say(proxy_header_v2(0x20, 0, {})).wait_ms(1).close();
  leave(ask(stage.stranger().say("PROXY UNKNOWN\r\n" + upgrade_request()).hear_head(101), " 0"));
}

void over_ipv4(Stage& stage) {
  stage.family = Address::Family::ipv4;
  expect_proxies(stage);
  leave(ask(stage.stranger().say(kLine + upgrade_request()).hear_head(101), kLineClient));
}
void before_tls(Stage& stage) {
  stage.family = Address::Family::ipv4;
  stage.secure = true;
  expect_proxies(stage);
  stage.proxy_header = kBlock;
  leave(ask(stage.visitor(), kBlockClient));
}

// ---- Those that are none

void bad_line(Stage& stage) {
  expect_proxies(stage);
  expect_logged(stage, "unix: closed: ");
  stage.stranger().say("PROXY TCP4 192.0.2.256 198.51.100.2 4660 443\r\n" + upgrade_request()).hear_end();
}
void bad_block(Stage& stage) {
  expect_proxies(stage);
  expect_logged(stage, "unix: closed: PROXY header with a wrong checksum (PROXY protocol 2.2.3)");
  const std::string values = proxy_value(3, std::string(4, '\0'));
  stage.stranger().say(proxy_header_v2(0x21, 0x11, proxy_block_v4() + values)).hear_end();
}
void no_header(Stage& stage) {
  expect_proxies(stage);
  expect_logged(stage, "unix: closed: ");
  stage.stranger().say(upgrade_request()).hear_end();
}
void header_never_ends(Stage& stage) {
  expect_proxies(stage);
  expect_logged(stage, "unix: closed: no complete PROXY header in time");
  stage.stranger().say(kBlock.substr(0, 20)).hear_end();
}
void not_trusted(Stage& stage) {
  stage.family = Address::Family::ipv4;
  expect_proxies(stage);
  expect_logged(stage, ": closed: PROXY headers are for trusted_proxies alone");
  stage.foreigner().say(kLine).hear_end();
}

// ---- Ends within one

void peer_vanishes(Stage& stage) {
  expect_proxies(stage);
  stage.stranger().say(kLine.substr(0, 20)).wait_ms(1).close();
  stage.stranger().say(kLine).wait_ms(1).close();
}
void peer_resets(Stage& stage) {
  stage.family = Address::Family::ipv4;
  expect_proxies(stage);
  stage.stranger().say(kLine.substr(0, 20)).wait_ms(1).reset();
}
void peer_half_closes(Stage& stage) {
  expect_proxies(stage);
  stage.stranger().say(kBlock.substr(0, 20)).shut_down().hear_end();
}
/// One that says nothing more counts until it ends.
void no_room_for_the_second(Stage& stage) {
  expect_proxies(stage);
  stage.options.max_connections = 2;
  stage.stranger().say(kLine.substr(0, 20)).wait_ms(50).close();
  leave(stage.stranger().say(kLine + upgrade_request()).hear_head(101).echo("second"));
}
void stop(Stage& stage) {
  expect_proxies(stage);
  stage.to_the_end = true;
  stage.stranger().say(kLine.substr(0, 20));
  stage.visitor().echo("hello").send(kText, "!stop");
}
void drain(Stage& stage) {
  expect_proxies(stage);
  stage.to_the_end = true;
  stage.stranger().say(kLine.substr(0, 20)).hear_end();
  stage.visitor().echo("hello").send(kText, "!drain").hear_close(1001).hear_end();
}
void start(Stage& stage) {
  expect_proxies(stage);
  stage.from_the_start = true;
}

// ---- X-Forwarded-For

void forwarded(Stage& stage, const std::string& value, const std::string& client) {
  stage.options.trusted_proxies = {"unix", "10.0.0.0/8"};
  leave(ask(stage.visitor("X-Forwarded-For: " + value + "\r\n"), client).echo("hello"));
}
void forwarded_for(Stage& stage) { forwarded(stage, "192.0.2.1", "192.0.2.1 0"); }
void forwarded_for_through_many(Stage& stage) {
  forwarded(stage, "192.0.2.9, [2001:db8::1]:4660, 10.1.2.3, 10.1.2.4:99", kBlockClient);
}
/// Nobody then knows who it is.
void forwarded_for_nobody(Stage& stage) { forwarded(stage, "192.0.2.1, nobody", " 0"); }
/// The PROXY header names a proxy, and its request names the client.
void forwarded_behind_a_line(Stage& stage) {
  expect_proxies(stage);
  stage.options.trusted_proxies.emplace_back("192.0.2.1");
  const std::string request = upgrade_request("/", "X-Forwarded-For: 192.0.2.7:77\r\n");
  leave(ask(stage.stranger().say(kLine + request).hear_head(101), "192.0.2.7 77"));
}
void forwarded_page(Stage& stage) {
  stage.options.trusted_proxies = {"unix"};
  stage.setup = [](Server& server) {
    server.on_http("/who", [](const HttpRequest& request) {
      return HttpResponse{.status = request.client_ip_address == "192.0.2.1" ? 200 : 403};
    });
  };
  stage.guest().say("GET /who HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n").hear_head(200);
}

}  // namespace

std::vector<Scenario> proxy_scenarios() {
  const auto make = [](std::string_view name, void (*set)(Stage&)) { return Scenario{"proxies", name, set}; };
  return {
      make("proxy-line", line),
      make("proxy-block", block),
      make("proxy-block-with-values", block_with_values),
      make("proxy-line-in-pieces", line_in_pieces),
      make("proxy-block-in-pieces", block_in_pieces),
      make("proxy-trickle", trickle),
      make("proxy-of-the-proxy-itself", of_the_proxy_itself),
      make("proxy-over-ipv4", over_ipv4),
      make("proxy-before-tls", before_tls),
      make("proxy-bad-line", bad_line),
      make("proxy-bad-block", bad_block),
      make("proxy-no-header", no_header),
      make("proxy-header-never-ends", header_never_ends),
      make("proxy-not-trusted", not_trusted),
      make("proxy-peer-vanishes", peer_vanishes),
      make("proxy-peer-resets", peer_resets),
      make("proxy-peer-half-closes", peer_half_closes),
      make("proxy-no-room-for-the-second", no_room_for_the_second),
      make("proxy-stop", stop),
      make("proxy-drain", drain),
      make("proxy-start", start),
      make("forwarded-for", forwarded_for),
      make("forwarded-for-through-many", forwarded_for_through_many),
      make("forwarded-for-nobody", forwarded_for_nobody),
      make("forwarded-behind-a-proxy-line", forwarded_behind_a_line),
      make("forwarded-page", forwarded_page),
  };
}

}  // namespace mote::fault

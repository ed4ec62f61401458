#include <openssl/ssl.h>

#include <string>

#include "tests/fault/credentials.h"
#include "tests/fault/scenario.h"
#include "tests/fault/scripts.h"
#include "tests/fault/stage.h"
#include "tests/support/client_frame.h"

namespace mote::fault {
namespace {

using namespace script;
using test::client_frame;
using test::upgrade_request;

/// Over TCP, which is where TLS is.
Stage& secured(Stage& stage) {
  stage.family = Address::Family::ipv4;
  stage.secure = true;
  return stage;
}

void handshake(Stage& stage) { secured(stage).visitor(); }
void echo(Stage& stage) { leave(secured(stage).visitor().echo("hello").echo("again")); }
void echo_large(Stage& stage) { leave(secured(stage).visitor().echo(large_text())); }
void server_closes(Stage& stage) { secured(stage).visitor().send(kText, "!close").hear_close(4000).hear_end(); }
void server_aborts(Stage& stage) { secured(stage).visitor().send(kText, "!abort").hear_end(); }
void peer_vanishes(Stage& stage) { secured(stage).visitor().echo("hello").close(); }
void protocol_error(Stage& stage) {
  secured(stage).visitor().say(client_frame(kText, "unmasked", {.masked = false})).hear_close(1002).hear_end();
}
void backpressure(Stage& stage) {
  leave(hear_flood(secured(stage).visitor().stop_reading().send(kText, "!flood").wait_ms(100).read_again()));
}
void bad_request(Stage& stage) { secured(stage).guest().say("GET /\r\n\r\n").hear_head(400).hear_end(); }
void dead_peer(Stage& stage) { secured(stage).visitor().stop_reading().wait_ms(60'000).read_again().hear_end(); }

void old_tls(Stage& stage) {
  secured(stage).tls.max_version = TLS1_2_VERSION;
  leave(stage.visitor().echo("hello"));
}

void client_certificate(Stage& stage) {
  secured(stage).options.tls.client_certificates = ClientCertificates::required;
  stage.options.tls.client_ca_pem = credentials().ca_pem;
  stage.tls.identity = credentials().client;
  leave(stage.visitor().echo("hello"));
}

void with_deflate(Stage& stage) {
  secured(stage).options.compression.mode = CompressionMode::on;
  const std::string text(3000, 'z');
  leave(stage.visitor("Sec-WebSocket-Extensions: permessage-deflate\r\n").inflate(false).echo(text));
}

/// A peer that speaks plain HTTP to a port of TLS is told so.
void plain_http(Stage& stage) {
  Peer& peer = secured(stage).stranger();
  peer.say(upgrade_request()).hear_end();
}
void garbage(Stage& stage) { secured(stage).stranger().say(std::string(100, '\x16')).hear_end(); }
void cut_in_the_handshake(Stage& stage) {
  secured(stage).stranger().say(std::string("\x16\x03\x01\x02", 4)).wait_ms(1).close();
}
void slow_handshake(Stage& stage) { secured(stage).stranger().say(std::string("\x16\x03\x01\x02", 4)).hear_end(); }

}  // namespace

std::vector<Scenario> tls_scenarios() {
  const auto make = [](std::string_view name, void (*set)(Stage&)) { return Scenario{"tls", name, set}; };
  return {
      make("tls-handshake", handshake),
      make("tls-echo", echo),
      make("tls-echo-large", echo_large),
      make("tls-server-closes", server_closes),
      make("tls-server-aborts", server_aborts),
      make("tls-peer-vanishes", peer_vanishes),
      make("tls-protocol-error", protocol_error),
      make("tls-backpressure", backpressure),
      make("tls-bad-request", bad_request),
      make("tls-dead-peer", dead_peer),
      make("tls-1.2", old_tls),
      make("tls-client-certificate", client_certificate),
      make("tls-deflate", with_deflate),
      make("tls-plain-http", plain_http),
      make("tls-garbage", garbage),
      make("tls-cut-in-the-handshake", cut_in_the_handshake),
      make("tls-slow-handshake", slow_handshake),
  };
}

}  // namespace mote::fault

#include <chrono>
#include <string>

#include "tests/fault/scenario.h"
#include "tests/fault/scripts.h"
#include "tests/fault/stage.h"
#include "tests/support/client_frame.h"

namespace mote::fault {
namespace {

using namespace std::chrono_literals;
using test::client_frame;
using test::upgrade_request;

using namespace script;

void handshake(Stage& stage) { stage.visitor(); }
void echo_text(Stage& stage) { leave(stage.visitor().echo("hello").echo("again")); }
void echo_binary(Stage& stage) {
  const std::string bytes(5000, '\0');
  leave(stage.visitor().send(kBinary, bytes).hear(kBinary, bytes));
}
void echo_large(Stage& stage) { leave(stage.visitor().echo(large_text())); }
void echo_large_twice(Stage& stage) { leave(stage.visitor().echo(large_text()).echo(large_text())); }
void trickle(Stage& stage) { leave(stage.guest().trickle().say(upgrade_request()).hear_head(101).echo("hello")); }

void fragments(Stage& stage) {
  leave(stage.visitor()
            .say(client_frame(kText, "one ", {.fin = false}) + client_frame(0, "two ", {.fin = false}))
            .send(kPing, "between")
            .hear(kPong, "between")
            .say(client_frame(0, "three"))
            .hear(kText, "one two three"));
}

void large_fragments(Stage& stage) {
  Peer& peer = stage.visitor();
  for (int i = 0; i < 5; ++i) {
    peer.say(client_frame(i == 0 ? kBinary : 0U, std::string(20'000, 'b'), {.fin = i == 4})).wait_ms(1);
  }
  leave(peer.hear(kBinary, std::string(100'000, 'b')));
}

void pipelined(Stage& stage) {
  std::string frames;
  for (int i = 0; i < 20; ++i) frames += client_frame(kText, "message " + std::to_string(i));
  Peer& peer = stage.visitor().say(frames);
  for (int i = 0; i < 20; ++i) peer.hear(kText, "message " + std::to_string(i));
  leave(peer);
}

/// More than a turn takes.
void over_budget(Stage& stage) {
  stage.options.turn_messages = 3;
  pipelined(stage);
}

void first_messages_with_the_request(Stage& stage) {
  leave(stage.guest().say(upgrade_request() + client_frame(kText, "early")).hear_head(101).hear(kText, "early"));
}

void server_closes(Stage& stage) { stage.visitor().send(kText, "!close").hear_close(4000).hear_end(); }
void server_aborts(Stage& stage) { stage.visitor().send(kText, "!abort").hear_end(); }
void callback_throws(Stage& stage) { stage.visitor().send(kText, "!throw").hear_close(1011).hear_end(); }
void peer_vanishes(Stage& stage) { stage.visitor().echo("hello").close(); }
void peer_vanishes_in_the_handshake(Stage& stage) { stage.guest().say("GET / HTTP/1.1\r\nHost: a").wait_ms(1).close(); }
void peer_half_closes(Stage& stage) {
  stage.visitor().send(kText, "last words").hear(kText, "last words").shut_down().hear_end();
}
void peer_resets(Stage& stage) {
  stage.family = Address::Family::ipv4;
  stage.visitor().echo("hello").reset();
}
void peer_vanishes_with_unread_output(Stage& stage) {
  stage.visitor().stop_reading().send(kText, "!flood").wait_ms(5).close();
}

void ping(Stage& stage) { leave(stage.visitor().send(kPing, "are you there").hear(kPong, "are you there")); }
void server_pings(Stage& stage) {
  leave(stage.visitor().send(kText, "!ping").hear(kPing, "ping").send(kPong, "ping").echo("and on"));
}
void quiet_peer_is_pinged(Stage& stage) { leave(stage.visitor().hear(kPing, {}).send(kPong, {}).echo("here I am")); }
void dead_peer_is_dropped(Stage& stage) { stage.visitor().stop_reading().wait_ms(60'000).read_again().hear_end(); }
void slow_handshake_is_dropped(Stage& stage) { stage.guest().say("GET / HTTP/1.1\r\n").hear_end(); }
void close_is_not_answered(Stage& stage) {
  stage.visitor().send(kText, "!close").stop_reading().wait_ms(6'000).read_again().hear(kClose, {}).hear_end();
}

void protocol_error(Stage& stage) {
  stage.visitor().say(client_frame(kText, "unmasked", {.masked = false})).hear_close(1002).hear_end();
}
void invalid_text(Stage& stage) { stage.visitor().send(kText, "\xFF\xFE").hear_close(1007).hear_end(); }
void too_large(Stage& stage) {
  stage.options.max_message_bytes = 1000;
  stage.visitor().send(kText, std::string(1001, 'x')).hear_close(1009).hear_end();
}
void bad_request(Stage& stage) { stage.guest().say("GET /\r\n\r\n").hear_head(400).hear_end(); }
void old_version(Stage& stage) {
  stage.guest()
      .say(
          "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n\r\n")
      .hear_head(426);
}

void plain_http(Stage& stage) {
  stage.setup = [](Server& server) {
    server.serve("/page", "text/plain", large_text());
    server.on_http("/made", [](const HttpRequest&) { return HttpResponse{.body = "made"}; });
  };
  const std::string head = " HTTP/1.1\r\nHost: a\r\n\r\n";
  stage.guest()
      .say("GET /page" + head)
      .hear_head(200)
      .say("GET /made" + head)
      .hear_head(200)
      .say("GET /no" + head)
      .hear_head(426);
}

void subprotocol(Stage& stage) {
  stage.options.subprotocols = {"chat", "news"};
  leave(stage.visitor("Sec-WebSocket-Protocol: news, chat\r\n").echo("hello"));
}
void upgrade_filter(Stage& stage) {
  stage.setup = [](Server& server) {
    server.on_upgrade([](const HttpRequest& request, UpgradeDecision& decision) {
      if (request.path == "/secret") return decision.reject(403, "not for you");
      decision.header("X-Seen", "yes");
    });
  };
  stage.guest().say(upgrade_request("/secret")).hear_head(403);
  leave(stage.visitor().echo("hello"));
}
void foreign_origin(Stage& stage) {
  stage.options.origins = {"https://example.org"};
  stage.guest().say(upgrade_request("/", "Origin: https://example.net\r\n")).hear_head(403);
}

void backpressure(Stage& stage) {
  leave(hear_flood(stage.visitor().stop_reading().send(kText, "!flood").wait_ms(100).read_again()));
}
void peer_never_reads(Stage& stage) {
  stage.options.write_timeout = 5s;
  stage.visitor().stop_reading().send(kText, "!flood").wait_ms(20'000).read_again().hear_end();
}
void queue_overflows(Stage& stage) {
  stage.options.hard_limit_bytes = 300'000;
  stage.options.soft_limit_bytes = 299'000;
  Peer& peer = stage.visitor().stop_reading();
  for (int i = 0; i < 4; ++i) peer.send(kText, large_text());
  peer.wait_ms(30'000).read_again().hear_end();
}
void pongs_to_who_does_not_read(Stage& stage) {
  Peer& peer = stage.visitor().stop_reading().send(kText, "!flood").wait_ms(1);
  for (int i = 0; i < 5; ++i) peer.send(kPing, "p");
  leave(hear_flood(peer.wait_ms(10).read_again()));
}

void paused(Stage& stage) {
  stage.ticks = true;
  leave(stage.visitor().send(kText, "!pause").send(kText, "waits").hear(kText, "waits"));
}
void another_thread(Stage& stage) { leave(stage.visitor().send(kText, "!thread").hear(kText, "!thread")); }
void prepared_message(Stage& stage) { leave(stage.visitor().send(kText, "!prepared").hear(kText, "!prepared")); }
void own_data(Stage& stage) { leave(stage.visitor().send(kText, "!data").hear(kText, std::string(100, 'd'))); }
void own_handler(Stage& stage) { leave(stage.visitor().send(kText, "!handler").hear(kText, "!handler").echo("hello")); }
void information(Stage& stage) { leave(stage.visitor().send(kText, "!info").hear(kText, "/")); }

void timer(Stage& stage) {
  stage.setup = [](Server& server) { server.every(20ms, [] { const std::string text(100, 't'); }); };
  leave(stage.visitor().echo("hello").wait_ms(100).echo("later"));
}
void posted_task(Stage& stage) {
  stage.setup = [&stage](Server& server) {
    stage.when_armed = [&server] { server.post([] { const std::string text(100, 't'); }); };
  };
  leave(stage.visitor().echo("hello"));
}

void several(Stage& stage) {
  for (int i = 0; i < 4; ++i) leave(stage.visitor().echo("one").echo("two"));
  stage.visitor().echo("three");
}
void no_room_for_the_second(Stage& stage) {
  stage.options.max_connections = 2;
  leave(stage.visitor().echo("first").wait_ms(50));
  stage.guest().say(upgrade_request()).hear_head(101).echo("second").send(kClose, normal()).hear_close(1000).hear_end();
}

void ipv4(Stage& stage) {
  stage.family = Address::Family::ipv4;
  leave(stage.visitor().echo("hello"));
}
void ipv6(Stage& stage) {
  stage.family = Address::Family::ipv6;
  leave(stage.visitor().echo("hello").send(kText, "!info").hear(kText, "/"));
}

}  // namespace

std::vector<Scenario> server_scenarios() {
  const auto make = [](std::string_view name, void (*set)(Stage&)) { return Scenario{"server", name, set}; };
  return {
      make("handshake", handshake),
      make("echo-text", echo_text),
      make("echo-binary", echo_binary),
      make("echo-large", echo_large),
      make("echo-large-twice", echo_large_twice),
      make("trickle", trickle),
      make("fragments", fragments),
      make("large-fragments", large_fragments),
      make("pipelined", pipelined),
      make("over-budget", over_budget),
      make("first-messages-with-the-request", first_messages_with_the_request),
      make("server-closes", server_closes),
      make("server-aborts", server_aborts),
      make("callback-throws", callback_throws),
      make("peer-vanishes", peer_vanishes),
      make("peer-vanishes-in-the-handshake", peer_vanishes_in_the_handshake),
      make("peer-half-closes", peer_half_closes),
      make("peer-resets", peer_resets),
      make("peer-vanishes-with-unread-output", peer_vanishes_with_unread_output),
      make("ping", ping),
      make("server-pings", server_pings),
      make("quiet-peer-is-pinged", quiet_peer_is_pinged),
      make("dead-peer-is-dropped", dead_peer_is_dropped),
      make("slow-handshake-is-dropped", slow_handshake_is_dropped),
      make("close-is-not-answered", close_is_not_answered),
      make("protocol-error", protocol_error),
      make("invalid-text", invalid_text),
      make("too-large", too_large),
      make("bad-request", bad_request),
      make("old-version", old_version),
      make("plain-http", plain_http),
      make("subprotocol", subprotocol),
      make("upgrade-filter", upgrade_filter),
      make("foreign-origin", foreign_origin),
      make("backpressure", backpressure),
      make("peer-never-reads", peer_never_reads),
      make("queue-overflows", queue_overflows),
      make("pongs-to-who-does-not-read", pongs_to_who_does_not_read),
      make("paused", paused),
      make("another-thread", another_thread),
      make("prepared-message", prepared_message),
      make("own-data", own_data),
      make("own-handler", own_handler),
      make("information", information),
      make("timer", timer),
      make("posted-task", posted_task),
      make("several", several),
      make("no-room-for-the-second", no_room_for_the_second),
      make("ipv4", ipv4),
      make("ipv6", ipv6),
  };
}

}  // namespace mote::fault

#include <string>

#include "tests/fault/scenario.h"
#include "tests/fault/scripts.h"
#include "tests/fault/stage.h"
#include "tests/support/client_frame.h"
#include "tests/support/deflate.h"

namespace mote::fault {
namespace {

using test::client_frame;

constexpr std::string_view kOffer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

std::string compressed(std::string_view text) {
  return client_frame(script::kText, test::deflated(text), {.reserved = 4});
}
std::string words(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "word " + std::to_string(i * i) + ' ';
  return text;
}

Peer& compressing_visitor(Stage& stage, bool takeover) {
  stage.options.compression.mode = CompressionMode::on;
  if (takeover) {
    stage.options.compression.server_context_takeover = true;
    stage.options.compression.client_context_takeover = true;
  }
  return stage.visitor(kOffer).inflate(takeover);
}

Peer& echo(Peer& peer, const std::string& text) { return peer.say(compressed(text)).hear(script::kText, text); }

void declined(Stage& stage) { script::leave(stage.visitor(kOffer).echo("hello")); }
void no_takeover(Stage& stage) { script::leave(echo(echo(compressing_visitor(stage, false), words(100)), words(200))); }
void takeover(Stage& stage) { script::leave(echo(echo(compressing_visitor(stage, true), words(100)), words(100))); }
void large(Stage& stage) { script::leave(echo(compressing_visitor(stage, false), words(20'000))); }
void large_takeover(Stage& stage) { script::leave(echo(compressing_visitor(stage, true), words(20'000))); }

void on_request(Stage& stage) {
  Peer& peer = compressing_visitor(stage, false);
  stage.options.compression.mode = CompressionMode::on_request;
  script::leave(echo(peer, words(300)));
}

void fragments(Stage& stage) {
  const std::string text = words(500);
  const std::string payload = test::deflated(text);
  const std::string_view all = payload;
  Peer& peer = compressing_visitor(stage, true);
  script::leave(peer.say(client_frame(script::kText, all.substr(0, 100), {.fin = false, .reserved = 4}))
                    .wait_ms(1)
                    .say(client_frame(0, all.substr(100, 100), {.fin = false}))
                    .wait_ms(1)
                    .say(client_frame(0, all.substr(200)))
                    .hear(script::kText, text));
}

void prepared(Stage& stage) {
  Peer& peer = compressing_visitor(stage, false);
  stage.options.compression.threshold_bytes = 1;
  script::leave(peer.send(script::kText, "!prepared").hear(script::kText, "!prepared"));
}

void invalid_data(Stage& stage) {
  compressing_visitor(stage, false)
      .say(client_frame(script::kText, "\xFF\xFF\xFF\xFF\xFF\xFF", {.reserved = 4}))
      .hear_close(1007)
      .hear_end();
}

void bomb(Stage& stage) {
  Peer& peer = compressing_visitor(stage, false);
  stage.options.max_message_bytes = 10'000;
  peer.say(compressed(std::string(1'000'000, 'x'))).hear_close(1009).hear_end();
}

}  // namespace

std::vector<Scenario> deflate_scenarios() {
  const auto make = [](std::string_view name, void (*set)(Stage&)) { return Scenario{"deflate", name, set}; };
  return {
      make("deflate-declined", declined),
      make("deflate", no_takeover),
      make("deflate-takeover", takeover),
      make("deflate-large", large),
      make("deflate-large-takeover", large_takeover),
      make("deflate-on-request", on_request),
      make("deflate-fragments", fragments),
      make("deflate-prepared", prepared),
      make("deflate-invalid-data", invalid_data),
      make("deflate-bomb", bomb),
  };
}

}  // namespace mote::fault

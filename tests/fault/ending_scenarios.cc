#include <chrono>
#include <fstream>
#include <string>

#include "tests/fault/credentials.h"
#include "tests/fault/scenario.h"
#include "tests/fault/scripts.h"
#include "tests/fault/stage.h"

namespace mote::fault {
namespace {

using namespace script;

// ---- The beginning

void start(Stage& stage) { stage.from_the_start = true; }
void start_ipv4(Stage& stage) {
  start(stage);
  stage.family = Address::Family::ipv4;
  stage.options.reuse_port = true;
}
void start_ipv6(Stage& stage) {
  start(stage);
  stage.family = Address::Family::ipv6;
}
void start_tls(Stage& stage) {
  start_ipv4(stage);
  stage.secure = true;
}

/// A socket file lies there that nobody listens on.
void start_on_stale_file(Stage& stage) {
  start(stage);
  stage.stale_file = true;
  FarListener::leave_file(stage.address());
}

std::string written(const Stage& stage, std::string_view name, const std::string& content) {
  std::string file = stage.folder_file(name);
  std::ofstream(file) << content;
  return file;
}
void start_tls_with_files(Stage& stage) {
  start_tls(stage);
  stage.options.tls.certificate_chain_file = written(stage, "chain.pem", credentials().server.certificate_pem);
  stage.options.tls.private_key_file = written(stage, "key.pem", credentials().server.key_pem);
  stage.options.tls.client_certificates = ClientCertificates::requested;
  stage.options.tls.client_ca_file = written(stage, "ca.pem", credentials().ca_pem);
}
void start_with_pages(Stage& stage) {
  start(stage);
  stage.options.subprotocols = {"chat"};
  stage.options.origins = {"https://example.org"};
  stage.setup = [](Server& server) {
    server.serve("/page", "text/plain", large_text());
    server.on_http("/made", [](const HttpRequest&) { return HttpResponse{}; });
    server.on_upgrade([](const HttpRequest&, UpgradeDecision&) {});
    server.every(std::chrono::hours(1), [] {});
  };
}

// ---- The end

void stop(Stage& stage) {
  stage.to_the_end = true;
  stage.visitor().echo("hello").send(kText, "!stop");
}
void stop_with_others(Stage& stage) {
  stage.visitor().echo("one");
  stage.guest().say("GET / HTTP/1.1\r\n");
  stage.visitor().stop_reading().send(kText, "!flood").wait_ms(10);
  stop(stage);
}
void stop_over_tls(Stage& stage) {
  stage.family = Address::Family::ipv4;
  stage.secure = true;
  stop(stage);
}
void drain(Stage& stage) {
  stage.to_the_end = true;
  stage.visitor().echo("hello").send(kText, "!drain").hear_close(1001).hear_end();
}
void drain_with_others(Stage& stage) {
  leave(stage.visitor().echo("one"));
  stage.guest().say("GET / HTTP/1.1\r\n").hear_end();
  drain(stage);
}
void drain_of_who_does_not_answer(Stage& stage) {
  stage.to_the_end = true;
  stage.visitor().send(kText, "!drain").stop_reading().wait_ms(5000);
}
void drain_over_tls(Stage& stage) {
  stage.family = Address::Family::ipv4;
  stage.secure = true;
  drain(stage);
}
void drain_with_deflate(Stage& stage) {
  stage.options.compression.mode = CompressionMode::on;
  stage.options.compression.server_context_takeover = true;
  stage.to_the_end = true;
  const std::string text(3000, 'z');
  stage.visitor("Sec-WebSocket-Extensions: permessage-deflate\r\n")
      .inflate(true)
      .echo(text)
      .send(kText, "!drain")
      .hear_close(1001)
      .hear_end();
}

}  // namespace

std::vector<Scenario> ending_scenarios() {
  const auto make = [](std::string_view name, void (*set)(Stage&)) { return Scenario{"ending", name, set}; };
  return {
      make("start", start),
      make("start-ipv4", start_ipv4),
      make("start-ipv6", start_ipv6),
      make("start-tls", start_tls),
      make("start-on-stale-file", start_on_stale_file),
      make("start-tls-with-files", start_tls_with_files),
      make("start-with-pages", start_with_pages),
      make("stop", stop),
      make("stop-with-others", stop_with_others),
      make("stop-over-tls", stop_over_tls),
      make("drain", drain),
      make("drain-with-others", drain_with_others),
      make("drain-of-who-does-not-answer", drain_of_who_does_not_answer),
      make("drain-over-tls", drain_over_tls),
      make("drain-with-deflate", drain_with_deflate),
  };
}

}  // namespace mote::fault

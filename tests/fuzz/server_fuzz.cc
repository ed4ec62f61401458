// A whole server whose system calls are answered by the input: who connects and what they say, how it is split, what is
// ready in which order, what fails and how much time passes. Its promises hold: each connection that opens closes once,
// nothing is left of those who went, what was echoed is what came, and whoever comes next is served.

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include <mote/mote.h>

#include "tests/fault/ledger.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/kernel.h"
#include "tests/fuzz/story.h"

namespace {

using namespace mote::fuzz;
using mote::Connection;
using mote::SendStatus;

// Small limits are reached by small inputs.
mote::Options options_from(Input& input) {
  const std::uint8_t limits = input.octet();
  const std::uint8_t features = input.octet();
  mote::Options options;
  options.max_message_bytes = (limits & 1) != 0 ? 300 : 20'000;
  options.max_fragments = (limits & 1) != 0 ? 4 : 100;
  options.soft_limit_bytes = (limits & 2) != 0 ? 100 : 10'000;
  options.hard_limit_bytes = (limits & 2) != 0 ? 1000 : 50'000;
  options.turn_bytes = (limits & 4) != 0 ? 64 : 4096;
  options.turn_messages = (limits & 4) != 0 ? 2 : 16;
  options.max_connections = (limits & 8) != 0 ? 2 : 20;
  options.memory_budget_bytes = (limits & 16) != 0 ? 20'000 : 10'000'000;
  if ((limits & 32) != 0) options.max_connections_per_address = 2;
  if ((limits & 64) != 0) options.max_handshakes_per_address = 2;
  options.max_request_head_bytes = 1024;
  options.overflow = (limits & 128) != 0 ? mote::Overflow::drop_message : mote::Overflow::close_connection;
  options.subprotocols = {"chat"};
  options.tcp_no_delay = false;
  if ((features & 3) != 0) {
    options.compression = {.mode = mote::CompressionMode::on, .memory_level = 1, .threshold_bytes = 8};
    options.compression.level = (features & 3) == 1 ? 1 : 2;
    options.compression.server_context_takeover = (features & 4) != 0;
    options.compression.client_context_takeover = (features & 8) != 0;
  }
  if ((features & 16) != 0) {
    options.proxy_protocol = mote::ProxyProtocol::required;
    options.trusted_proxies = {"127.0.0.0/8"};
  }
  return options;
}

/// The program: it echoes, and does what a message asks for whose first character is a `!`.
class Program {
 public:
  Program(mote::Server& server, Story& story) : server_(server), story_(story) {}

  mote::Handlers handlers() {
    mote::Handlers handlers;
    handlers.on_open = [this](Connection& connection) { opened(connection); };
    handlers.on_message = [this](Connection& connection, std::string_view text) {
      told(connection, "text:", text);
      echo(connection, "text:", text, connection.send(text));
      if (text.size() >= 2 && text.front() == '!') obey(connection, text[1]);
    };
    handlers.on_binary = [this](Connection& connection, std::span<const std::byte> bytes) {
      told(connection, "binary:", text_of(bytes));
      echo(connection, "binary:", text_of(bytes), connection.send(bytes));
    };
    handlers.on_ping = [this](Connection& connection, auto bytes) { told(connection, "ping:", text_of(bytes)); };
    handlers.on_pong = [this](Connection& connection, auto bytes) { told(connection, "pong:", text_of(bytes)); };
    handlers.on_drain = [this](Connection& connection) { ledger_.heard(&connection); };
    handlers.on_error = [this](Connection& connection, const mote::Error&) { ledger_.heard(&connection); };
    handlers.on_close = [this](Connection& connection, const mote::CloseInfo& why) { closed(connection, why); };
    return handlers;
  }

  void check_books() const { check(*ledger_.fault() == '\0' && ledger_.open() == 0); }

 private:
  static Visitor* visitor_of(const Connection& connection) {
    Visitor* const* const visitor = connection.data<Visitor*>();
    return visitor != nullptr ? *visitor : nullptr;
  }

  void opened(Connection& connection) {
    ledger_.opened(&connection);
    Visitor* const visitor = story_.visitor_from(connection.info().client_port);
    // Through a proxy somebody else's port can be told.
    if (visitor == nullptr || visitor->was_opened()) return;
    connection.emplace_data<Visitor*>(visitor);
    visitor->opened(connection.handle());
  }

  void told(Connection& connection, std::string_view kind, std::string_view what) {
    ledger_.heard(&connection);
    if (Visitor* const visitor = visitor_of(connection)) visitor->heard(std::string(kind).append(what));
  }

  static void echo(const Connection& connection, std::string_view kind, std::string_view what, SendStatus status) {
    Visitor* const visitor = visitor_of(connection);
    if (visitor != nullptr && status <= SendStatus::queued) visitor->was_sent(std::string(kind).append(what));
  }

  void closed(Connection& connection, const mote::CloseInfo& why) {
    ledger_.closed(&connection);
    check(!connection.is_open() && connection.send("too late") == SendStatus::closed);
    if (Visitor* const visitor = visitor_of(connection)) visitor->closed(why);
  }

  /// Only where somebody will resume it.
  [[nodiscard]] bool may_pause(const Connection& connection) const {
    return visitor_of(connection) != nullptr && !story_.clients_leave();
  }

  void obey(Connection& connection, char command) {
    switch (command) {
      case 'c':
        return connection.close(4001, "as you wish");
      case 'a':
        return connection.abort();
      case 'p':
        return may_pause(connection) ? connection.pause_reading() : void();
      case 's':
        story_.server_ends();
        return server_.stop();
      case 'd':
        story_.server_ends();
        return server_.drain(std::chrono::milliseconds(1000));
      case 'o':
        connection.on_drain([] {});
        return connection.on_message(nullptr);
      case 't':
        throw std::runtime_error("as you wish");
      default:
        connection.send_ping(bytes_of("?"));
    }
  }

  mote::Server& server_;
  Story& story_;
  mote::fault::Ledger ledger_{true};
};

/// Lines are made, and printed where somebody looks into one input.
bool set_logger() {
  const bool prints = std::getenv("MOTE_FUZZ_LOG") != nullptr;
  mote::set_logger(mote::LogLevel::info, [prints](mote::LogLevel, std::string_view line) {
    if (prints) std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
  });
  return true;
}

void play(const mote::Options& options, Kernel& kernel, Story& story) {
  mote::Server server("ws://127.0.0.1:80", options);
  Program program(server, story);
  server.serve("/page", "text/plain", "some text");
  server.start(program.handlers());
  story.begin(kernel, server, options.proxy_protocol);
  server.run();
  program.check_books();
  check(server.connection_count() == 0 && server.memory_bytes() == 0);
}

/// A handle outlives the server, and does no harm; the last one lets go of what it shares with it.
void check_handles(const Story& story) {
  for (const auto& visitor : story.visitors()) {
    check(!visitor->handle().is_open() && visitor->handle().send("too late") == SendStatus::closed);
    visitor->drop_handle();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool logging = set_logger();
  check(logging);
  Input input(data, size);
  const mote::Options options = options_from(input);
  Choices choices(input.take(input.octet() % 32U));
  Story story(input, choices);
  Kernel kernel(choices, story);
  play(options, kernel, story);
  check_handles(story);
  check(kernel.open_descriptors() == 0);
  if (options.proxy_protocol == mote::ProxyProtocol::off) {
    for (const auto& visitor : story.visitors()) visitor->check_all(options);
  }
  return 0;
}

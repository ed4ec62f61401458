#include "tests/fault/commands.h"

#include <chrono>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/fault/injector.h"

namespace mote::fault {
namespace {

constexpr std::size_t kFloodMessages = 40;
constexpr std::size_t kFloodBytes = 64 * 1024;

std::string_view flood_text() {
  static const std::string text(kFloodBytes, 'f');
  return text;
}

}  // namespace

Handlers Commands::handlers() {
  return {
      .on_open =
          [this](Connection& socket) {
            const Suspended suspended;
            ledger_.opened(&socket);
          },
      .on_message =
          [this](Connection& socket, std::string_view text) {
            ledger_.heard(&socket);
            if (text.starts_with('!')) return obey(socket, text);
            socket.send(text);
          },
      .on_binary =
          [this](Connection& socket, std::span<const std::byte> bytes) {
            ledger_.heard(&socket);
            socket.send(bytes);
          },
      .on_ping = [this](Connection& socket, std::span<const std::byte>) { ledger_.heard(&socket); },
      .on_pong = [this](Connection& socket, std::span<const std::byte>) { ledger_.heard(&socket); },
      .on_drain =
          [this](Connection& socket) {
            ledger_.heard(&socket);
            if (to_flood_ != 0) flood(socket);
          },
      .on_error = {},
      .on_close =
          [this](Connection& socket, const CloseInfo&) {
            const Suspended suspended;
            ledger_.closed(&socket);
          },
  };
}

void Commands::obey(Connection& socket, std::string_view command) {
  if (command == "!close") return socket.close(4000, "as asked for");
  if (command == "!abort") return socket.abort();
  if (command == "!throw") throw std::runtime_error("as asked for");
  if (command == "!ping") {
    socket.send_ping(std::as_bytes(std::span("ping", 4)));
  } else if (command == "!flood") {
    to_flood_ = kFloodMessages;
    flood(socket);
  } else if (command == "!thread") {
    answer_from_another_thread(socket);
  } else if (command == "!pause") {
    socket.pause_reading();
    paused_ = socket.handle();
  } else if (command == "!prepared") {
    socket.send(PreparedMessage(command));
  } else if (command == "!data") {
    socket.send(socket.emplace_data<std::string>(std::string(100, 'd')));
  } else if (command == "!handler") {
    socket.on_message([&socket](std::string_view text) { socket.send(text); });
    socket.send(command);
  } else if (command == "!info") {
    socket.send(socket.info().path);
  } else if (command == "!address") {
    const ConnectionInfo info = socket.info();
    socket.send(info.client_ip_address + ' ' + std::to_string(info.client_port));
  } else if (command == "!stop") {
    server_->stop();
  } else if (command == "!drain") {
    server_->drain(std::chrono::seconds(2));
  }
}

void Commands::flood(Connection& socket) {
  while (to_flood_ != 0 && socket.is_open()) {
    --to_flood_;
    if (socket.send(flood_text()) == SendStatus::queued) return;  // on_drain goes on
  }
}

/// It has ended before this one goes on, so that a run is always the same.
void Commands::answer_from_another_thread(Connection& socket) {
  const Handle handle = socket.handle();
  bool posted = false;
  std::thread thread;
  {
    const Suspended suspended;
    thread = std::thread([&] {
      try {
        posted = handle.send("!thread") == SendStatus::sent;
      } catch (const std::bad_alloc&) {
        posted = false;
      }
    });
    thread.join();
  }
  if (!posted) socket.close(close_code::internal_error);
}

void Commands::tick() {
  if (!paused_) return;
  paused_->resume_reading();
  paused_.reset();
}

}  // namespace mote::fault

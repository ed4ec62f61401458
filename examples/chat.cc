// A chat room. mote serves its page too: who is online, with each guest's round-trip time, and what they say.
//
//     chat [LOCATION]     default ws://127.0.0.1:8080/chat

#include <mote/mote.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <map>
#include <string>
#include <utility>

#include "chat_html.h"  // made from chat.html by the build

namespace {

using Clock = std::chrono::steady_clock;

struct Guest {
  unsigned id = 0;
  std::string name;
  Clock::time_point pinged = {};  // no answer is due
};

std::map<mote::Connection*, Guest> guests;  // those who have told their name
mote::Server* running = nullptr;

std::string line(std::string_view word, const Guest& guest, std::string_view rest = {}) {
  return std::string(word) + ' ' + std::to_string(guest.id) + ' ' + std::string(rest);
}

void tell_all(const std::string& text) {
  for (const auto& [socket, guest] : guests) socket->send(text);
}

void welcome(mote::Connection& socket, std::string_view name) {
  static unsigned last_id = 0;
  std::size_t size = std::min<std::size_t>(name.size(), 40);
  while (size < name.size() && (name[size] & 0xC0) == 0x80) --size;  // half a character ends the receivers' connections
  const Guest& guest = guests[&socket] = {++last_id, std::string(name.substr(0, size))};
  socket.send(line("me", guest));
  for (const auto& [other_socket, other] : guests) {
    if (other_socket != &socket) socket.send(line("join", other, other.name));
  }
  tell_all(line("join", guest, guest.name));
}

void ping_all() {
  const auto now = Clock::now();
  for (auto& [socket, guest] : guests) {
    guest.pinged = now;
    socket->send_ping(std::as_bytes(std::span(&now, 1)));
  }
}

/// A pong is not always an answer: a peer may send any, at any time (RFC 6455 §5.5.3), and mote pings, too.
void show_round_trip(Guest& guest, std::span<const std::byte> answer) {
  const auto asked = std::as_bytes(std::span(&guest.pinged, 1));
  if (guest.pinged == Clock::time_point{} || !std::ranges::equal(answer, asked)) return;
  const std::chrono::duration<double, std::milli> taken = Clock::now() - std::exchange(guest.pinged, {});
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", taken.count());
  tell_all(line("rtt", guest, text));
}

}  // namespace

int main(int count, char** arguments) try {
  mote::Server server(count > 1 ? arguments[1] : "ws://127.0.0.1:8080/chat", {.max_message_bytes = 4096});
  server.serve("/", "text/html; charset=utf-8", kChatHtml);
  server.start([](mote::Connection& socket) {
    socket.on_message([&](std::string_view text) {
      const auto guest = guests.find(&socket);
      guest == guests.end() ? welcome(socket, text) : tell_all(line("say", guest->second, text));
    });
    socket.on_pong([&](std::span<const std::byte> answer) {
      if (const auto guest = guests.find(&socket); guest != guests.end()) show_round_trip(guest->second, answer);
    });
    socket.on_close([&](const mote::CloseInfo&) {
      if (const auto gone = guests.extract(&socket)) tell_all(line("leave", gone.mapped()));
    });
  });
  server.every(std::chrono::seconds(1), ping_all);

  running = &server;
  std::signal(SIGTERM, [](int) { running->drain(std::chrono::seconds(2)); });
  std::signal(SIGINT, [](int) { running->drain(std::chrono::seconds(2)); });
  std::printf("open http://127.0.0.1:%d/ in a browser, or two\n", server.port());
  std::fflush(stdout);
  server.run();
  std::signal(SIGTERM, SIG_DFL);  // the server that the handler knows is about to go
  std::signal(SIGINT, SIG_DFL);
} catch (const std::exception& error) {  // such as an address that is taken
  std::fprintf(stderr, "chat: %s\n", error.what());
  return 1;
}

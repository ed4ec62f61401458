// A counter for each connection: "add N" adds, "total" answers. Shows the three places where a connection's state can
// live.
//
//     per_connection_state [LOCATION]     default ws://127.0.0.1:8183

#include <mote/mote.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <map>
#include <string>

namespace {

struct Counter {
  long total = 0;
};

mote::Server* running = nullptr;

void on_command(Counter& counter, mote::Connection& socket, std::string_view text) {
  if (text == "total") {
    socket.send(std::to_string(counter.total));
  } else if (text.starts_with("add ")) {
    long number = 0;
    std::from_chars(text.data() + 4, text.data() + text.size(), number);
    // What a peer says may be anything: a sum of its numbers, too.
    if (__builtin_add_overflow(counter.total, number, &counter.total)) socket.close(4001, "too much");
  } else {
    socket.close(4000, "unknown command");
  }
}

}  // namespace

int main(int count, char** arguments) {
  std::map<mote::Uuid, std::string> rooms;  // 1. a map of your own, keyed by the connection's id

  mote::Server server(count > 1 ? arguments[1] : "ws://127.0.0.1:8183");
  server.start([&rooms](mote::Connection& socket) {
    socket.emplace_data<Counter>();  // 2. an object that the connection owns, of any type
    rooms[socket.info().id] = socket.info().path;

    socket.on_message([&socket, &rooms, messages = 0](std::string_view text) mutable {  // 3. what a lambda captures
      ++messages;
      if (text == "messages") {
        socket.send(std::to_string(messages) + " in room " + rooms[socket.info().id]);
      } else {
        on_command(*socket.data<Counter>(), socket, text);
      }
    });
    socket.on_close([&socket, &rooms](const mote::CloseInfo&) { rooms.erase(socket.info().id); });
  });

  running = &server;
  std::signal(SIGTERM, [](int) { running->drain(std::chrono::seconds(2)); });
  std::signal(SIGINT, [](int) { running->drain(std::chrono::seconds(2)); });
  std::printf("listening on %s\n", server.location().c_str());
  std::fflush(stdout);
  server.run();
  std::signal(SIGTERM, SIG_DFL);  // the server that the handler knows is about to go
  std::signal(SIGINT, SIG_DFL);
}

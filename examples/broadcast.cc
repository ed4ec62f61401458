// Sends every text message to all who are connected, and from a thread of its own the time once a second.
//
//     broadcast [LOCATION]     default ws://127.0.0.1:8182

#include <mote/mote.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

namespace {

mote::Server* running = nullptr;

/// Handles may be used from any thread; the map that holds them needs a lock.
class Subscribers {
 public:
  void add(mote::Connection& socket) {
    const std::scoped_lock lock(mutex_);
    handles_.emplace(socket.info().id, socket.handle());
  }
  void remove(mote::Connection& socket) {
    const std::scoped_lock lock(mutex_);
    handles_.erase(socket.info().id);
  }
  /// Copied, framed and, with Options::compression, compressed once for all.
  void send(const mote::PreparedMessage& message) {
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, handle] : handles_) handle.send(message);
  }

 private:
  std::mutex mutex_;
  std::unordered_map<mote::Uuid, mote::Handle> handles_;
};

}  // namespace

int main(int count, char** arguments) {
  Subscribers subscribers;
  mote::Server server(count > 1 ? arguments[1] : "ws://127.0.0.1:8182");
  server.start(
      {.on_open = [&](mote::Connection& socket) { subscribers.add(socket); },
       .on_message = [&](mote::Connection&, std::string_view text) { subscribers.send(mote::PreparedMessage(text)); },
       .on_close = [&](mote::Connection& socket, const mote::CloseInfo&) { subscribers.remove(socket); }});

  std::jthread clock([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      subscribers.send(mote::PreparedMessage("time " + std::to_string(std::time(nullptr))));
      std::this_thread::sleep_for(std::chrono::seconds(1));
    }
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

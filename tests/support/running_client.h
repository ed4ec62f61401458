#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <mote/client.h>

#include "tests/support/running_server.h"

namespace mote::test {

using Lines = std::vector<std::string>;

/// Long enough for what is not to come to have come.
inline constexpr int kQuietMs = 50;

inline std::string_view name_of(ErrorKind kind) {
  constexpr std::string_view kNames[] = {"protocol", "limit",   "transport", "timeout",
                                         "callback", "connect", "tls",       "handshake"};
  return kNames[static_cast<std::size_t>(kind)];
}

inline std::string_view name_of(EndedBy by) {
  constexpr std::string_view kNames[] = {"peer",           "local", "transport", "timeout",
                                         "protocol_error", "limit", "shutdown",  "handshake"};
  return kNames[static_cast<std::size_t>(by)];
}

/// Has a connection write down what it is told: `open`, `text hello`, `error handshake`, `close 1000 peer clean` and so
/// on. `last_error`: where the error is kept, too; may be null. All of them outlive it.
inline void write_down(Connection& socket, Journal& journal, std::optional<Error>* last_error = nullptr) {
  const auto add = [&journal](std::string_view what, std::span<const std::byte> bytes) {
    journal.add(std::string(what).append(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  };
  socket.on_open([&journal] { journal.add("open"); });
  socket.on_message([add](std::string_view text) { add("text ", std::as_bytes(std::span(text))); });
  socket.on_binary([add](std::span<const std::byte> bytes) { add("binary ", bytes); });
  socket.on_ping([add](std::span<const std::byte> bytes) { add("ping ", bytes); });
  socket.on_pong([add](std::span<const std::byte> bytes) { add("pong ", bytes); });
  socket.on_error([&journal, last_error](const Error& error) {
    if (last_error != nullptr) *last_error = error;
    journal.add(std::string("error ").append(name_of(error.kind())));
  });
  socket.on_close([&journal](const CloseInfo& why) {
    std::string line = "close " + std::to_string(why.code) + ' ';
    journal.add(line.append(name_of(why.by)).append(why.clean ? " clean" : ""));
  });
}

/// A client with a thread of its own and one connection that writes down what it is told.
class RunningClient {
 public:
  using Configure = std::function<void(Connection&)>;

  /// `more`: called before the connection begins, behind the callbacks that write down; it may set others.
  explicit RunningClient(const std::string& url, const ClientOptions& options = {}, Configure more = {}) {
    handle_ = client_.connect(url, options, [this, more = std::move(more)](Connection& socket) {
      write_down(socket, journal_, &error_);
      if (more) more(socket);
    });
    thread_ = std::thread([this] { client_.run(); });
  }
  /// To a port of this machine.
  explicit RunningClient(std::uint16_t port, const ClientOptions& options = {}, Configure more = {})
      : RunningClient("ws://127.0.0.1:" + std::to_string(port), options, std::move(more)) {}
  ~RunningClient() {
    client_.stop();
    if (thread_.joinable()) thread_.join();
  }

  /// Everything that it was told, once the connection has ended.
  Lines told() {
    if (thread_.joinable()) thread_.join();
    return journal_.lines();
  }
  [[nodiscard]] Journal& journal() { return journal_; }
  /// Any thread.
  [[nodiscard]] const Handle& handle() const { return *handle_; }
  /// What `on_error` was given; after `told`.
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  Journal journal_;
  std::optional<Error> error_;
  Client client_;
  std::optional<Handle> handle_;
  std::thread thread_;
};

}  // namespace mote::test

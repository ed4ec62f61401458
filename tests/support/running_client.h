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

/// A client with a thread of its own and one connection, which writes down what it is told: `open`, `text hello`,
/// `error handshake`, `close 1000 peer clean` and so on.
class RunningClient {
 public:
  using Configure = std::function<void(Connection&)>;

  /// `more`: called before the connection begins, behind the callbacks that write down; it may set others.
  explicit RunningClient(const std::string& url, const ClientOptions& options = {}, Configure more = {}) {
    handle_ = client_.connect(url, options, [this, more = std::move(more)](Connection& socket) {
      write_down(socket);
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
  std::vector<std::string> told() {
    if (thread_.joinable()) thread_.join();
    return journal_.lines();
  }
  [[nodiscard]] Journal& journal() { return journal_; }
  /// Any thread.
  [[nodiscard]] const Handle& handle() const { return *handle_; }
  /// What `on_error` was given; after `told`.
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  void write_down(Connection& socket) {
    const auto add = [this](std::string_view what, std::span<const std::byte> bytes) {
      journal_.add(std::string(what).append(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    };
    socket.on_open([this] { journal_.add("open"); });
    socket.on_message([add](std::string_view text) { add("text ", std::as_bytes(std::span(text))); });
    socket.on_binary([add](std::span<const std::byte> bytes) { add("binary ", bytes); });
    socket.on_ping([add](std::span<const std::byte> bytes) { add("ping ", bytes); });
    socket.on_pong([add](std::span<const std::byte> bytes) { add("pong ", bytes); });
    socket.on_error([this](const Error& error) {
      error_ = error;
      journal_.add(std::string("error ").append(name_of(error.kind())));
    });
    socket.on_close([this](const CloseInfo& why) {
      std::string line = "close " + std::to_string(why.code) + ' ';
      journal_.add(line.append(name_of(why.by)).append(why.clean ? " clean" : ""));
    });
  }

  Journal journal_;
  std::optional<Error> error_;
  Client client_;
  std::optional<Handle> handle_;
  std::thread thread_;
};

}  // namespace mote::test

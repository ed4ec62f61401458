#include "tests/conformance/echo_client.h"

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "tests/support/running_server.h"

namespace mote::conformance {
namespace {

constexpr std::uint64_t kLargestMessage = 16ULL * 1024 * 1024;

ClientOptions options_with(const Compression& compression) {
  ClientOptions options;
  options.max_message_bytes = kLargestMessage;
  options.ping_interval = Options::kNever;  // the cases expect none
  options.compression = compression;
  return options;
}

}  // namespace

EchoClient::EchoClient(std::uint16_t port, const Compression& compression)
    : url_("ws://127.0.0.1:" + std::to_string(port) + '/'), options_(options_with(compression)) {
  thread_ = std::thread([this] { run(); });
}

Handlers EchoClient::echo() {
  return {.on_message = [](Connection& socket, std::string_view text) { socket.send(text); },
          .on_binary = [](Connection& socket, std::span<const std::byte> bytes) { socket.send(bytes); },
          .on_close = [this](Connection&, const CloseInfo&) { ++ended_; }};
}

void EchoClient::connect() {
  ++begun_;
  client_.post([this] { client_.connect(url_, options_, echo()); });
  work_.release();
}

/// Client::run returns whenever there is nothing to do.
void EchoClient::run() {
  for (work_.acquire(); !finishing_; work_.acquire()) client_.run();
}

bool EchoClient::finish() {
  if (!thread_.joinable()) return false;
  test::eventually([this] { return ended_ == begun_; });
  finishing_ = true;
  work_.release();
  client_.stop();
  thread_.join();
  return ended_ == begun_;
}

}  // namespace mote::conformance

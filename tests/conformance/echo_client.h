#pragma once

#include <mote/client.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <semaphore>
#include <string>
#include <thread>

namespace mote::conformance {

/// A mote::Client with a thread of its own, which echoes every message on each of its connections.
class EchoClient {
 public:
  /// Its connections lead to `ws://127.0.0.1:PORT/`.
  EchoClient(std::uint16_t port, const Compression& compression);
  EchoClient(const EchoClient&) = delete;
  EchoClient& operator=(const EchoClient&) = delete;
  ~EchoClient() { finish(); }

  /// Begins one more connection. Any thread.
  void connect();
  /// Waits until all have ended, longer than a closing handshake may take, and ends the thread. Answers whether each
  /// was told of exactly one end.
  bool finish();

 private:
  void run();
  [[nodiscard]] Handlers echo();

  Client client_;
  const std::string url_;
  const ClientOptions options_;
  std::counting_semaphore<> work_{0};
  std::atomic<bool> finishing_ = false;
  std::atomic<std::size_t> begun_ = 0;
  std::atomic<std::size_t> ended_ = 0;
  std::thread thread_;
};

}  // namespace mote::conformance

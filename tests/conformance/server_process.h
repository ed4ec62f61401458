#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace mote::conformance {

/// A server in a process of its own, which says "listening on ws://127.0.0.1:PORT" on its standard output when it does.
/// It dies with this process.
class ServerProcess {
 public:
  /// Throws std::runtime_error where it does not start in time.
  explicit ServerProcess(const std::vector<std::string>& command);
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ~ServerProcess();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// Ends it with SIGTERM and answers its exit code, or -1 where it ended otherwise or not in time.
  int stop();

 private:
  std::uint16_t read_port(int output);

  pid_t process_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace mote::conformance

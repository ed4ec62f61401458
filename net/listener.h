#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <mote/options.h>

#include "core/reactor.h"
#include "net/location.h"
#include "net/socket.h"

namespace mote::net {

/// Takes the connections that listeners accept.
class AcceptSink {
 public:
  /// Whether there is room for another connection; if not, the listener waits for `Listener::resume`.
  [[nodiscard]] virtual bool may_accept() const = 0;
  virtual void accepted(Descriptor socket, const PeerAddress& peer) = 0;

 protected:
  ~AcceptSink() = default;
};

/// The file of a Unix socket that was bound, removed at the end.
class SocketFile {
 public:
  SocketFile() = default;
  explicit SocketFile(std::string path) : path_(std::move(path)) {}
  SocketFile(SocketFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  SocketFile& operator=(SocketFile&&) = delete;
  ~SocketFile();

 private:
  std::string path_;
};

/// A bound and listening socket.
struct ListeningSocket {
  Descriptor socket;
  SocketFile file;
};

/// Binds every address of the location and listens. `port`: 0 lets the kernel choose one, the same for all addresses;
/// set to the one that is bound. Throws std::system_error with the address in its text.
std::vector<ListeningSocket> listen_at(const Location& location, const Options& options, std::uint16_t& port);

/// Accepts connections on one socket. Survives every error: where the process or the system is out of descriptors or
/// memory, or does not let it accept, it pauses until a connection ends or half a second has passed; the clients wait
/// in the kernel's backlog.
class Listener final : public core::Source {
 public:
  Listener(core::Reactor& reactor, ListeningSocket listening, AcceptSink& sink);

  /// There may be room again.
  void resume();

 private:
  void on_events(std::uint32_t events) override;
  void on_ready() override;
  void on_timer() override;

  void accept_some();
  [[nodiscard]] bool somebody_waits() const;
  bool accept_one();
  bool hand_over(Descriptor socket, const PeerAddress& peer);
  void pause(int error);

  core::Reactor& reactor_;
  ListeningSocket listening_;
  AcceptSink& sink_;
  bool paused_ = false;
  int failures_ = 0;  // of accept4, one after the other
};

}  // namespace mote::net

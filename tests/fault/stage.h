#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mote/mote.h>

#include "tests/fault/far_socket.h"
#include "tests/fault/peer.h"

namespace mote::fault {

/// What one run is played on: a server or a client of mote's, and the peers whose connections the faults may hit. A
/// scenario sets it before anything happens.
class Stage {
 public:
  enum class Kind { server, client };
  struct Connecting {
    std::string url;
    ClientOptions options;
  };

  explicit Stage(std::string folder) : folder_(std::move(folder)) {}

  /// \name What is under test
  /// @{
  Kind kind = Kind::server;
  Address::Family family = Address::Family::unix_socket;
  bool secure = false;
  Options options = {};
  ClientOptions client_options = {};
  /// How peers do TLS with a server.
  test::TlsSetup tls = {};
  /// How the servers of a client do TLS, beside their certificate.
  test::TlsSetup host_tls = {};
  /// Ends what `!pause` began, every 50 ms.
  bool ticks = false;
  /// Before a server starts.
  std::function<void(Server&)> setup = {};
  /// When a server's run has returned.
  std::function<void()> after_run = {};
  /// Right when faults begin, between two turns of the loop.
  std::function<void()> when_armed = {};
  /// Faults begin before the server or client is made, and end when it has started.
  bool from_the_start = false;
  /// Another process has left its socket file there.
  bool stale_file = false;
  /// A peer's script ends the loop, and faults go on until server or client are destroyed.
  bool to_the_end = false;
  /// What a proxy in front of the server says on each connection, before TLS; not on that of a stranger.
  std::string proxy_header = {};
  /// When all is over: what is wrong then, empty for nothing. `faults`: that were injected.
  std::function<std::string(unsigned faults)> judge = {};
  /// @}

  /// \name The peers that faults may hit; they begin when faults do
  /// @{
  /// Connects to the server, and that is all.
  Peer& stranger();
  /// The same from another address than all others, 127.0.0.2; over IPv4.
  Peer& foreigner();
  /// Does TLS as well, where the server does.
  Peer& guest();
  /// And does the opening handshake.
  Peer& visitor(std::string_view lines = {});
  /// The server of a connection of the client's, which that begins at the same time. It is accepted, with TLS done.
  Peer& host();
  /// The same for another attempt of that connection.
  Peer& host_again();
  /// Has no connection.
  Peer& spectator() { return add_peer(); }
  /// The scenario itself has a fault that ends its connections.
  void expect_cuts() { cuts_expected_ = true; }
  [[nodiscard]] bool cuts_expected() const { return cuts_expected_; }
  /// @}

  /// \name Those that faults must not touch
  /// @{
  /// Opens a connection and has a message sent back.
  std::unique_ptr<Peer> bystander(std::string name) const;
  [[nodiscard]] const Connecting& bystanders_connecting() const { return bystanders_; }
  /// @}

  [[nodiscard]] std::string folder_file(std::string_view name) const { return folder_ + "/" + std::string(name); }
  /// For the constructor of the server.
  [[nodiscard]] std::string location() const;
  void started(Server& server) {
    server_ = &server;
    port_ = server.port();
  }
  /// On the server's thread.
  void post(Callback<void()> task) { server_->post(std::move(task)); }
  /// Where the server is.
  [[nodiscard]] Address address() const { return {family, folder_file("server"), port_}; }
  /// To be called when the scenario is set: where the bystanders of a client listen.
  void open_doors();

  [[nodiscard]] const std::vector<std::unique_ptr<Peer>>& peers() const { return peers_; }
  [[nodiscard]] std::vector<Connecting>& connecting() { return connecting_; }
  [[nodiscard]] const std::vector<Connecting>& connecting() const { return connecting_; }

 private:
  Peer& add_peer();
  void knock(Peer& peer) const;
  void go_in(Peer& peer) const;
  void await(Peer& peer, const FarListener& listener) const;
  FarListener& listen(std::string_view name);
  [[nodiscard]] Connecting connecting_to(const FarListener& listener) const;

  std::string folder_;
  Server* server_ = nullptr;
  std::uint16_t port_ = 0;
  bool cuts_expected_ = false;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::vector<Connecting> connecting_;
  Connecting bystanders_;
  std::vector<std::unique_ptr<FarListener>> listeners_;
};

}  // namespace mote::fault

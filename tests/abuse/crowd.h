#pragma once

#include <sys/epoll.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/tls_engine.h"

namespace mote::abuse {

/// Where a server listens on 127.0.0.1.
struct Door {
  std::uint16_t port = 0;
  bool tls = false;
};

/// A great many clients of an echo server, on one epoll: a client is a socket and some bytes of state. Each sends from
/// an address of 127.0.0.0/8.
class Crowd {
 public:
  using Id = std::uint32_t;
  static constexpr Id kNobody = 0xFFFF'FFFF;

  /// What may be called back; the client may be said or done anything to, its end included.
  struct Events {
    std::function<void(Id)> opened = {};  ///< The 101 has come.
    std::function<void(Id)> heard = {};   ///< By one that only connected: some bytes.
    std::function<void(Id)> echoed = {};  ///< What `echo` has sent came back, byte for byte.
    std::function<void(Id)> ended = {};   ///< By the server.
  };
  struct Counts {
    std::uint64_t begun = 0;  ///< Connections.
    std::uint64_t opened = 0;
    std::uint64_t echoes = 0;
    std::uint64_t ended = 0;   ///< By the server after they opened, or with an end or reset before.
    std::uint64_t failed = 0;  ///< Never connected.
    std::uint64_t wrong = 0;   ///< Echoes with other bytes than they should have.
  };

  /// `sources`: how many addresses they come from.
  Crowd(const Door& door, unsigned sources, unsigned first_source = 1);
  ~Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  Events events;

  /// Begins one that does the opening handshake; kNobody where there is no socket to be had, see `error`.
  Id begin();
  /// Begins one that only connects, and says what it is told to without TLS.
  Id begin_silent();
  /// Has a text message of that size echoed. One at a time for each client.
  void echo(Id id, std::size_t bytes);
  /// Sends any bytes; what does not go out at once follows.
  void say(Id id, std::string_view bytes);
  /// Whether all that was said has gone out.
  [[nodiscard]] bool said(Id id) const { return clients_[id].outgoing.empty() && clients_[id].unencrypted.empty(); }
  /// Reads nothing from now on.
  void go_deaf(Id id) { clients_[id].deaf = true; }
  /// Drops whatever comes from now on, and counts nothing.
  void stop_listening(Id id) { clients_[id].drops_input = true; }
  void close(Id id);
  void reset(Id id);
  void reset_all();

  /// Waits that long at most for something to happen, and deals with it.
  void turn(int timeout_ms);
  /// Turns until `done` or for so many seconds; answers `done`.
  bool turn_until(const std::function<bool()>& done, double seconds);

  [[nodiscard]] const Counts& counts() const { return counts_; }
  /// Sockets that there are.
  [[nodiscard]] std::size_t present() const { return present_; }
  /// Clients that have opened and not ended.
  [[nodiscard]] std::size_t open() const { return open_; }
  [[nodiscard]] bool is_open(Id id) const { return clients_[id].state == State::open; }
  /// The errno of the last socket that was not to be had or not to be connected.
  [[nodiscard]] int error() const { return error_; }
  /// Calls `what` for each that is open.
  void for_each_open(const std::function<void(Id)>& what);

 private:
  enum class State : std::uint8_t { none, connecting, opening, open };
  struct Client {
    int descriptor = -1;
    std::uint32_t generation = 0;
    State state = State::none;
    bool silent = false;
    bool deaf = false;
    bool drops_input = false;
    std::uint8_t head_matched = 0;  // of the empty line that ends the response's head
    std::uint32_t echo_bytes = 0;   // of the frame that is to come; 0: none
    std::uint32_t echo_seen = 0;
    std::string outgoing;
    std::string unencrypted;  // until the TLS handshake is done
    std::unique_ptr<test::TlsEngine> tls;
    bool secured = false;  // it is done
  };

  Id begin(bool silent);
  Id place(int descriptor);
  void react(Id id, std::uint32_t happened);
  void connected(Id id);
  void read(Id id);
  void decrypt(Id id, std::string_view bytes);
  void take(Id id, std::string_view bytes);
  void take_head(Id id, std::string_view& bytes);
  void take_echo(Id id, std::string_view& bytes);
  void write_some(Client& client);
  void server_ended(Id id);
  void leave(Id id, bool with_reset);

  Door door_;
  std::shared_ptr<SSL_CTX> tls_context_;
  unsigned sources_;
  unsigned first_source_;
  int epoll_;
  std::vector<Client> clients_;
  std::vector<Id> free_;
  std::vector<epoll_event> happened_;
  std::string request_;
  std::string room_;
  Counts counts_;
  std::size_t present_ = 0;
  std::size_t open_ = 0;
  int error_ = 0;
};

}  // namespace mote::abuse

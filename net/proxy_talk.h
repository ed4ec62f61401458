#pragma once

#include <string>
#include <string_view>

#include "core/reactor.h"
#include "net/socket.h"
#include "proto/proxy_dialogue.h"

namespace mote::net {

/// Is told how it ended.
class ProxyTalkOwner {
 public:
  /// From the reactor, once. `failure`: empty where the connection is the server's now.
  virtual void talk_ended(std::string failure) = 0;

 protected:
  ~ProxyTalkOwner() = default;
};

/// Lets a ProxyDialogue speak over a socket, and takes not one byte from it that the proxy did not say. The reactor
/// owns it; its owner outlives it, or stops it.
class ProxyTalk final : public core::Source {
 public:
  /// It begins with the socket's first events. The dialogue outlives it.
  ProxyTalk(core::Reactor& reactor, ProxyTalkOwner& owner, Descriptor socket, proto::ProxyDialogue& dialogue);

  /// Closes the socket, if it still has it, and removes it from the reactor.
  void stop();
  [[nodiscard]] Descriptor take_socket();
  [[nodiscard]] int descriptor() const { return socket_.number(); }

 private:
  void on_events(std::uint32_t events) override;
  void on_ready() override;

  void go_on();
  void write();
  void read();
  bool read_some();
  void end(std::string_view failure);

  core::Reactor& reactor_;
  ProxyTalkOwner& owner_;
  Descriptor socket_;
  proto::ProxyDialogue& dialogue_;
  std::string output_;  // not sent yet
  bool over_ = false;
};

}  // namespace mote::net

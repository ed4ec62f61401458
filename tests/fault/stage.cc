#include "tests/fault/stage.h"

#include "tests/fault/credentials.h"
#include "tests/support/client_frame.h"

namespace mote::fault {

using test::TlsEngine;

std::string Stage::location() const {
  if (family == Address::Family::ipv4) return secure ? "wss://127.0.0.1:0" : "ws://127.0.0.1:0";
  if (family == Address::Family::ipv6) return secure ? "wss://[::1]:0" : "ws://[::1]:0";
  return "ws+unix://" + folder_file("server");
}

Peer& Stage::add_peer() {
  peers_.push_back(std::make_unique<Peer>("peer " + std::to_string(peers_.size() + 1)));
  return *peers_.back();
}

void Stage::knock(Peer& peer) const {
  peer.then([this](Peer& far) {
    far.socket().connect(address());
    return true;
  });
}

void Stage::go_in(Peer& peer) const {
  knock(peer);
  if (!proxy_header.empty()) peer.say(proxy_header);
  if (secure) peer.secure(TlsEngine::Side::client, tls);
}

Peer& Stage::stranger() {
  Peer& peer = add_peer();
  knock(peer);
  return peer;
}

Peer& Stage::foreigner() {
  return add_peer().then([this](Peer& far) {
    far.socket().connect_from(FarSocket::kElsewhere, address());
    return true;
  });
}

Peer& Stage::guest() {
  Peer& peer = add_peer();
  go_in(peer);
  return peer;
}

Peer& Stage::visitor(std::string_view lines) { return guest().say(test::upgrade_request("/", lines)).hear_head(101); }

FarListener& Stage::listen(std::string_view name) {
  Address address{family, folder_file(name)};
  return *listeners_.emplace_back(std::make_unique<FarListener>(std::move(address)));
}

/// A Unix socket is one that the options name, so that TLS has a host name to ask for.
Stage::Connecting Stage::connecting_to(const FarListener& listener) const {
  const std::string scheme = secure ? "wss://" : "ws://";
  const Address& to = listener.address();
  Connecting made{scheme + "test.example/chat", client_options};
  if (to.family == Address::Family::unix_socket) made.options.unix_socket = to.file;
  if (to.family == Address::Family::ipv4) made.url = scheme + "127.0.0.1:" + std::to_string(to.port);
  if (to.family == Address::Family::ipv6) made.url = scheme + "[::1]:" + std::to_string(to.port);
  if (secure) made.options.tls.ca_pem = credentials().ca_pem;
  return made;
}

void Stage::await(Peer& peer, const FarListener& listener) const {
  peer.accept(listener);
  if (!secure) return;
  test::TlsSetup tls_setup = host_tls;
  tls_setup.identity = credentials().server;
  peer.secure(TlsEngine::Side::server, tls_setup);
}

Peer& Stage::host() {
  connecting_.push_back(connecting_to(listen("host" + std::to_string(listeners_.size()))));
  return host_again();
}

Peer& Stage::host_again() {
  Peer& peer = add_peer();
  await(peer, *listeners_.back());
  return peer;
}

void Stage::open_doors() {
  if (kind == Kind::server) {
    if (secure && options.tls.certificate_chain_file.empty()) {
      options.tls.certificate_chain_pem = credentials().server.certificate_pem;
      options.tls.private_key_pem = credentials().server.key_pem;
    }
    return;
  }
  bystanders_ = connecting_to(listen("bystanders"));
}

std::unique_ptr<Peer> Stage::bystander(std::string name) const {
  auto peer = std::make_unique<Peer>(std::move(name));
  if (kind == Kind::server) {
    go_in(*peer);
    peer->say(test::upgrade_request("/", "Origin: https://example.org\r\n")).hear_head(101).echo("is anybody there?");
  } else {
    await(*peer, *listeners_.back());
    peer->welcome().echo("is anybody there?");
  }
  peer->stay_awake().begin();
  return peer;
}

}  // namespace mote::fault

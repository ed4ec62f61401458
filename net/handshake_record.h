#pragma once

#include <memory>
#include <string_view>

#include <mote/connection_info.h>

#include "net/socket.h"

namespace mote::net {

/// What is kept of the opening handshake for `Connection::info`: one block of memory.
class HandshakeRecord {
 public:
  struct Free {
    void operator()(HandshakeRecord* record) const;
  };
  using Pointer = std::unique_ptr<HandshakeRecord, Free>;

  struct Parts {
    std::string_view path, host, fields, subprotocol;
  };
  /// Copies them; draws the connection's id.
  static Pointer make(const Parts& parts);

  /// A connection has one id for all its life.
  void keep_id_of(const HandshakeRecord& earlier) { id_ = earlier.id_; }
  [[nodiscard]] ConnectionInfo info(const PeerAddress& peer) const;

 private:
  HandshakeRecord() = default;
  ~HandshakeRecord() = default;
  [[nodiscard]] Parts parts() const;

  Uuid id_;
  // Behind this object: for each of the parts its size, 7 bits a byte, and then their texts.
};

}  // namespace mote::net

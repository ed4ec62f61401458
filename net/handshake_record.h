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
  struct Part {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
  };

  HandshakeRecord() = default;
  ~HandshakeRecord() = default;
  [[nodiscard]] std::string_view view(Part part) const;
  Part append(std::uint32_t& end, std::string_view text);

  Uuid id_;
  Part path_;
  Part host_;
  Part fields_;
  Part subprotocol_;
};

}  // namespace mote::net

#pragma once

#include <cstddef>
#include <span>

#include "core/byte_buffer.h"
#include "net/http_service.h"
#include "net/socket.h"
#include "proto/request_head.h"

namespace mote::net {

/// A connection while it speaks HTTP: collects a request's head, whatever the reads cut it into.
class HttpPhase {
 public:
  /// How many bytes of the input belong to the request, and the answer once the head is complete or refused.
  struct Step {
    std::size_t consumed = 0;
    bool answered = false;
    HttpAnswer answer;
  };

  /// `input` is not empty. After an answer with AfterAnswer::next_request the following call begins the next request.
  Step feed(std::span<const std::byte> input, const PeerAddress& peer, HttpService& service);

  /// Whether a part of a request has come.
  [[nodiscard]] bool inside_request() const { return !kept_.empty(); }

 private:
  proto::RequestHead head_;
  core::ByteBuffer kept_;  // of an incomplete head
};

}  // namespace mote::net

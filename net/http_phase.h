#pragma once

#include <cstddef>
#include <span>

#include "core/byte_buffer.h"
#include "net/http_service.h"
#include "net/opening.h"
#include "net/socket.h"
#include "proto/request_head.h"

namespace mote::net {

/// A server's connection while it speaks HTTP: collects a request's head, whatever the reads cut it into.
class HttpPhase final : public Opening {
 public:
  /// `service` must outlive it.
  HttpPhase(HttpService& service, const PeerAddress& peer) : service_(service), peer_(peer) {}

  Step feed(std::span<const std::byte> input) override;
  OpeningAnswer plain_http_on_tls_port() override {
    return service_.refuse(proto::refusal_for(proto::Fault::plain_http_on_tls_port), proto::Body::include);
  }
  [[nodiscard]] bool inside_head() const override { return !kept_.empty(); }

 private:
  HttpService& service_;
  PeerAddress peer_;
  proto::RequestHead head_;
  core::ByteBuffer kept_;  // of an incomplete head
};

}  // namespace mote::net

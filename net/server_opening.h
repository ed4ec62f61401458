#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "net/http_service.h"
#include "net/opening.h"
#include "net/socket.h"
#include "proto/head_collector.h"
#include "proto/request_head.h"

namespace mote::net {

/// A server's connection while it speaks HTTP: one request after the other, until one is for a WebSocket connection.
class ServerOpening final : public Opening {
 public:
  /// `service` and `blocks`, where a request that is not complete counts, must outlive it. `fault`: what the first
  /// request is refused for, whatever it is.
  ServerOpening(HttpService& service, core::BlockCache& blocks, const PeerAddress& peer,
                std::optional<proto::Fault> fault = {})
      : service_(service), peer_(peer), fault_(fault), request_(blocks) {}

  Step feed(std::span<const std::byte> input) override;
  OpeningAnswer plain_http_on_tls_port() override {
    return service_.refuse(proto::refusal_for(proto::Fault::plain_http_on_tls_port), proto::Body::include);
  }
  [[nodiscard]] std::size_t held_bytes() const override { return request_.held_bytes(); }
  [[nodiscard]] bool inside_head() const override { return request_.inside_head(); }

 private:
  HttpService& service_;
  PeerAddress peer_;
  std::optional<proto::Fault> fault_;
  proto::HeadCollector<proto::RequestHead, proto::HeadLimits> request_;
};

}  // namespace mote::net

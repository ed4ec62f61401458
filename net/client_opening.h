#pragma once

#include <cstddef>
#include <span>
#include <string>

#include <mote/client_options.h>

#include "net/opening.h"
#include "proto/client_handshake.h"
#include "proto/head_collector.h"
#include "proto/response_head.h"
#include "proto/url.h"

namespace mote::net {

/// A client's connection while it speaks HTTP: asks for the upgrade, and judges what comes back (RFC 6455 §4.1).
class ClientOpening final : public Opening {
 public:
  /// Both outlive it; the options are checked.
  ClientOpening(const proto::Url& url, const ClientOptions& options) : url_(url), options_(options) {}

  std::string first_words() override;
  Step feed(std::span<const std::byte> input) override;
  [[nodiscard]] bool inside_head() const override { return response_.inside_head(); }

 private:
  [[nodiscard]] proto::ClientRequest request() const { return {url_.target, url_.host_field, key_, options_}; }
  [[nodiscard]] OpeningAnswer answer(const proto::ResponseHead& head) const;
  [[nodiscard]] OpeningAnswer failure(const std::string& what) const;

  const proto::Url& url_;
  const ClientOptions& options_;
  std::string key_;
  proto::HeadCollector<proto::ResponseHead, proto::ResponseLimits> response_;
};

}  // namespace mote::net

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "proto/head_collector.h"
#include "proto/proxy_dialogue.h"
#include "proto/response_head.h"

namespace mote::proto {

/// CONNECT, with Basic credentials where there are some (RFC 9110 §9.3.6, RFC 7617).
class HttpConnect final : public ProxyDialogue {
 public:
  /// The credentials are sendable: as parse_proxy() has them.
  HttpConnect(std::string_view host, std::uint16_t port, const std::optional<Credentials>& credentials,
              const ResponseLimits& limits);

  Progress feed(std::string_view input) override;

 private:
  State judge(const ResponseHead& head);

  const ResponseLimits limits_;
  HeadCollector<ResponseHead, ResponseLimits> response_;
};

}  // namespace mote::proto

#include "proto/upgrade_decision.h"

#include <stdexcept>

#include "proto/handshake.h"
#include "proto/http_response.h"

namespace mote {

void UpgradeDecision::subprotocol(std::string_view name) {
  if (!name.empty() && !proto::offers_subprotocol(request_, name)) {
    throw std::invalid_argument("mote: the client did not offer the subprotocol \"" + std::string(name) +
                                "\"; choose one of Sec-WebSocket-Protocol, or none");
  }
  subprotocol_ = name;
}

void UpgradeDecision::header(std::string_view name, std::string_view value) {
  if (!proto::valid_field(name, value)) {
    throw std::invalid_argument(
        "mote: \"" + std::string(name) +
        "\" cannot be sent as a header: its name is no token or its value has a control character");
  }
  if (proto::handshake_field(name)) {
    throw std::invalid_argument("mote: the header \"" + std::string(name) +
                                "\" belongs to the opening handshake itself");
  }
  proto::append_field_line(extra_headers_, name, value);
}

void UpgradeDecision::reject(int status, std::string_view body) {
  if (status < 400 || status > 599) {
    throw std::invalid_argument("mote: an opening handshake cannot be refused with status " + std::to_string(status) +
                                "; 400 to 599 can");
  }
  status_ = status;
  body_ = body;
}

}  // namespace mote

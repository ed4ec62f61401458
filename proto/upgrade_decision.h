#pragma once

#include <string>
#include <string_view>

#include <mote/http.h>

namespace mote {

/// The library's side of an UpgradeDecision: makes it for the callback, and reads afterwards what the callback made of
/// it.
class UpgradeDecisionAccess {
 public:
  /// `request` must outlive the decision; `subprotocol`: what the server chose, empty for none.
  static UpgradeDecision make(Headers request, std::string_view subprotocol) {
    UpgradeDecision decision(request);
    decision.subprotocol_ = subprotocol;
    return decision;
  }

  /// 101, or the status of the refusal.
  static int status(const UpgradeDecision& decision) { return decision.status_; }
  static std::string_view subprotocol(const UpgradeDecision& decision) { return decision.subprotocol_; }
  /// Complete field lines for the 101 response.
  static std::string_view extra_lines(const UpgradeDecision& decision) { return decision.extra_headers_; }
  /// The refusal's body.
  static std::string_view body(const UpgradeDecision& decision) { return decision.body_; }
};

}  // namespace mote

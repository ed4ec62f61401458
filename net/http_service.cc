#include "net/http_service.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include "core/log.h"
#include "proto/upgrade_decision.h"

namespace mote::net {
namespace {

HttpRequest request_of(const proto::RequestHead& head, const PeerAddress& peer) {
  HttpRequest request;
  request.method = head.method();
  request.path = head.path();
  request.query = head.query();
  request.host = head.host();
  request.headers = head.headers();
  request.cookies = Cookies(request.headers);
  request.client_ip_address = peer.ip();
  request.client_port = peer.port();
  return request;
}

proto::Body mode_of(const proto::RequestHead& head) {
  return head.is_head() ? proto::Body::omit : proto::Body::include;
}

bool sendable(const HttpResponse& response) {
  return response.status >= 200 && response.status <= 599 &&
         proto::valid_field("Content-Type", response.content_type) &&
         std::ranges::all_of(response.headers, [](const auto& field) {
           return proto::valid_field(field.first, field.second) && !proto::managed_field(field.first);
         });
}

}  // namespace

HttpService::HttpService(const Options& options, Dispatcher& dispatcher, Admission& admission,
                         std::string endpoint_path)
    : dispatcher_(dispatcher),
      admission_(admission),
      endpoint_path_(std::move(endpoint_path)),
      limits_{options.max_request_head_bytes, options.max_header_lines, options.max_target_bytes},
      policy_{options.subprotocols, options.subprotocol_mismatch, options.origins, endpoint_path_,
              options.compression} {}

HttpService::Page& HttpService::page_at(std::string path) {
  if (!path.starts_with('/')) throw std::invalid_argument("path \"" + path + "\" must start with a slash");
  return pages_[std::move(path)];
}

void HttpService::add_page(std::string path, std::string content_type, std::string_view bytes) {
  if (!proto::valid_field("Content-Type", content_type)) {
    throw std::invalid_argument("content type of \"" + path + "\" has a control character");
  }
  page_at(std::move(path)) = {std::move(content_type), std::string(bytes), nullptr};
}

void HttpService::add_handler(std::string path, Callback<HttpResponse(const HttpRequest&)> handler) {
  page_at(std::move(path)) = {{}, {}, std::make_shared<decltype(handler)>(std::move(handler))};
}

OpeningAnswer HttpService::answer(const proto::RequestHead& head, const PeerAddress& peer) {
  const auto named = admission_.client_of(head.headers(), peer);
  if (!named) return answer_client(head, peer, false);
  OpeningAnswer answer = answer_client(head, *named, true);
  answer.client = named;
  return answer;
}

/// `forwarded`: the connection is a proxy's, and does not count for that client yet.
OpeningAnswer HttpService::answer_client(const proto::RequestHead& head, const PeerAddress& client, bool forwarded) {
  const auto mode = mode_of(head);
  if (shutting_down_) return refuse(proto::refusal_for(proto::Fault::unavailable), mode);
  const auto verdict = proto::judge_upgrade(head, policy_);
  switch (verdict.kind) {
    case proto::UpgradeVerdict::Kind::accept:
      return upgrade(head, client, forwarded, verdict);
    case proto::UpgradeVerdict::Kind::refuse:
      return refuse(verdict.refusal, mode);
    default:
      return page(head, client);
  }
}

OpeningAnswer HttpService::refuse(const proto::Refusal& refusal, proto::Body mode) {
  OpeningAnswer answer;
  if (refusal.status != 0) proto::append_refusal(answer.bytes, refusal, date(), mode);
  answer.refusal = refusal;
  return answer;
}

OpeningAnswer HttpService::upgrade(const proto::RequestHead& head, const PeerAddress& client, bool forwarded,
                                   const proto::UpgradeVerdict& verdict) {
  using Access = UpgradeDecisionAccess;
  if (guard_ != nullptr && guard_->above_budget()) {
    return refuse(proto::refusal_for(proto::Fault::memory_used_up), proto::Body::include);
  }
  Admission::Entry entry;
  if (forwarded) entry = admission_.enter(client);
  if (entry.fault) return refuse(proto::refusal_for(*entry.fault), proto::Body::include);
  UpgradeDecision decision = Access::make(head.headers(), verdict.subprotocol);
  if (dispatcher_.filters_upgrades() && !dispatcher_.upgrade(request_of(head, client), decision)) {
    return refuse(proto::refusal_for(proto::Fault::internal_error), proto::Body::include);
  }
  if (Access::status(decision) != 101) {
    OpeningAnswer answer = refuse({Access::status(decision), Access::body(decision)}, proto::Body::include);
    answer.refusal.text = "refused by on_upgrade";  // the body does not outlive the decision
    return answer;
  }
  OpeningAnswer answer;
  if (head.expects_continue()) answer.bytes = proto::kContinue;
  proto::append_switching_protocols(answer.bytes, verdict.key, {Access::subprotocol(decision), verdict.deflate},
                                    Access::extra_lines(decision));
  answer.after = AfterAnswer::open;
  answer.record = HandshakeRecord::make({.path = head.path_and_query(),
                                         .host = head.host(),
                                         .fields = head.headers().lines(),
                                         .subprotocol = Access::subprotocol(decision)});
  answer.deflate = verdict.deflate;
  answer.place = std::move(entry.place);
  return answer;
}

OpeningAnswer HttpService::page(const proto::RequestHead& head, const PeerAddress& peer) {
  const auto found = pages_.find(std::string(head.path()));
  if (found == pages_.end()) {
    const bool endpoint = endpoint_path_.empty() || head.path() == endpoint_path_;
    const auto fault = endpoint ? proto::Fault::only_websocket_here : proto::Fault::page_not_found;
    return refuse(proto::refusal_for(fault), mode_of(head));
  }
  const Page& page = found->second;
  if (!page.handler) return respond(head, {.content_type = page.content_type, .body = page.bytes});
  const auto handler = page.handler;
  const auto response = dispatcher_.page(*handler, request_of(head, peer));
  if (!response) return refuse(proto::refusal_for(proto::Fault::internal_error), mode_of(head));
  if (!sendable(*response)) {
    core::log(LogLevel::error, {"on_http for ", head.path(), ": status or header that may not be sent"});
    return refuse(proto::refusal_for(proto::Fault::internal_error), mode_of(head));
  }
  return respond(head, *response);
}

OpeningAnswer HttpService::respond(const proto::RequestHead& head, const HttpResponse& response) {
  // A body is not read, so what follows it could not be told from the next request (RFC 9112 §9.3).
  const bool persists = head.keep_alive() && !head.has_body();
  std::string lines;
  for (const auto& [name, value] : response.headers) lines.append(name).append(": ").append(value).append("\r\n");
  OpeningAnswer answer;
  const auto persistence = persists ? proto::Persistence::keep_alive : proto::Persistence::close;
  proto::append_response(answer.bytes, {response.status, response.content_type, lines, persistence, date()},
                         response.body, mode_of(head));
  answer.after = persists ? AfterAnswer::next_request : AfterAnswer::close;
  return answer;
}

std::string_view HttpService::date() {
  const std::time_t now = std::time(nullptr);
  if (now != date_second_) {
    date_second_ = now;
    date_ = proto::http_date(now);
  }
  return date_;
}

}  // namespace mote::net

#pragma once

#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <mote/http.h>
#include <mote/options.h>

#include "net/admission.h"
#include "net/dispatcher.h"
#include "net/memory_guard.h"
#include "net/opening.h"
#include "net/socket.h"
#include "proto/handshake.h"
#include "proto/http_response.h"
#include "proto/request_head.h"

namespace mote::net {

/// Answers HTTP requests: opening handshakes by the options and the upgrade filter, the others with the server's pages.
class HttpService {
 public:
  /// All of these must outlive it. `endpoint_path`: the only path of WebSocket; empty for every path.
  HttpService(const Options& options, Dispatcher& dispatcher, Admission& admission, std::string endpoint_path);

  /// Throws std::invalid_argument, see Server::serve.
  void add_page(std::string path, std::string content_type, std::string_view bytes);
  void add_handler(std::string path, Callback<HttpResponse(const HttpRequest&)> handler);

  /// From now on every request is answered with 503.
  void shut_down() { shutting_down_ = true; }

  /// While that is above its budget nobody else connects.
  void watch_memory(const MemoryGuard& guard) { guard_ = &guard; }

  [[nodiscard]] const proto::HeadLimits& limits() const { return limits_; }
  /// A complete head. `peer`: of the connection; a trusted proxy may say who is behind it.
  OpeningAnswer answer(const proto::RequestHead& head, const PeerAddress& peer);
  /// A head that the parser refused.
  OpeningAnswer refuse(const proto::Refusal& refusal, proto::Body mode);

 private:
  struct Page {
    std::string content_type;
    std::string bytes;
    // In place of the two above. Shared with the call that runs, which may replace the page.
    std::shared_ptr<const Callback<HttpResponse(const HttpRequest&)>> handler;
  };

  OpeningAnswer answer_client(const proto::RequestHead& head, const PeerAddress& client, bool forwarded);
  OpeningAnswer upgrade(const proto::RequestHead& head, const PeerAddress& client, bool forwarded,
                        const proto::UpgradeVerdict& verdict);
  OpeningAnswer page(const proto::RequestHead& head, const PeerAddress& peer);
  OpeningAnswer respond(const proto::RequestHead& head, const HttpResponse& response);
  std::string_view date();
  Page& page_at(std::string path);

  Dispatcher& dispatcher_;
  Admission& admission_;
  const MemoryGuard* guard_ = nullptr;
  const std::string endpoint_path_;
  const proto::HeadLimits limits_;
  const proto::UpgradePolicy policy_;
  std::unordered_map<std::string, Page> pages_;
  bool shutting_down_ = false;
  std::time_t date_second_ = -1;
  std::string date_;
};

}  // namespace mote::net

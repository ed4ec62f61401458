#include "net/dispatcher.h"

#include <exception>

#include "core/log.h"
#include "net/dispatcher_calls.h"
#include "net/session.h"

namespace mote::net {
namespace {

/// Calls `call`; false, and a line in the log, where it threw.
template <class Call>
bool guarded(std::string_view where, Call&& call) {
  try {
    call();
    return true;
  } catch (const std::exception& exception) {
    core::log(LogLevel::error, {where, " threw: ", exception.what()});
  } catch (...) {
    core::log(LogLevel::error, {where, " threw: an exception that is no std::exception"});
  }
  return false;
}

}  // namespace

using detail::call_one;
using detail::guarded_for;

void detail::report_thrown(Session& session) {
  const std::exception_ptr cause = std::current_exception();
  try {
    std::rethrow_exception(cause);
  } catch (const std::exception& exception) {
    session.callback_threw(exception.what(), cause);
  } catch (...) {
    session.callback_threw("an exception that is no std::exception", cause);
  }
}

void Dispatcher::configured(Session& session) {
  guarded_for(session, [&] {
    if (configure) configure(session);
  });
}

void Dispatcher::opened(Session& session) {
  guarded_for(session, [&] { call_one<&OwnHandlers::on_open, &Handlers::on_open>(session, shared); });
}

void Dispatcher::pinged(Session& session, std::span<const std::byte> payload) {
  guarded_for(session, [&] { call_one<&OwnHandlers::on_ping, &Handlers::on_ping>(session, shared, payload); });
}

void Dispatcher::ponged(Session& session, std::span<const std::byte> payload) {
  guarded_for(session, [&] { call_one<&OwnHandlers::on_pong, &Handlers::on_pong>(session, shared, payload); });
}

void Dispatcher::drained(Session& session) {
  guarded_for(session, [&] { call_one<&OwnHandlers::on_drain, &Handlers::on_drain>(session, shared); });
}

void Dispatcher::failed(Session& session, const Error& error) {
  guarded("on_error", [&] { call_one<&OwnHandlers::on_error, &Handlers::on_error>(session, shared, error); });
}

void Dispatcher::closed(Session& session, const CloseInfo& why) {
  guarded("on_close", [&] { call_one<&OwnHandlers::on_close, &Handlers::on_close>(session, shared, why); });
}

bool Dispatcher::upgrade(const HttpRequest& request, UpgradeDecision& decision) {
  const auto filter = upgrade_filter;
  return guarded("on_upgrade", [&] { (*filter)(request, decision); });
}

std::optional<HttpResponse> Dispatcher::page(const Callback<HttpResponse(const HttpRequest&)>& handler,
                                             const HttpRequest& request) {
  std::optional<HttpResponse> response;
  guarded("on_http", [&] { response = handler(request); });
  return response;
}

bool Dispatcher::accepts(const ClientTlsOptions::Verify& hook, const ClientTlsOptions::PeerCertificate& certificate) {
  bool accepted = false;
  guarded("tls.verify", [&] { accepted = hook(certificate); });
  return accepted;
}

void Dispatcher::task(const Callback<void()>& task) {
  guarded("task", [&] { task(); });
}

}  // namespace mote::net

#include "net/dispatcher.h"

#include <exception>

#include "core/log.h"
#include "net/session.h"

namespace mote::net {
namespace {

/// Calls `call`; answers what it threw, in words, or nothing.
template <class Call>
std::optional<std::string> guarded(Call&& call) {
  try {
    call();
    return std::nullopt;
  } catch (const std::exception& exception) {
    return exception.what();
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

template <class Call>
void guarded_for(Session& session, Call&& call) {
  try {
    call();
  } catch (const std::exception& exception) {
    session.callback_threw(exception.what(), std::current_exception());
  } catch (...) {
    session.callback_threw("an exception that is no std::exception", std::current_exception());
  }
}

/// The connection's own callback where it has one, else the shared one.
template <auto own_member, auto shared_member, class... Arguments>
void call_one(Session& session, const Handlers& shared, const Arguments&... arguments) {
  if (const OwnHandlers* own = session.own_handlers(); own != nullptr && own->*own_member) {
    (own->*own_member)(arguments...);
  } else if (shared.*shared_member) {
    (shared.*shared_member)(session, arguments...);
  }
}

void log_thrown(std::string_view where, const std::optional<std::string>& thrown) {
  if (thrown) core::log(LogLevel::error, {where, " threw: ", *thrown});
}

}  // namespace

void Dispatcher::opened(Session& session) {
  guarded_for(session, [&] {
    if (configure) configure(session);
    call_one<&OwnHandlers::on_open, &Handlers::on_open>(session, shared);
  });
}

void Dispatcher::data(Session& session, bool text, std::span<const std::byte> payload) {
  guarded_for(session, [&] {
    if (text) {
      const std::string_view view(reinterpret_cast<const char*>(payload.data()), payload.size());
      call_one<&OwnHandlers::on_message, &Handlers::on_message>(session, shared, view);
    } else {
      call_one<&OwnHandlers::on_binary, &Handlers::on_binary>(session, shared, payload);
    }
  });
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
  log_thrown("on_error",
             guarded([&] { call_one<&OwnHandlers::on_error, &Handlers::on_error>(session, shared, error); }));
}

void Dispatcher::closed(Session& session, const CloseInfo& why) {
  log_thrown("on_close", guarded([&] { call_one<&OwnHandlers::on_close, &Handlers::on_close>(session, shared, why); }));
}

bool Dispatcher::upgrade(const HttpRequest& request, UpgradeDecision& decision) {
  if (!upgrade_filter) return true;
  const auto thrown = guarded([&] { upgrade_filter(request, decision); });
  log_thrown("on_upgrade", thrown);
  return !thrown;
}

std::optional<HttpResponse> Dispatcher::page(const Callback<HttpResponse(const HttpRequest&)>& handler,
                                             const HttpRequest& request) {
  std::optional<HttpResponse> response;
  log_thrown("on_http", guarded([&] { response = handler(request); }));
  return response;
}

void Dispatcher::task(const Callback<void()>& task) {
  log_thrown("task", guarded([&] { task(); }));
}

}  // namespace mote::net

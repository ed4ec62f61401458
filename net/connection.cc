#include <mote/connection.h>

#include <utility>

#include "net/session.h"
#include "proto/prepared_message.h"

namespace mote {
namespace {

// Every Connection is the base of a Session: nothing else can make one.
net::Session& session_of(Connection& connection) { return static_cast<net::Session&>(connection); }
const net::Session& session_of(const Connection& connection) { return static_cast<const net::Session&>(connection); }

template <auto member, class Signature>
void set(Connection& connection, std::string_view name, Callback<Signature> callback) {
  net::Session& session = session_of(connection);
  session.set_handler<member>(session.watched(name, std::move(callback)));
}

}  // namespace

using net::OwnHandlers;
using proto::Opcode;

void Connection::on_open(Callback<void()> callback) {
  set<&OwnHandlers::on_open>(*this, "on_open", std::move(callback));
}
void Connection::on_message(Callback<void(std::string_view)> callback) {
  set<&OwnHandlers::on_message>(*this, "on_message", std::move(callback));
}
void Connection::on_binary(Callback<void(std::span<const std::byte>)> callback) {
  set<&OwnHandlers::on_binary>(*this, "on_binary", std::move(callback));
}
void Connection::on_ping(Callback<void(std::span<const std::byte>)> callback) {
  set<&OwnHandlers::on_ping>(*this, "on_ping", std::move(callback));
}
void Connection::on_pong(Callback<void(std::span<const std::byte>)> callback) {
  set<&OwnHandlers::on_pong>(*this, "on_pong", std::move(callback));
}
void Connection::on_drain(Callback<void()> callback) {
  set<&OwnHandlers::on_drain>(*this, "on_drain", std::move(callback));
}
void Connection::on_error(Callback<void(const Error&)> callback) {
  set<&OwnHandlers::on_error>(*this, "on_error", std::move(callback));
}
void Connection::on_close(Callback<void(const CloseInfo&)> callback) {
  set<&OwnHandlers::on_close>(*this, "on_close", std::move(callback));
}

SendStatus Connection::send(std::string_view text, Compress compress) {
  return session_of(*this).send_data(Opcode::text, std::as_bytes(std::span(text)), compress);
}
SendStatus Connection::send(std::span<const std::byte> bytes, Compress compress) {
  return session_of(*this).send_data(Opcode::binary, bytes, compress);
}
SendStatus Connection::send(const PreparedMessage& message) {
  return session_of(*this).send_prepared(proto::PreparedFrames::of(message));
}
SendStatus Connection::send_ping(std::span<const std::byte> payload) {
  return session_of(*this).send_control(Opcode::ping, payload);
}
SendStatus Connection::send_pong(std::span<const std::byte> payload) {
  return session_of(*this).send_control(Opcode::pong, payload);
}
std::size_t Connection::queued_bytes() const { return session_of(*this).queued(); }

void Connection::pause_reading() { session_of(*this).pause_reading(); }
void Connection::resume_reading() { session_of(*this).resume_reading(); }

void Connection::close(std::uint16_t code, std::string_view reason) { session_of(*this).start_close(code, reason); }
void Connection::abort() { session_of(*this).drop(); }
bool Connection::is_open() const { return session_of(*this).open(); }

ConnectionInfo Connection::info() const { return session_of(*this).describe(); }
Handle Connection::handle() { return net::HandleState::make(session_of(*this).handle_state()); }

}  // namespace mote

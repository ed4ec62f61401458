#include "tests/interop/commands.h"

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <utility>

namespace interop {
namespace {

template <class Number>
Number parse(std::string_view digits, Number otherwise) {
  std::from_chars(digits.data(), digits.data() + digits.size(), otherwise);
  return otherwise;
}

std::string describe(const mote::ConnectionInfo& info) {
  std::string text = "path " + std::string(info.path) + "\nhost " + std::string(info.host) + "\norigin " +
                     std::string(info.origin) + "\nsubprotocol " + std::string(info.negotiated_sub_protocol) + "\nip " +
                     info.client_ip_address + "\nport " + std::to_string(info.client_port);
  if (info.tls) {
    text.append("\ntls ").append(info.tls->version).append("\ncipher ").append(info.tls->cipher);
    text.append("\nserver name ").append(info.tls->server_name).append("\npeer ").append(info.tls->peer_subject);
  }
  for (const auto& [name, value] : info.cookies) text.append("\ncookie ").append(name).append("=").append(value);
  for (const auto& [name, value] : info.headers) text.append("\nheader ").append(name).append(": ").append(value);
  return text;
}

std::string_view name_of(mote::EndedBy by) {
  switch (by) {
    case mote::EndedBy::peer:
      return "peer";
    case mote::EndedBy::local:
      return "local";
    case mote::EndedBy::transport:
      return "transport";
    case mote::EndedBy::timeout:
      return "timeout";
    case mote::EndedBy::protocol_error:
      return "protocol_error";
    case mote::EndedBy::limit:
      return "limit";
    case mote::EndedBy::shutdown:
      return "shutdown";
    case mote::EndedBy::handshake:
      return "handshake";
  }
  return "nobody";
}

void obey(mote::Connection& socket, std::string_view text) {
  const auto [command, rest] = split(text);
  if (command == "close") {
    const auto [code, reason] = split(rest);
    socket.close(parse<std::uint16_t>(code, 1000), reason);
  } else if (command == "ping") {
    socket.send_ping(std::as_bytes(std::span(rest)));
  } else if (command == "info") {
    socket.send(describe(socket.info()));
  } else if (command == "big") {
    socket.send(std::string(parse<std::size_t>(rest, 0), 'b'));
  } else if (command == "abort") {
    socket.abort();
  } else if (command == "throw") {
    throw std::runtime_error("as the peer wished");
  } else {
    socket.send(text);
  }
}

}  // namespace

void print(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

std::string text_of(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += static_cast<char>(byte);
  return text;
}

std::pair<std::string_view, std::string_view> split(std::string_view text) {
  const std::size_t end = text.find(' ');
  return end == std::string_view::npos ? std::pair(text, std::string_view())
                                       : std::pair(text.substr(0, end), text.substr(end + 1));
}

mote::Handlers commanded() {
  return {.on_message = obey,
          .on_binary = [](mote::Connection& socket, std::span<const std::byte> bytes) { socket.send(bytes); },
          .on_ping = [](mote::Connection&, std::span<const std::byte> bytes) { print("ping " + text_of(bytes)); },
          .on_pong = [](mote::Connection&, std::span<const std::byte> bytes) { print("pong " + text_of(bytes)); },
          .on_close =
              [](mote::Connection&, const mote::CloseInfo& why) {
                print("closed " + std::to_string(why.code) + (why.clean ? " clean " : " unclean ") +
                      std::string(name_of(why.by)) + ' ' + std::string(why.reason));
              }};
}

}  // namespace interop

// mote's client, for the servers of tests/interop.
//
//     interop_client [OPTION VALUE]... URL
//
// The server commands it, see commands.h; that is mote::Client. With --text, --binary or --answers it is
// mote::ClientSocket instead: sends these messages, prints as many answers (or as --answers says), "text TEXT" or
// "binary HEXADECIMAL", and closes. A line on standard output each: "open SUBPROTOCOL", "error KIND TEXT", of what came
// in place of 101 "response STATUS REASON" and "field NAME: VALUE", and the end, "closed ...". Exit code 0 where that
// was clean, else 1.

#include <mote/mote.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/interop/commands.h"

namespace {

struct Plan {
  std::string url;
  mote::ClientOptions options;
  std::vector<std::pair<mote::MessageKind, std::string>> messages;
  std::optional<int> answers;
};

int number(const std::string& text) {
  int value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{}) {
    throw std::invalid_argument("not a number: " + text);
  }
  return value;
}

void use_windows(mote::Compression& compression, int bits) {
  compression.server_max_window_bits = bits;
  compression.client_max_window_bits = bits;
}

void use_deflate(mote::Compression& compression, const std::string& mode) {
  compression.mode = mote::CompressionMode::on;
  compression.threshold_bytes = 0;
  compression.server_context_takeover = mode == "takeover";
  compression.client_context_takeover = mode == "takeover";
}

using Setter = void (*)(Plan&, const std::string&);

std::map<std::string_view, Setter> setters() {
  return {
      {"--answers", [](Plan& to, const std::string& text) { to.answers = number(text); }},
      {"--binary",
       [](Plan& to, const std::string& text) { to.messages.emplace_back(mote::MessageKind::binary, text); }},
      {"--ca", [](Plan& to, const std::string& file) { to.options.tls.ca_file = file; }},
      {"--certificate",
       [](Plan& to, const std::string& file) { to.options.tls.certificate.certificate_chain_file = file; }},
      {"--deflate", [](Plan& to, const std::string& mode) { use_deflate(to.options.compression, mode); }},
      {"--header",
       [](Plan& to, const std::string& field) {
         const auto [field_name, field_value] = interop::split(field);
         to.options.headers.emplace_back(field_name, field_value);
       }},
      {"--key", [](Plan& to, const std::string& file) { to.options.tls.certificate.private_key_file = file; }},
      {"--proxy", [](Plan& to, const std::string& url) { to.options.proxy = url; }},
      {"--server-name", [](Plan& to, const std::string& name) { to.options.tls.server_name = name; }},
      {"--subprotocol", [](Plan& to, const std::string& name) { to.options.subprotocols.push_back(name); }},
      {"--text", [](Plan& to, const std::string& text) { to.messages.emplace_back(mote::MessageKind::text, text); }},
      {"--unix", [](Plan& to, const std::string& file) { to.options.unix_socket = file; }},
      {"--window-bits", [](Plan& to, const std::string& bits) { use_windows(to.options.compression, number(bits)); }},
  };
}

Plan parse(char** arguments) {
  const auto known = setters();
  Plan plan;
  while (const char* const argument = *++arguments) {
    const std::string_view word = argument;
    if (!word.starts_with("--")) {
      plan.url = word;
    } else if (*++arguments == nullptr || !known.contains(word)) {
      throw std::invalid_argument("not an option, or without a value: " + std::string(word));
    } else {
      known.at(word)(plan, *arguments);
    }
  }
  return plan;
}

std::string_view name_of(mote::ErrorKind kind) {
  switch (kind) {
    case mote::ErrorKind::protocol:
      return "protocol";
    case mote::ErrorKind::limit:
      return "limit";
    case mote::ErrorKind::transport:
      return "transport";
    case mote::ErrorKind::timeout:
      return "timeout";
    case mote::ErrorKind::callback:
      return "callback";
    case mote::ErrorKind::connect:
      return "connect";
    case mote::ErrorKind::tls:
      return "tls";
    case mote::ErrorKind::handshake:
      return "handshake";
  }
  return "unknown";
}

void print_error(const mote::Error& error) {
  interop::print(std::string("error ").append(name_of(error.kind())).append(" ").append(error.what()));
  const mote::RefusedResponse* const response = error.response();
  if (response == nullptr) return;
  interop::print("response " + std::to_string(response->status) + ' ' + response->reason);
  for (const auto& [name, value] : response->headers()) {
    interop::print(std::string("field ").append(name).append(": ").append(value));
  }
}

/// Whether it ended clean.
bool be_commanded(const Plan& plan) {
  bool clean = false;
  mote::Handlers handlers = interop::commanded();
  handlers.on_open = [](mote::Connection& socket) {
    interop::print(std::string("open ").append(socket.info().negotiated_sub_protocol));
  };
  handlers.on_error = [](mote::Connection&, const mote::Error& error) { print_error(error); };
  handlers.on_close = [&clean, tell = std::move(handlers.on_close)](mote::Connection& socket, const auto& why) {
    clean = why.clean;
    tell(socket, why);
  };
  mote::Client client;
  client.connect(plan.url, plan.options, std::move(handlers));
  client.run();
  return clean;
}

std::string hexadecimal(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    text += kDigits[value / 16];
    text += kDigits[value % 16];
  }
  return text;
}

void converse(const Plan& plan) {
  mote::ClientSocket socket = mote::connect(plan.url, plan.options);
  interop::print(std::string("open ").append(socket.subprotocol()));
  for (const auto& [kind, payload] : plan.messages) {
    if (kind == mote::MessageKind::text) {
      socket.send(payload);
    } else {
      socket.send(std::as_bytes(std::span(payload)));
    }
  }
  for (int i = plan.answers.value_or(static_cast<int>(plan.messages.size())); i > 0; --i) {
    const mote::Message message = socket.receive();
    if (message.kind == mote::MessageKind::close) {
      return interop::print("closed " + std::to_string(message.code) + ' ' + message.payload);
    }
    const bool is_text = message.kind == mote::MessageKind::text;
    interop::print(is_text ? "text " + message.payload : "binary " + hexadecimal(message.payload));
  }
  socket.close();
  interop::print("closed by the client");
}

}  // namespace

int main(int, char** arguments) {
  try {
    const Plan plan = parse(arguments);
    if (plan.messages.empty() && !plan.answers) return be_commanded(plan) ? 0 : 1;
    converse(plan);
    return 0;
  } catch (const mote::Error& error) {
    print_error(error);
    return 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "interop_client: %s\n", error.what());
    return 2;
  }
}

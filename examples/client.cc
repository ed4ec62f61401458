// Talks to a WebSocket server: prints what comes, and sends each line that is typed as a text message. At the end of
// the input it closes the connection, once the server has seen all of it; exit code 0 where that was clean.
//
//     client [--ca FILE] [--subprotocol NAME] [--origin ORIGIN] [--deflate] URL

#include <mote/mote.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>

namespace {

constexpr std::string_view kEnd = "end of input";

[[noreturn]] void reject(const std::string& why) {
  std::fprintf(stderr, "client: %s\nclient [--ca FILE] [--subprotocol NAME] [--origin ORIGIN] [--deflate] URL\n",
               why.c_str());
  std::exit(2);
}

/// Sends what is typed until the input ends. Waits while the server is slow to read.
void send_lines(const mote::Handle& socket) {
  for (std::string line; std::getline(std::cin, line);) {
    if (socket.send(line) == mote::SendStatus::closed) return;
  }
  socket.send_ping(std::as_bytes(std::span(kEnd)));  // its pong comes behind the answers to the lines
}

void print(std::string_view what, std::string_view text) {
  std::printf("%.*s%.*s\n", static_cast<int>(what.size()), what.data(), static_cast<int>(text.size()), text.data());
  std::fflush(stdout);
}

}  // namespace

int main(int, char** arguments) {
  std::string url;
  mote::ClientOptions options;
  while (const char* const argument = *++arguments) {
    const std::string_view option = argument;
    const auto value = [&] {
      if (*++arguments == nullptr) reject(std::string(option) + " needs a value");
      return std::string(*arguments);
    };
    if (option == "--ca")
      options.tls.ca_file = value();
    else if (option == "--subprotocol")
      options.subprotocols.push_back(value());
    else if (option == "--origin")
      options.origin = value();
    else if (option == "--deflate")
      options.compression.mode = mote::CompressionMode::on;
    else if (option.starts_with('-'))
      reject("unknown option " + std::string(option));
    else
      url = option;
  }
  bool clean = false;
  try {
    mote::Client client;
    client.connect(url, options, [&clean](mote::Connection& socket) {
      socket.on_open([&socket] {
        print("< open ", socket.info().negotiated_sub_protocol);
        std::thread(send_lines, socket.handle()).detach();
      });
      socket.on_message([](std::string_view text) { print("", text); });
      socket.on_binary([](std::span<const std::byte> bytes) { print("< bytes: ", std::to_string(bytes.size())); });
      socket.on_pong([&socket](std::span<const std::byte> payload) {
        if (payload.size() == kEnd.size()) socket.close();  // not that of a ping of mote's own
      });
      socket.on_error([](const mote::Error& error) { std::fprintf(stderr, "client: %s\n", error.what()); });
      socket.on_close([&clean](const mote::CloseInfo& why) {
        clean = why.clean;
        print("< close " + std::to_string(why.code) + " ", why.reason);
      });
    });
    client.run();
  } catch (const std::exception& error) {
    reject(error.what());
  }
  // A thread may still wait for a line, and has standard input locked; what was printed is out.
  std::_Exit(clean ? 0 : 1);
}

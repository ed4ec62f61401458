// Echoes every message: text as text, binary as binary. Ends with exit code 0 on SIGTERM or SIGINT, after a drain.

#include <mote/mote.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using namespace std::string_view_literals;

constexpr const char* kOptions =
    "--quiet, --max-message BYTES, --deflate off|on|takeover, --certificate FILE, --key FILE, --ping-interval SECONDS, "
    "--handshake-timeout SECONDS, --busy-poll SECONDS, --soft-limit BYTES, --hard-limit BYTES";

mote::Server* running = nullptr;

void stop_gently(int) { running->drain(std::chrono::seconds(5)); }

[[noreturn]] void reject(const std::string& why) {
  std::fprintf(stderr, "echo_server: %s\n", why.c_str());
  std::exit(2);
}

template <class Number>
Number parse(std::string_view option, const char* text) {
  Number value{};
  const std::string_view digits = text != nullptr ? text : "";
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size() || !(value > 0)) {
    reject(std::string(option) + " needs a number above 0, not \"" + std::string(digits) + '"');
  }
  return value;
}

mote::Compression parse_deflate(const char* text) {
  const std::string_view value = text != nullptr ? text : "";
  if (value == "off") return {};
  if (value == "on") return {.mode = mote::CompressionMode::on};
  if (value == "takeover") {
    return {.mode = mote::CompressionMode::on, .server_context_takeover = true, .client_context_takeover = true};
  }
  reject("--deflate needs off, on or takeover, not \"" + std::string(value) + '"');
}

std::string parse_file(std::string_view option, const char* text) {
  if (text == nullptr) reject(std::string(option) + " needs a file");
  return text;
}

std::chrono::milliseconds parse_seconds(std::string_view option, const char* text) {
  const auto seconds = std::chrono::duration<double>(parse<double>(option, text));
  if (seconds > std::chrono::hours(24 * 365)) reject(std::string(option) + " is more than a year");
  return std::chrono::ceil<std::chrono::milliseconds>(seconds);
}

}  // namespace

int main(int, char** arguments) {
  std::string location = "ws://127.0.0.1:8181";
  mote::Options options;
  bool quiet = false;
  while (const char* const argument = *++arguments) {
    const std::string_view option = argument;
    if (option == "--quiet"sv)
      quiet = true;
    else if (option == "--max-message"sv)
      options.max_message_bytes = parse<std::uint64_t>(option, *++arguments);
    else if (option == "--deflate"sv)
      options.compression = parse_deflate(*++arguments);
    else if (option == "--certificate"sv)
      options.tls.certificate_chain_file = parse_file(option, *++arguments);
    else if (option == "--key"sv)
      options.tls.private_key_file = parse_file(option, *++arguments);
    else if (option == "--ping-interval"sv)
      options.ping_interval = parse_seconds(option, *++arguments);
    else if (option == "--handshake-timeout"sv)
      options.handshake_timeout = parse_seconds(option, *++arguments);
    else if (option == "--busy-poll"sv)
      options.busy_poll = std::chrono::milliseconds(parse_seconds(option, *++arguments));
    else if (option == "--soft-limit"sv)
      options.soft_limit_bytes = parse<std::size_t>(option, *++arguments);
    else if (option == "--hard-limit"sv)
      options.hard_limit_bytes = parse<std::size_t>(option, *++arguments);
    else if (option.starts_with('-'))
      reject("unknown option " + std::string(option) + "; there are " + kOptions);
    else
      location = option;
  }
  try {
    if (quiet) mote::set_logger(mote::LogLevel::off, {});
    mote::Server server(location, options);
    server.start({.on_message = [](mote::Connection& socket, std::string_view text) { socket.send(text); },
                  .on_binary = [](mote::Connection& socket, std::span<const std::byte> bytes) { socket.send(bytes); }});
    running = &server;
    std::signal(SIGTERM, stop_gently);
    std::signal(SIGINT, stop_gently);
    std::printf("listening on %s\n", server.location().c_str());
    std::fflush(stdout);
    server.run();
    std::signal(SIGTERM, SIG_DFL);  // the server that the handler knows is about to go
    std::signal(SIGINT, SIG_DFL);
  } catch (const std::invalid_argument& error) {
    reject(error.what());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "echo_server: %s\n", error.what());
    return 1;
  }
}

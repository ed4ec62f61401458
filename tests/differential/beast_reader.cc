#include "tests/differential/beast_reader.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/buffer_traits.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/system/system_error.hpp>
#include <stdexcept>
#include <utility>

#include "proto/handshake.h"

namespace mote::differential {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using beast::error_code;

// The peer of a Beast stream: what it has to say is given, what Beast writes is dropped, but for the key of a client's
// opening handshake, which it answers.
class MemoryStream {
 public:
  using executor_type = asio::io_context::executor_type;

  MemoryStream(asio::io_context& context, std::string_view stream, std::size_t read_bytes)
      : context_(&context), stream_(stream), read_bytes_(read_bytes) {}

  executor_type get_executor() { return context_->get_executor(); }

  template <class Buffers>
  std::size_t read_some(const Buffers& buffers, error_code& error) {
    std::string_view& from = response_left_.empty() ? stream_ : response_left_;
    const std::size_t limit = response_left_.empty() ? read_bytes_ : response_left_.size();
    if (from.empty() && beast::buffer_bytes(buffers) != 0) {
      error = asio::error::eof;
      return 0;
    }
    error = {};
    const std::string_view piece = from.substr(0, limit);
    const std::size_t size = asio::buffer_copy(buffers, asio::buffer(piece.data(), piece.size()));
    from.remove_prefix(size);
    return size;
  }
  template <class Buffers>
  std::size_t read_some(const Buffers& buffers) {
    error_code error;
    const std::size_t size = read_some(buffers, error);
    if (error) throw boost::system::system_error(error);
    return size;
  }

  template <class Buffers>
  std::size_t write_some(const Buffers& buffers, error_code& error) {
    error = {};
    return write_some(buffers);
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers) {
    if (!opened_) answer(beast::buffers_to_string(buffers));
    return beast::buffer_bytes(buffers);
  }

 private:
  // The first write is a client's request or a server's response.
  void answer(std::string_view written) {
    constexpr std::string_view name = "Sec-WebSocket-Key: ";
    constexpr std::size_t key_bytes = 24;
    opened_ = true;
    if (const std::size_t at = written.find(name); at != std::string_view::npos) {
      proto::append_switching_protocols(response_, written.substr(at + name.size(), key_bytes), {}, {});
      response_left_ = response_;
    }
  }

  asio::io_context* context_;
  std::string_view stream_;
  std::size_t read_bytes_;
  bool opened_ = false;
  std::string response_;
  std::string_view response_left_;
};

void teardown(beast::role_type, MemoryStream&, error_code& error) { error = {}; }

using Socket = websocket::stream<MemoryStream>;

void open(Socket& socket, proto::Role role) {
  static const auto request = [] {
    beast::http::request<beast::http::empty_body> get(beast::http::verb::get, "/", 11);
    get.set(beast::http::field::host, "h");
    get.set(beast::http::field::upgrade, "websocket");
    get.set(beast::http::field::connection, "upgrade");
    get.set(beast::http::field::sec_websocket_key, "AQIDBAUGBwgJCgsMDQ4PEA==");
    get.set(beast::http::field::sec_websocket_version, "13");
    return get;
  }();
  if (role == proto::Role::server) {
    socket.accept(request);
  } else {
    socket.handshake("h", "/");
  }
}

std::string_view name_of(const error_code& found) {
  using websocket::error;
  static const std::array<std::pair<error_code, std::string_view>, 14> names = {{
      {error::bad_opcode, "bad_opcode"},
      {error::bad_data_frame, "bad_data_frame"},
      {error::bad_continuation, "bad_continuation"},
      {error::bad_reserved_bits, "bad_reserved_bits"},
      {error::bad_control_fragment, "bad_control_fragment"},
      {error::bad_control_size, "bad_control_size"},
      {error::bad_unmasked_frame, "bad_unmasked_frame"},
      {error::bad_masked_frame, "bad_masked_frame"},
      {error::bad_size, "bad_size"},
      {error::bad_frame_payload, "bad_frame_payload"},
      {error::bad_close_code, "bad_close_code"},
      {error::bad_close_size, "bad_close_size"},
      {error::bad_close_payload, "bad_close_payload"},
      {error::message_too_big, "message_too_big"},
  }};
  for (const auto& [code, name] : names) {
    if (code == found) return name;
  }
  throw std::runtime_error("an error of Beast without a name here: " + found.message());
}

std::string close_event(const websocket::close_reason& reason) {
  const unsigned code =
      reason.code == websocket::close_code::none ? unsigned{websocket::close_code::no_status} : unsigned{reason.code};
  return "close:" + std::to_string(code) + ":" + std::string(reason.reason.data(), reason.reason.size());
}

// Reads until the stream ends, is refused, or is closed.
error_code read_all(Socket& socket, std::vector<std::string>& events) {
  static std::array<char, 64 * 1024> block;
  std::string message;
  for (;;) {
    error_code error;
    const std::size_t size = socket.read_some(asio::buffer(block), error);
    if (error) return error;
    message.append(block.data(), size);
    if (!socket.is_message_done()) continue;
    events.push_back((socket.got_binary() ? "binary:" : "text:") + message);
    message.clear();
  }
}

}  // namespace

BeastOutcome read_with_beast(proto::Role role, std::string_view stream, std::uint64_t message_bytes,
                             std::size_t read_bytes) {
  static asio::io_context context;
  BeastOutcome outcome;
  Socket socket(context, stream, read_bytes);
  socket.secure_prng(false);
  socket.read_message_max(message_bytes);
  socket.control_callback([&](websocket::frame_type kind, beast::string_view payload) {
    if (kind == websocket::frame_type::close) return;
    std::string& event = outcome.events.emplace_back(kind == websocket::frame_type::ping ? "ping:" : "pong:");
    event.append(payload.data(), payload.size());
  });
  open(socket, role);
  const error_code error = read_all(socket, outcome.events);
  if (error == websocket::error::closed) {
    outcome.events.push_back(close_event(socket.reason()));
  } else if (error != asio::error::eof) {
    outcome.refusal = name_of(error);
  }
  return outcome;
}

}  // namespace mote::differential

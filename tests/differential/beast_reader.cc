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
#include <boost/beast/zlib/error.hpp>
#include <boost/system/system_error.hpp>
#include <stdexcept>
#include <utility>

#include "proto/deflate_parameters.h"
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

  MemoryStream(asio::io_context& context, const TestCase& test, std::string_view stream)
      : context_(&context), test_(&test), stream_(stream) {}

  executor_type get_executor() { return context_->get_executor(); }

  template <class Buffers>
  std::size_t read_some(const Buffers& buffers, error_code& error) {
    std::string_view& from = response_left_.empty() ? stream_ : response_left_;
    const std::size_t limit = response_left_.empty() ? test_->beast_bytes : response_left_.size();
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
      proto::Agreement agreement;
      if (const auto& deflate = test_->rules.deflate) {
        agreement.deflate = proto::DeflateParameters{.server_max_window_bits = deflate->window_bits,
                                                     .server_no_context_takeover = !deflate->context_takeover,
                                                     .names_server_window = true};
      }
      proto::append_switching_protocols(response_, written.substr(at + name.size(), key_bytes), agreement, {});
      response_left_ = response_;
    }
  }

  asio::io_context* context_;
  const TestCase* test_;
  std::string_view stream_;
  bool opened_ = false;
  std::string response_;
  std::string_view response_left_;
};

void teardown(beast::role_type, MemoryStream&, error_code& error) { error = {}; }

using Socket = websocket::stream<MemoryStream>;

using Request = beast::http::request<beast::http::empty_body>;

Request make_request(const TestCase& test) {
  Request request(beast::http::verb::get, "/", 11);
  request.set(beast::http::field::host, "h");
  request.set(beast::http::field::upgrade, "websocket");
  request.set(beast::http::field::connection, "upgrade");
  request.set(beast::http::field::sec_websocket_key, "AQIDBAUGBwgJCgsMDQ4PEA==");
  request.set(beast::http::field::sec_websocket_version, "13");
  if (const auto& deflate = test.rules.deflate) {
    std::string offer = "permessage-deflate; client_max_window_bits=" + std::to_string(deflate->window_bits);
    if (!deflate->context_takeover) offer += "; client_no_context_takeover";
    request.set(beast::http::field::sec_websocket_extensions, offer);
  }
  return request;
}

void open(Socket& socket, const TestCase& test) {
  websocket::permessage_deflate deflate;
  deflate.server_enable = deflate.client_enable = test.rules.deflate.has_value();
  socket.set_option(deflate);
  if (test.role == proto::Role::server) {
    socket.accept(make_request(test));
  } else {
    socket.handshake("h", "/");
  }
}

std::string_view name_of(const error_code& found) {
  using websocket::error;
  using zlib = boost::beast::zlib::error;
  static const std::vector<std::pair<error_code, std::string_view>> names = {
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
      {error::partial_deflate_block, "partial_deflate_block"},
      {zlib::need_buffers, "zlib::need_buffers"},
      {zlib::end_of_stream, "zlib::end_of_stream"},
      {zlib::invalid_block_type, "zlib::invalid_block_type"},
      {zlib::invalid_stored_length, "zlib::invalid_stored_length"},
      {zlib::too_many_symbols, "zlib::too_many_symbols"},
      {zlib::invalid_bit_length_repeat, "zlib::invalid_bit_length_repeat"},
      {zlib::missing_eob, "zlib::missing_eob"},
      {zlib::invalid_literal_length, "zlib::invalid_literal_length"},
      {zlib::invalid_distance_code, "zlib::invalid_distance_code"},
      {zlib::invalid_distance, "zlib::invalid_distance"},
      {zlib::over_subscribed_length, "zlib::over_subscribed_length"},
      {zlib::incomplete_length_set, "zlib::incomplete_length_set"},
  };
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
  // More than any limit: a full block would stop Beast's inflater where it has more to give, and it cannot go on from
  // there at the end of a message.
  static std::array<char, 512 * 1024> block;
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

BeastOutcome read_with_beast(const TestCase& test, std::string_view stream) {
  static asio::io_context context;
  BeastOutcome outcome;
  Socket socket(context, test, stream);
  socket.secure_prng(false);
  socket.read_message_max(test.rules.message_bytes);
  socket.control_callback([&](websocket::frame_type kind, beast::string_view payload) {
    if (kind == websocket::frame_type::close) return;
    std::string& event = outcome.events.emplace_back(kind == websocket::frame_type::ping ? "ping:" : "pong:");
    event.append(payload.data(), payload.size());
  });
  open(socket, test);
  const error_code error = read_all(socket, outcome.events);
  if (error == websocket::error::closed) {
    outcome.events.push_back(close_event(socket.reason()));
  } else if (error != asio::error::eof) {
    outcome.refusal = name_of(error);
  }
  return outcome;
}

}  // namespace mote::differential

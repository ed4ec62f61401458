// An echo server on Boost.Beast, written as Beast's own asynchronous examples are, but straight on the socket and
// without their timeouts: both cost it time.
//
//     beast_echo PORT

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/version.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <utility>

#include "bench/peers/command_line.h"

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using beast::error_code;

class Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(tcp::socket socket) : stream_(std::move(socket)) {}

  void run() {
    stream_.auto_fragment(false);  // the answer in one frame, as those of the other servers
    stream_.async_accept([self = shared_from_this()](error_code error) {
      if (!error) self->read();
    });
  }

 private:
  void read() {
    stream_.async_read(buffer_, [self = shared_from_this()](error_code error, std::size_t) {
      if (!error) self->write();
    });
  }

  void write() {
    stream_.text(stream_.got_text());
    stream_.async_write(buffer_.data(), [self = shared_from_this()](error_code error, std::size_t bytes) {
      if (error) return;
      self->buffer_.consume(bytes);
      self->read();
    });
  }

  websocket::stream<tcp::socket> stream_;
  beast::flat_buffer buffer_;
};

void accept_next(tcp::acceptor& acceptor) {
  acceptor.async_accept([&acceptor](error_code error, tcp::socket socket) {
    if (!error) {
      socket.set_option(tcp::no_delay(true), error);
      std::make_shared<Session>(std::move(socket))->run();
    }
    accept_next(acceptor);
  });
}

}  // namespace

int main(int count, char** arguments) {
  try {
    const std::uint16_t port = mote::bench::port_argument(count, arguments);
    asio::io_context context(1);  // one thread: Asio does without some of its locks
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), port});
    accept_next(acceptor);
    mote::bench::announce(acceptor.local_endpoint().port(), "Boost " BOOST_LIB_VERSION);
    context.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "beast_echo: %s\n", error.what());
    return 1;
  }
}

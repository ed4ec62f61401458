// An echo server on websocketpp, with its configuration for Asio as it comes; only its log is off.
//
//     websocketpp_echo PORT

#include <cstdint>
#include <cstdio>
#include <exception>
#include <websocketpp/config/asio_no_tls.hpp>
#include <websocketpp/server.hpp>

#include "bench/peers/command_line.h"

namespace {

using Server = websocketpp::server<websocketpp::config::asio>;
using boost::asio::ip::tcp;

void prepare(Server& server) {
  server.clear_access_channels(websocketpp::log::alevel::all);
  server.clear_error_channels(websocketpp::log::elevel::all);
  server.init_asio();
  server.set_reuse_addr(true);
  server.set_open_handler([&server](const websocketpp::connection_hdl& connection) {
    server.get_con_from_hdl(connection)->get_raw_socket().set_option(tcp::no_delay(true));
  });
  server.set_message_handler(
      [&server](const websocketpp::connection_hdl& connection, const Server::message_ptr& message) {
        websocketpp::lib::error_code error;  // a client that has gone
        server.send(connection, message->get_payload(), message->get_opcode(), error);
      });
}

}  // namespace

int main(int count, char** arguments) {
  try {
    const std::uint16_t port = mote::bench::port_argument(count, arguments);
    Server server;
    prepare(server);
    server.listen(tcp::endpoint(boost::asio::ip::address_v4::loopback(), port));
    server.start_accept();
    websocketpp::lib::asio::error_code error;
    mote::bench::announce(server.get_local_endpoint(error).port(), websocketpp::user_agent);
    server.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "websocketpp_echo: %s\n", error.what());
    return 1;
  }
}

// An echo server on libwebsockets: a message is collected, and written when the library says that it may be.
//
//     libwebsockets_echo PORT

#include <libwebsockets.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/peers/command_line.h"

namespace {

struct Message {
  std::vector<unsigned char> bytes = std::vector<unsigned char>(LWS_PRE);  // the library writes its header there
  lws_write_protocol kind = LWS_WRITE_TEXT;
};

struct Session {
  Message incoming;
  std::deque<Message> outgoing;
};

void receive(lws* connection, Session& session, const unsigned char* bytes, std::size_t size) {
  Message& message = session.incoming;
  message.bytes.insert(message.bytes.end(), bytes, bytes + size);
  if (lws_is_final_fragment(connection) == 0 || lws_remaining_packet_payload(connection) != 0) return;
  message.kind = lws_frame_is_binary(connection) != 0 ? LWS_WRITE_BINARY : LWS_WRITE_TEXT;
  session.outgoing.push_back(std::exchange(message, {}));
  lws_callback_on_writable(connection);
}

/// One message for each time that the library asks, as its manual wants it. Not 0: the connection is to end.
int write(lws* connection, Session& session) {
  if (session.outgoing.empty()) return 0;
  Message message = std::move(session.outgoing.front());
  session.outgoing.pop_front();
  const std::size_t size = message.bytes.size() - LWS_PRE;
  const int written = lws_write(connection, message.bytes.data() + LWS_PRE, size, message.kind);
  if (session.incoming.bytes.size() == LWS_PRE) {  // the next message goes into the same memory
    message.bytes.resize(LWS_PRE);
    session.incoming = std::move(message);
  }
  if (!session.outgoing.empty()) lws_callback_on_writable(connection);
  return written < 0 ? -1 : 0;
}

/// What the library keeps for each connection: memory that it has zeroed.
struct Place {
  Session* session;
};

int on_event(lws* connection, lws_callback_reasons reason, void* place, void* bytes, std::size_t size) {
  auto* const own = static_cast<Place*>(place);
  switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
      own->session = std::make_unique<Session>().release();
      return 0;
    case LWS_CALLBACK_RECEIVE:
      receive(connection, *own->session, static_cast<const unsigned char*>(bytes), size);
      return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
      return write(connection, *own->session);
    case LWS_CALLBACK_CLOSED: {
      const std::unique_ptr<Session> ended(own->session);
      return 0;
    }
    default:
      return lws_callback_http_dummy(connection, reason, place, bytes, size);
  }
}

}  // namespace

int main(int count, char** arguments) {
  const std::uint16_t port = mote::bench::port_argument(count, arguments);
  lws_set_log_level(LLL_ERR, nullptr);
  // 64 KiB at a time, for the large messages; by default it is 4 KiB.
  std::array<lws_protocols, 2> protocols = {{{"echo", on_event, sizeof(Place), 65536, 0, nullptr, 0}, {}}};
  lws_context_creation_info info{};
  info.iface = "127.0.0.1";
  info.port = port;
  info.protocols = protocols.data();
  info.pt_serv_buf_size = 65536;
  lws_context* const context = lws_create_context(&info);
  if (context == nullptr) return 1;
  lws_vhost* const host = lws_get_vhost_by_name(context, "default");
  mote::bench::announce(static_cast<std::uint16_t>(lws_get_vhost_listen_port(host)),
                        std::string("libwebsockets ").append(lws_get_library_version()));
  while (lws_service(context, 0) >= 0) {
  }
  lws_context_destroy(context);
}

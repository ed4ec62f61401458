#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include <mote/mote.h>

#include "tests/support/client_frame.h"
#include "tests/support/peer_stream.h"
#include "tests/support/running_server.h"

namespace mote::test {

inline const std::string kMebibyte(1024 * 1024, 'm');

/// Fills the connection's output until `send` answers something other than `sent`.
inline SendStatus fill(Connection& socket) {
  SendStatus status = SendStatus::sent;
  for (int i = 0; i < 1000 && status == SendStatus::sent; ++i) status = socket.send(kMebibyte);
  return status;
}

/// The same over TCP and over TLS: a server of that kind fills its output when it is told to `go`, and the client
/// reads.
template <class SomeServer, class SomeClient>
void expect_queued_above_the_soft_limit_and_a_drain() {
  std::atomic<int> drained{0};
  std::atomic<bool> filled{false};
  SomeServer server(Handlers{.on_message =
                                 [&](Connection& socket, std::string_view) {
                                   EXPECT_EQ(fill(socket), SendStatus::queued);
                                   EXPECT_GT(socket.queued_bytes(), 64U * 1024);
                                   EXPECT_EQ(socket.send("more"), SendStatus::queued);
                                   filled = true;
                                 },
                             .on_drain =
                                 [&](Connection& socket) {
                                   ++drained;
                                   EXPECT_LE(socket.queued_bytes(), 64U * 1024);
                                   EXPECT_EQ(socket.send("after the drain"), SendStatus::sent);
                                 }});
  auto client = SomeClient::open(server.port());
  client.send(text_frame("go"));
  EXPECT_TRUE(eventually([&] { return filled.load(); }));
  EXPECT_EQ(drained, 0);
  Frame frame;
  do {
    frame = client.read_frame();
    ASSERT_TRUE(frame.payload == kMebibyte || frame.payload.size() < 20);
  } while (frame.payload != "after the drain");
  server.stop();
  EXPECT_EQ(drained, 1);
}

}  // namespace mote::test

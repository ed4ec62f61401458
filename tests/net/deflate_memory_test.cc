// permessage-deflate of a running server where memory cannot be had.

#include <gtest/gtest.h>

#include <new>
#include <random>
#include <string>

#include "tests/support/allocation_counter.h"
#include "tests/support/deflate.h"
#include "tests/support/raw_client.h"
#include "tests/support/running_server.h"

namespace mote {
namespace {

using test::AllocationLimit;
using test::PeerInflater;
using test::RawClient;
using test::RunningServer;
using test::text_frame;

TEST(DeflateMemory, AMessageThatThereIsNoRoomForIsNotInTheContext) {
  if (!AllocationLimit::works()) GTEST_SKIP() << "this sanitizer's operator new cannot be made to fail";
  std::string noise(200'000, '\0');
  std::mt19937 random(20261124);
  for (char& c : noise) c = static_cast<char>('a' + random() % 26);
  const std::string message(1000, 'm');
  Options options;
  options.compression = {.mode = CompressionMode::on, .server_context_takeover = true};
  RunningServer server(Handlers{.on_message =
                                    [&](Connection& socket, std::string_view) {
                                      socket.send(message);
                                      {
                                        const AllocationLimit limit(50'000);  // reached in the middle of the noise
                                        EXPECT_THROW(socket.send(noise), std::bad_alloc);
                                      }
                                      socket.send(message);
                                    }},
                       options);
  auto client = RawClient::open(server.port(), "/", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  client.expect_compression();
  client.send(text_frame("now"));
  PeerInflater inflater;
  EXPECT_EQ(inflater.message(client.read_frame().payload), message);
  EXPECT_EQ(inflater.message(client.read_frame().payload), message);
}

}  // namespace
}  // namespace mote

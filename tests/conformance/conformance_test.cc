// The conformance cases themselves: that none is missing, and that each kind of fault is found.

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "tests/conformance/client_opening.h"
#include "tests/conformance/samples.h"
#include "tests/conformance/script.h"

namespace mote::conformance {
namespace {

TEST(ConformanceCases, HaveExactlyTheNumbersOfTheList) {
  std::ifstream file(MOTE_CONFORMANCE_IDS);
  std::vector<std::string> listed;
  for (std::string id; std::getline(file, id);) listed.push_back(id);
  std::vector<std::string> ids;
  for (const Case& one : all_cases()) ids.push_back(one.id);
  EXPECT_EQ(ids, listed);
  EXPECT_EQ(ids.size(), 517U);
}

TEST(ConformanceCases, AreAsManyInEachSectionAsThePublicSuiteHas) {
  std::map<std::string, int> counts;
  for (const Case& one : all_cases()) ++counts[section_of(one)];
  const std::map<std::string, int> expected = {{"1", 16}, {"2", 11}, {"3", 7},  {"4", 10},  {"5", 20},  {"6", 145},
                                               {"7", 37}, {"9", 54}, {"10", 1}, {"12", 90}, {"13", 126}};
  EXPECT_EQ(counts, expected);
}

TEST(ConformanceCases, AreDescribedInOneLine) {
  for (const Case& one : all_cases()) {
    EXPECT_FALSE(one.what.empty()) << one.id;
    EXPECT_EQ(one.what.find_first_of("\n\t"), std::string::npos) << one.id;
    EXPECT_TRUE(one.script) << one.id;
  }
}

TEST(ConformanceCases, OfferCompressionInSections12And13Only) {
  for (const Case& one : all_cases()) {
    const bool compressed = section_of(one) == "12" || section_of(one) == "13";
    EXPECT_EQ(one.deflate.empty(), !compressed) << one.id;
  }
}

template <class Row>
std::string name_of(const testing::TestParamInfo<Row>& row) {
  return row.param.name;
}

/// A server that sends what it is told to, whatever comes: for one connection.
class ScriptedServer {
 public:
  /// What it does after the last frame.
  enum class Then : std::uint8_t { ends, resets, waits };

  explicit ScriptedServer(std::string frames, std::string extension_line = {}, Then then = Then::ends)
      : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(listener_, 1) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("cannot listen");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, frames = std::move(frames), line = std::move(extension_line), then] {
      serve(
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" +
              line + "\r\n",
          frames, then);
    });
  }
  ~ScriptedServer() {
    thread_.join();
    ::close(listener_);
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  void serve(const std::string& head, const std::string& frames, Then then) const {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    std::array<char, 4096> request;
    if (::recv(connection, request.data(), request.size(), 0) > 0) {
      ::send(connection, head.data(), head.size(), MSG_NOSIGNAL);
      // The case speaks first; its octets are read, as what is left unread would make a reset of the end.
      if (::recv(connection, request.data(), request.size(), 0) > 0) {
        ::send(connection, frames.data(), frames.size(), MSG_NOSIGNAL);
      }
      if (then == Then::ends) ::shutdown(connection, SHUT_WR);
      while (then != Then::resets && ::recv(connection, request.data(), request.size(), 0) > 0) {
      }
    }
    const linger now{1, 0};
    if (then == Then::resets) ::setsockopt(connection, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    ::close(connection);
  }

  int listener_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

std::string from_server(unsigned opcode, std::string_view payload, test::FrameBits bits = {}) {
  bits.masked = false;
  return test::client_frame(opcode, payload, bits);
}

const std::string kClosed = from_server(kClose, "\x03\xE8");

/// What a server sends where an echo of "x" and Close 1000 are right, and what the case says to it.
struct Fault {
  const char* name;
  std::string frames;
  std::string complaint;
};

void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.name; }

class Faults : public testing::TestWithParam<Fault> {};

std::string complaint_about(const ScriptedServer& server, const std::vector<DeflateWish>& wishes = {}) {
  try {
    Peer peer = open_as_client(server.port(), wishes);
    echoes(text("x"))(peer, {});
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "none";
}

TEST_P(Faults, AreFound) {
  const ScriptedServer server(GetParam().frames);
  const std::string complaint = complaint_about(server);
  EXPECT_NE(complaint.find(GetParam().complaint), std::string::npos) << complaint;
}

const std::string kEcho = from_server(kText, "x");

INSTANTIATE_TEST_SUITE_P(
    Conformance, Faults,
    testing::Values(Fault{"None", kEcho + kClosed, "none"},
                    Fault{"NoneInFragments",
                          from_server(kText, "", {.fin = false}) + from_server(kContinuation, "x") + kClosed, "none"},
                    Fault{"OtherContent", from_server(kText, "y") + kClosed, "different from octet 0"},
                    Fault{"OtherKind", from_server(kBinary, "x") + kClosed, "came binary"},
                    Fault{"OtherLength", from_server(kText, "xx") + kClosed, "came text of 2 octets"},
                    Fault{"NoEcho", kClosed, "came Close 1000"},
                    Fault{"TwoEchoes", kEcho + kEcho + kClosed, "expected Close 1000; came text"},
                    Fault{"OtherCode", kEcho + from_server(kClose, "\x03\xE9"), "came Close 1001"},
                    Fault{"CloseWithoutCode", kEcho + from_server(kClose, ""), "came Close of 0 octets"},
                    Fault{"NoClose", kEcho, "the connection ended without"},
                    Fault{"EndInsideMessage", from_server(kText, "x", {.fin = false}), "ended inside a message"},
                    Fault{"EndInsideFrame", "\x81", "has ended the connection"},
                    Fault{"AfterClose", kEcho + kClosed + kEcho, "came 3 octets"},
                    Fault{"Masked", test::client_frame(kText, "x"), "a masked frame"},
                    Fault{"LongLength", from_server(kText, "x", {.length_bytes = 2}), "longer form"},
                    Fault{"VeryLongLength", from_server(kText, "x", {.length_bytes = 8}), "longer form"},
                    Fault{"ReservedBit", from_server(kText, "x", {.reserved = 2}), "a reserved bit"},
                    Fault{"CompressedUnasked", from_server(kText, "x", {.reserved = 4}), "a reserved bit"},
                    Fault{"UnknownOpcode", from_server(3, "x"), "opcode 3"},
                    Fault{"FragmentedPing", from_server(kPing, "", {.fin = false}), "fragmented or too long"},
                    Fault{"LongPing", from_server(kPing, std::string(126, 'x')), "fragmented or too long"},
                    Fault{"StrayContinuation", from_server(kContinuation, "x"), "without a message to continue"},
                    Fault{"TextInsideText", from_server(kText, "x", {.fin = false}) + kEcho, "inside a message"},
                    Fault{"UnaskedPong", from_server(kPong, "") + kEcho + kClosed, "came pong"}),
    name_of<Fault>);

TEST(ConformancePeer, FindsAResetInPlaceOfAnEnd) {
  const ScriptedServer server(kEcho + kClosed, {}, ScriptedServer::Then::resets);
  EXPECT_NE(complaint_about(server), "none");
}

TEST(ConformancePeer, FindsAServerThatWaitsForItsClientToEndTcp) {
  const ScriptedServer server(kEcho + kClosed, {}, ScriptedServer::Then::waits);
  EXPECT_NE(complaint_about(server).find("still open"), std::string::npos);
}

TEST(ConformancePeer, FindsAnExtensionThatWasNotOffered) {
  const ScriptedServer server(kEcho + kClosed, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  EXPECT_NE(complaint_about(server).find("Sec-WebSocket-Extensions"), std::string::npos);
}

TEST(ConformancePeer, FindsThatNoOfferIsAccepted) {
  const ScriptedServer server("");
  EXPECT_NE(complaint_about(server, {{}}).find("accepts no offer"), std::string::npos);
}

constexpr DeflateWish kNoTakeover{true, 0};
constexpr DeflateWish kNineBits{false, 9};

struct Response {
  const char* name;
  std::vector<DeflateWish> wishes;
  const char* response;
  std::optional<DeflateTerms> terms;  // none: not legal
};

void PrintTo(const Response& response, std::ostream* out) { *out << response.name; }

class Responses : public testing::TestWithParam<Response> {};

TEST_P(Responses, AreHeldAgainstTheOffer) {
  std::optional<DeflateTerms> terms;
  try {
    terms = terms_of(GetParam().response, GetParam().wishes);
  } catch (const Failure&) {
  }
  EXPECT_EQ(terms, GetParam().terms);
}

INSTANTIATE_TEST_SUITE_P(
    Conformance, Responses,
    testing::Values(
        Response{"Plain", {{}}, "permessage-deflate", DeflateTerms{}},
        Response{"UnaskedNoTakeover",
                 {{}},
                 "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
                 DeflateTerms{true, true}},
        Response{"UnaskedWindows",
                 {{}},
                 "permessage-deflate;server_max_window_bits=8;client_max_window_bits=\"10\"",
                 DeflateTerms{false, false, 8, 10}},
        Response{"Granted", {kNoTakeover}, "permessage-deflate; server_no_context_takeover", DeflateTerms{true}},
        Response{"NotGranted", {kNoTakeover}, "permessage-deflate", std::nullopt},
        Response{"OtherEndsTakeover", {kNoTakeover}, "permessage-deflate; client_no_context_takeover", std::nullopt},
        Response{"Window", {kNineBits}, "permessage-deflate; server_max_window_bits=9", DeflateTerms{false, false, 9}},
        Response{"SmallerWindow",
                 {kNineBits},
                 "permessage-deflate; server_max_window_bits=8",
                 DeflateTerms{false, false, 8}},
        Response{"LargerWindow", {kNineBits}, "permessage-deflate; server_max_window_bits=10", std::nullopt},
        Response{"NoWindow", {kNineBits}, "permessage-deflate", std::nullopt},
        Response{"WindowOf15Unsaid", {{false, 15}}, "permessage-deflate", std::nullopt},
        Response{"SecondOffer",
                 {kNineBits, kNoTakeover},
                 "permessage-deflate; server_no_context_takeover",
                 DeflateTerms{true}},
        Response{"NeitherOffer", {kNineBits, kNoTakeover}, "permessage-deflate", std::nullopt},
        Response{"OtherExtension", {{}}, "x-webkit-deflate-frame", std::nullopt},
        Response{"TwoExtensions", {{}}, "permessage-deflate, permessage-deflate", std::nullopt},
        Response{"UnknownParameter", {{}}, "permessage-deflate; x", std::nullopt},
        Response{"ParameterTwice",
                 {{}},
                 "permessage-deflate; server_max_window_bits=9; server_max_window_bits=9",
                 std::nullopt},
        Response{"WindowOf7", {{}}, "permessage-deflate; server_max_window_bits=7", std::nullopt},
        Response{"WindowOf16", {{}}, "permessage-deflate; server_max_window_bits=16", std::nullopt},
        Response{"WindowOf09", {{}}, "permessage-deflate; server_max_window_bits=09", std::nullopt},
        Response{"WindowWithoutValue", {{}}, "permessage-deflate; client_max_window_bits", std::nullopt},
        Response{"TakeoverWithValue", {{}}, "permessage-deflate; server_no_context_takeover=1", std::nullopt},
        Response{"EmptyParameter", {{}}, "permessage-deflate;", std::nullopt}),
    name_of<Response>);

TEST(ConformanceOffers, NameWhatIsAsked) {
  EXPECT_EQ(offers_of({{true, 9}, {}}),
            "permessage-deflate; client_no_context_takeover; client_max_window_bits; server_no_context_takeover; "
            "server_max_window_bits=9, permessage-deflate; client_no_context_takeover; client_max_window_bits");
  EXPECT_EQ(offers_of({{}}, OwnContext::kept), "permessage-deflate; client_max_window_bits");
}

std::string noise(std::size_t size) {
  std::mt19937 random(7);
  std::string octets;
  while (octets.size() < size) octets += static_cast<char>(random() & 0xFF);
  return octets;
}

TEST(ConformanceCodec, ReadsWhatItWritesWithEveryWindow) {
  for (int bits = 8; bits <= 15; ++bits) {
    for (const bool takes_over : {false, true}) {
      Compressor compressor({bits, takes_over});
      Decompressor decompressor({bits, takes_over});
      for (const Sample& sample : samples()) {
        for (const std::size_t size : {16U, 1024U, 32768U, 131072U}) {
          const std::string payload = sample.message(size, size).payload;
          EXPECT_EQ(decompressor.decompress(compressor.compress(payload)), payload) << bits << ' ' << sample.name();
        }
      }
    }
  }
}

TEST(ConformanceCodec, FindsAReferenceBeyondTheWindow) {
  for (int bits = 8; bits < 15; ++bits) {
    const std::size_t window = std::size_t{1} << bits;
    for (const std::size_t distance : {window, window + 1}) {
      const std::string block = noise(distance);
      const std::string payload = block + block.substr(0, 100);
      const std::string compressed = Compressor({15, true}).compress(payload);
      ASSERT_LT(compressed.size(), distance + 90);
      Decompressor decompressor({bits, true});
      if (distance == window) {
        EXPECT_EQ(decompressor.decompress(compressed), payload) << bits;
      } else {
        EXPECT_THROW(decompressor.decompress(compressed), Failure) << bits;
      }
    }
  }
}

TEST(ConformanceCodec, FindsAReferenceToAnEarlierMessage) {
  const std::string payload = noise(200);
  Compressor compressor({15, true});
  Decompressor decompressor({15, false});
  EXPECT_EQ(decompressor.decompress(compressor.compress(payload)), payload);
  EXPECT_THROW(decompressor.decompress(compressor.compress(payload)), Failure);
}

TEST(ConformanceCodec, FindsWhatIsNoWholeNumberOfBlocks) {
  const std::string compressed = Compressor({15, true}).compress(samples().front().message(0, 5000).payload);
  for (std::size_t size = 1; size + 1 < compressed.size(); size += 7) {
    EXPECT_THROW(Decompressor({15, true}).decompress(compressed.substr(0, size)), Failure) << size;
  }
  EXPECT_THROW(Decompressor({15, true}).decompress("\x03"), Failure);  // an empty block that says it is the last
}

TEST(ConformanceSamples, GetSmallerInEachOfTheMessagesWhereTheyClaimTo) {
  constexpr std::size_t smallest = 1024;
  Compressor compressor({15, false});
  for (const Sample& sample : samples()) {
    std::size_t larger = 0;
    for (std::size_t i = 0; i < 1000; ++i) {
      const std::string payload = sample.message(i * smallest, smallest).payload;
      if (compressor.compress(payload).size() > payload.size() * 15 / 16) ++larger;
    }
    EXPECT_EQ(larger == 0, sample.compressible()) << sample.name() << ": " << larger;
  }
}

TEST(ConformanceSamples, AreCutIntoMessagesOfTheirSizeAgainAndAgain) {
  for (const Sample& sample : samples()) {
    ASSERT_GT(sample.size(), 131072U) << sample.name();
    const std::string once = sample.message(0, sample.size()).payload;
    const std::string wrapped = sample.message(sample.size() - 10, 30).payload;
    EXPECT_EQ(wrapped, sample.message(sample.size() - 10, 10).payload + sample.message(0, 20).payload);
    EXPECT_EQ(sample.message(sample.size(), 5).payload, sample.message(0, 5).payload);
    EXPECT_TRUE(once.starts_with(sample.message(0, 131072).payload));
  }
}

}  // namespace
}  // namespace mote::conformance

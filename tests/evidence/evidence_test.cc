// What a server keeps of a connection that breaks the protocol, and that the parsers come to the same verdict again.

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/evidence/evidence_file.h"
#include "tests/support/deflate.h"
#include "tests/support/raw_client.h"
#include "tests/support/running_server.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/wss_server.h"

namespace mote {
namespace {

using evidence::EvidenceFile;
using test::CapturedLog;
using test::client_frame;
using test::echo_handlers;
using test::expect_echo;
using test::RawClient;
using test::RunningServer;
using test::TemporaryFolder;
using test::text_frame;
using test::TlsClient;
using test::upgrade_request;
using test::WssServer;

std::vector<std::string> files_in(const TemporaryFolder& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string content_of(const TemporaryFolder& folder, const std::string& name = "mote-evidence-0000") {
  std::ifstream in(folder.path_of(name), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

EvidenceFile file_in(const TemporaryFolder& folder, const std::string& name = "mote-evidence-0000") {
  return evidence::parse_evidence(content_of(folder, name));
}

Options keeping(const TemporaryFolder& folder, std::size_t bytes = 64 * 1024) {
  return {.evidence_bytes = bytes, .evidence_folder = folder.path()};
}

const std::string kUnknownOpcode = client_frame(3, "x");
constexpr std::string_view kUnknownOpcodeVerdict = "1002 unknown opcode (RFC 6455 5.2)";

std::string all_of(const EvidenceFile& file) {
  std::string all;
  for (const std::string& read : file.reads) all += read;
  return all;
}

/// Sends `bytes` and waits for the end.
void break_off(RunningServer& server, std::string_view bytes) {
  RawClient client(server.port());
  client.send(bytes);
  client.read_to_end();
}

TEST(Evidence, HasTheWholeConnectionWhereThatIsShort) {
  const TemporaryFolder folder;
  const CapturedLog log;
  RunningServer server(echo_handlers(), keeping(folder));
  auto client = RawClient::open(server.port());
  expect_echo(client);
  client.send(kUnknownOpcode);
  EXPECT_EQ(client.read_close_code(), 1002);
  const EvidenceFile file = file_in(folder);
  EXPECT_TRUE(file.peer.starts_with("127.0.0.1:"));
  EXPECT_EQ(file.verdict, kUnknownOpcodeVerdict);
  EXPECT_EQ(file.begins, "head");
  EXPECT_EQ(file.max_message_bytes, 1024U * 1024);
  EXPECT_EQ(file.reads, (std::vector<std::string>{upgrade_request(), text_frame("hello"), kUnknownOpcode}));
  EXPECT_EQ(evidence::replay(file), kUnknownOpcodeVerdict);
  ASSERT_EQ(log.size(), 1U);
  EXPECT_TRUE(
      log.lines()[0].ends_with("closed with 1002: unknown opcode (RFC 6455 5.2); evidence: mote-evidence-0000"));
}

TEST(Evidence, IsReadableForItsOwnerAlone) {
  const TemporaryFolder folder;
  const CapturedLog log;
  RunningServer server(echo_handlers(), keeping(folder));
  break_off(server, upgrade_request() + kUnknownOpcode);
  struct stat status {};
  ASSERT_EQ(::stat(folder.path_of("mote-evidence-0000").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

/// Wherever the bytes that are kept begin: with the one or the other of the two reads of each message.
TEST(Evidence, OfALongConnectionBeginsBetweenTwoMessages) {
  const CapturedLog log;
  for (std::size_t most = 1000; most < 1200; most += 40) {
    const TemporaryFolder folder;
    RunningServer server(echo_handlers(), keeping(folder, most));
    auto client = RawClient::open(server.port());
    for (int i = 0; i < 20; ++i) {
      client.send(text_frame(std::string(150, 'm')).substr(0, 100));
      server.on_thread([] {});
      client.send(text_frame(std::string(150, 'm')).substr(100));
      EXPECT_EQ(client.read_frame().payload.size(), 150U);
    }
    client.send(kUnknownOpcode);
    EXPECT_EQ(client.read_close_code(), 1002);
    const EvidenceFile file = file_in(folder);
    EXPECT_EQ(file.begins, "message");
    EXPECT_GE(file.reads.size(), 5U);
    EXPECT_EQ(evidence::replay(file), kUnknownOpcodeVerdict);
    EXPECT_LE(content_of(folder).size(), most + 400);  // the lines before and behind the reads
  }
}

TEST(Evidence, OfAMessageThatIsLongerSaysSo) {
  const TemporaryFolder folder;
  const CapturedLog log;
  RunningServer server(echo_handlers(), keeping(folder, 1000));
  auto client = RawClient::open(server.port());
  std::string text(200'000, 'x');
  text.back() = '\xFF';
  client.send(text_frame(text));
  EXPECT_EQ(client.read_close_code(), 1007);
  const EvidenceFile file = file_in(folder);
  EXPECT_EQ(file.begins, "inside");
  EXPECT_LE(all_of(file).size(), 1000U);
  EXPECT_THROW(evidence::replay(file), std::runtime_error);
}

TEST(Evidence, OfOneByteReadsIsBoundedToo) {
  const TemporaryFolder folder;
  const CapturedLog log;
  RunningServer server(echo_handlers(), keeping(folder, 1000));
  auto client = RawClient::open(server.port());
  for (const char c : text_frame(std::string(300, 'x'))) {
    client.send(std::string(1, c));
    server.on_thread([] {});
  }
  EXPECT_EQ(client.read_frame().payload.size(), 300U);
  client.send(kUnknownOpcode);
  EXPECT_EQ(client.read_close_code(), 1002);
  EXPECT_LE(content_of(folder).size(), 1000U + 400U);
}

struct Broken {
  const char* name;
  std::string bytes;
  std::string verdict;
};

TEST(Evidence, OfEveryKindShowsTheSameVerdictAgain) {
  const TemporaryFolder folder;
  const CapturedLog log;
  Options options = keeping(folder);
  options.max_message_bytes = 1000;
  options.max_fragments = 2;
  RunningServer server(echo_handlers(), options, [](Server& made) { made.serve("/page", "text/plain", "page"); });
  const std::string page = "GET /page HTTP/1.1\r\nHost: a\r\n\r\n";
  const test::FrameBits part{.fin = false};
  const std::vector<Broken> all = {
      {"utf8", upgrade_request() + text_frame("\xFF"), "1007 text message is not UTF-8 (RFC 6455 8.1)"},
      {"size", upgrade_request() + text_frame(std::string(1001, 'x')),
       "1009 message is larger than the limit (RFC 6455 10.4)"},
      {"fragments", upgrade_request() + client_frame(1, "", part) + client_frame(0, "", part) + client_frame(0, ""),
       "1008 message has more fragments than the limit (RFC 6455 10.4)"},
      {"after a page", page + page + upgrade_request() + kUnknownOpcode, std::string(kUnknownOpcodeVerdict)},
      {"host", page + "GET / HTTP/1.1\r\n\r\n", "400 The Host header is missing."},
      {"key",
       "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n",
       "400 Sec-WebSocket-Key is missing, repeated or not 16 bytes in Base64."},
      {"line feed", "GET / HTTP/1.1\n", "400 A line feed without a carriage return."},
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    break_off(server, all[i].bytes);
    const EvidenceFile file = file_in(folder, "mote-evidence-000" + std::to_string(i));
    EXPECT_EQ(file.verdict, all[i].verdict) << all[i].name;
    EXPECT_EQ(evidence::replay(file), all[i].verdict) << all[i].name;
  }
  EXPECT_EQ(log.size(), all.size());
}

TEST(Evidence, OfCompressedMessagesToo) {
  const TemporaryFolder folder;
  const CapturedLog log;
  for (const bool takeover : {false, true}) {
    Options options = keeping(folder);
    options.compression = {.mode = CompressionMode::on_request, .client_context_takeover = takeover};
    RunningServer server(echo_handlers(), options);
    auto client = RawClient::open(server.port(), "/", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    client.expect_compression();
    client.send(client_frame(2, "\xFF\xFF\xFF", {.reserved = 4}));
    EXPECT_EQ(client.read_close_code(), 1007);
    const EvidenceFile file = file_in(folder, takeover ? "mote-evidence-0001" : "mote-evidence-0000");
    ASSERT_TRUE(file.deflate);
    EXPECT_EQ(file.deflate->takeover, takeover);
    EXPECT_EQ(evidence::replay(file), file.verdict);
  }
}

TEST(Evidence, OfTlsIsPlaintext) {
  const TemporaryFolder folder;
  const CapturedLog log;
  WssServer server(echo_handlers(), keeping(folder));
  auto client = TlsClient::open(server.port());
  client.send(kUnknownOpcode);
  EXPECT_EQ(client.read_close_code(), 1002);
  EXPECT_EQ(all_of(file_in(folder)), upgrade_request() + kUnknownOpcode);
}

TEST(Evidence, IsNotKeptOfWhoKeepsToTheRules) {
  const TemporaryFolder folder;
  RunningServer server(echo_handlers(), keeping(folder));
  {
    auto client = RawClient::open(server.port());
    expect_echo(client);
    client.send(test::close_frame(1000));
    client.read_to_end();
  }
  RawClient page(server.port());
  page.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");  // 426 breaks no rule
  page.read_to_end();
  server.stop();
  EXPECT_EQ(files_in(folder), std::vector<std::string>{});
}

TEST(Evidence, SoManyFilesAreWrittenAndNoneIsOverwritten) {
  const TemporaryFolder folder;
  const CapturedLog log;
  folder.file("mote-evidence-0001", "of another process");
  Options options = keeping(folder);
  options.evidence_files = 3;
  RunningServer server(echo_handlers(), options);
  for (int i = 0; i < 4; ++i) break_off(server, upgrade_request() + kUnknownOpcode);
  EXPECT_EQ(files_in(folder),
            (std::vector<std::string>{"mote-evidence-0000", "mote-evidence-0001", "mote-evidence-0002"}));
  EXPECT_EQ(content_of(folder, "mote-evidence-0001"), "of another process");
  ASSERT_EQ(log.size(), 4U);
  EXPECT_TRUE(log.lines()[1].ends_with("; evidence: mote-evidence-0002")) << log.lines()[1];
  EXPECT_TRUE(log.lines()[2].ends_with("; no evidence: evidence_files are there already")) << log.lines()[2];
}

TEST(Evidence, AFolderThatIsGoneIsSaidInTheSameLine) {
  const CapturedLog log;
  auto folder = std::make_unique<TemporaryFolder>();
  RunningServer server(echo_handlers(), keeping(*folder));
  folder.reset();
  break_off(server, upgrade_request() + kUnknownOpcode);
  ASSERT_EQ(log.size(), 1U);
  EXPECT_NE(log.lines()[0].find("; no evidence: "), std::string::npos) << log.lines()[0];
}

TEST(Evidence, ItsOptionsAreChecked) {
  const TemporaryFolder folder;
  const auto made = [&](auto change) {
    Options options = keeping(folder);
    change(options);
    const Server server("ws://127.0.0.1:0", options);
  };
  EXPECT_NO_THROW(made([](Options& o) { o.evidence_bytes = 16 * 1024 * 1024; }));
  EXPECT_THROW(made([](Options& o) { o.evidence_bytes = 16 * 1024 * 1024 + 1; }), std::invalid_argument);
  EXPECT_THROW(made([](Options& o) { o.evidence_folder = ""; }), std::invalid_argument);
  EXPECT_THROW(made([](Options& o) { o.evidence_folder += "/no"; }), std::invalid_argument);
  EXPECT_THROW(made([](Options& o) { o.evidence_files = 0; }), std::invalid_argument);
  EXPECT_NO_THROW(made([](Options& o) { o.evidence_files = 10'000; }));
  EXPECT_THROW(made([](Options& o) { o.evidence_files = 10'001; }), std::invalid_argument);
}

TEST(EvidenceFile, AnythingElseIsNone) {
  const TemporaryFolder folder;
  const CapturedLog log;
  RunningServer server(echo_handlers(), keeping(folder));
  auto client = RawClient::open(server.port());
  expect_echo(client);
  client.send(kUnknownOpcode);
  EXPECT_EQ(client.read_close_code(), 1002);
  const std::string good = content_of(folder);
  EXPECT_EQ(evidence::parse_evidence(good).reads.size(), 3U);
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_THROW(evidence::parse_evidence(good.substr(0, size)), std::runtime_error) << size;
  }
  EXPECT_THROW(evidence::parse_evidence(good + "x"), std::runtime_error);
}

}  // namespace
}  // namespace mote

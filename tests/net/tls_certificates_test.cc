// Which certificate a `wss://` server shows, which it takes, and new ones while it runs.

#include <gtest/gtest.h>

#include <openssl/ssl.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/certificates.h"
#include "tests/support/running_server.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tls_client.h"
#include "tests/support/wss_server.h"

namespace mote {
namespace {

using namespace std::chrono_literals;
using test::CapturedLog;
using test::CertificateAuthority;
using test::CertificateTerms;
using test::echo_handlers;
using test::eventually;
using test::expect_echo;
using test::Identity;
using test::Journal;
using test::Purpose;
using test::refusal;
using test::RunningServer;
using test::shown;
using test::TemporaryFolder;
using test::test_identity;
using test::test_root;
using test::TlsClient;
using test::TlsSetup;
using test::WssServer;

constexpr std::array kVersions = {TLS1_2_VERSION, TLS1_3_VERSION};

TlsSetup asking_for(std::string name, int version = TLS1_3_VERSION) {
  return {.min_version = version, .max_version = version, .server_name = std::move(name)};
}

/// A certificate whose common name tells it from others.
Identity named(const std::string& common_name) { return test_root().issue({.common_name = common_name}); }

TlsCertificate for_names(const std::string& common_name, std::vector<std::string> names) {
  const Identity identity = named(common_name);
  return {.certificate_chain_pem = identity.certificate_pem,
          .private_key_pem = identity.key_pem,
          .server_names = std::move(names)};
}

std::string common_name_for(std::uint16_t port, const TlsSetup& setup) {
  auto client = TlsClient::open(port, setup);
  expect_echo(client);
  return client.tls().peer_common_name();
}

TlsOptions several_certificates() {
  TlsOptions tls = shown(named("first"));
  tls.server_names = {"test.example", "www.test.example"};
  tls.more_certificates = {for_names("second", {"other.example", "*.wild.example"}),
                           for_names("third", {"*.test.example", "exact.wild.example"})};
  return tls;
}

TEST(ServerName, ChoosesTheFirstCertificateThatIsForIt) {  // RFC 6066 §3
  WssServer server(echo_handlers(), {.tls = several_certificates()});
  for (const int version : kVersions) {
    for (const auto& [name, shows] : std::vector<std::pair<std::string, std::string>>{
             {"test.example", "first"},
             {"www.test.example", "first"},
             {"TEST.Example", "first"},
             {"other.example", "second"},
             {"a.wild.example", "second"},
             {"exact.wild.example", "second"},
             {"api.test.example", "third"},
             {"xn--a.TEST.example", "third"},
             {"", "first"},
         }) {
      EXPECT_EQ(common_name_for(server.port(), asking_for(name, version)), shows) << name;
    }
  }
}

TEST(ServerName, OneThatNoCertificateIsForEndsTheHandshake) {  // RFC 6455 §4.2.2 /1/, checklist 55
  const CapturedLog log;
  WssServer server(echo_handlers(), {.tls = several_certificates()});
  auto bystander = TlsClient::open(server.port(), asking_for("test.example"));
  std::size_t refused = 0;
  for (const int version : kVersions) {
    for (const char* name : {"unknown", "example", "wild.example", "a.b.wild.example", ".wild.example",
                             "a.other.example", "xtest.example", "test.example.org", "a.b.test.example"}) {
      EXPECT_EQ(refusal(server.port(), asking_for(name, version)), SSL_AD_UNRECOGNIZED_NAME) << name;
      EXPECT_TRUE(eventually([&, lines = ++refused] { return log.size() == lines; })) << name;
    }
  }
  expect_echo(bystander);
}

TEST(ServerName, ACertificateWithoutNamesIsForEveryName) {
  TlsOptions tls = several_certificates();
  tls.more_certificates.push_back(for_names("the rest", {}));
  WssServer server(echo_handlers(), {.tls = tls});
  EXPECT_EQ(common_name_for(server.port(), asking_for("unknown")), "the rest");
  EXPECT_EQ(common_name_for(server.port(), asking_for("test.example")), "first");
  tls = shown(named("any"));
  tls.more_certificates = {for_names("named", {"test.example"}), for_names("any too", {})};
  WssServer any_first(echo_handlers(), {.tls = tls});
  EXPECT_EQ(common_name_for(any_first.port(), asking_for("test.example")), "named");
  EXPECT_EQ(common_name_for(any_first.port(), asking_for("unknown")), "any");
  EXPECT_EQ(common_name_for(any_first.port(), asking_for("")), "any");
  WssServer single(echo_handlers(), {.tls = shown(named("only"))});
  EXPECT_EQ(common_name_for(single.port(), asking_for("unknown")), "only");
}

/// A ticket is no way round the names.
TEST(ServerName, AnUnknownOneIsRefusedWithASessionToo) {  // checklist 55
  const CapturedLog log;
  WssServer server(echo_handlers(), {.handshake_timeout = 1s, .tls = several_certificates()});
  for (const int version : kVersions) {
    auto first = TlsClient::open(server.port(), asking_for("test.example", version));
    expect_echo(first);
    TlsSetup again = asking_for("unknown", version);
    again.session = first.tls().session();
    EXPECT_EQ(refusal(server.port(), again), SSL_AD_UNRECOGNIZED_NAME) << version;
  }
}

TEST(ServerCertificate, TheWholeChainIsSent) {
  WssServer server(echo_handlers());  // through an intermediate authority
  for (const int version : kVersions) {
    TlsSetup setup = asking_for("test.example", version);
    setup.ca_pem = test_root().certificate_pem();
    EXPECT_EQ(common_name_for(server.port(), setup), "test.example");
  }
}

Handlers telling_subject(Journal& journal) {
  Handlers handlers = echo_handlers();
  handlers.on_open = [&](Connection& socket) { journal.add(socket.info().tls->peer_subject); };
  return handlers;
}

Options asking_clients(ClientCertificates client_certificates) {
  Options options;
  options.tls.client_certificates = client_certificates;
  if (client_certificates != ClientCertificates::none) options.tls.client_ca_pem = test_root().certificate_pem();
  return options;
}

TlsSetup showing(const Identity& identity, int version) {
  TlsSetup setup = asking_for("test.example", version);
  setup.identity = identity;
  return setup;
}

CertificateTerms visitor() { return {.common_name = "visitor", .organisation = "mote", .purpose = Purpose::client}; }

CertificateTerms valid(CertificateTerms terms, int from_days, int to_days) {
  terms.valid_from_days = from_days;
  terms.valid_to_days = to_days;
  return terms;
}

void expect_bad_client_certificates_refused(std::uint16_t port) {
  for (const int version : kVersions) {
    const auto refused = [&](const Identity& identity) { return refusal(port, showing(identity, version)); };
    EXPECT_EQ(refused(CertificateAuthority("foreign").issue(visitor())), SSL_AD_UNKNOWN_CA);
    EXPECT_EQ(refused(test_root().issue(valid(visitor(), -30, -1))), SSL_AD_CERTIFICATE_EXPIRED);
    EXPECT_EQ(refused(test_root().issue(valid(visitor(), 1, 30))), SSL_AD_BAD_CERTIFICATE);
    EXPECT_EQ(refused(test_identity()), SSL_AD_UNSUPPORTED_CERTIFICATE);  // a server's
  }
}

TEST(ClientCertificate, IsNotAskedForUnlessWanted) {
  Journal journal;
  WssServer server(telling_subject(journal), asking_clients(ClientCertificates::none));
  auto client = TlsClient::open(server.port(), showing(test_root().issue(visitor()), TLS1_3_VERSION));
  expect_echo(client);
  EXPECT_EQ(journal.lines(), std::vector<std::string>{""});
}

TEST(ClientCertificate, WhereRequestedItMayBeMissingButNotWrong) {
  const CapturedLog log;
  Journal journal;
  WssServer server(telling_subject(journal), asking_clients(ClientCertificates::requested));
  for (const int version : kVersions) {
    auto without = TlsClient::open(server.port(), asking_for("", version));
    expect_echo(without);
    EXPECT_EQ(journal.lines().back(), "");
    auto with = TlsClient::open(server.port(), showing(test_root().issue(visitor()), version));
    expect_echo(with);
    EXPECT_EQ(journal.lines().back(), "CN=visitor,O=mote");
  }
  EXPECT_EQ(log.size(), 0U);
  expect_bad_client_certificates_refused(server.port());
  EXPECT_EQ(journal.size(), 4U);
  EXPECT_TRUE(eventually([&] { return log.size() == 8; }));
}

TEST(ClientCertificate, WhereRequiredItMustBeThereAndVerify) {
  const CapturedLog log;
  Journal journal;
  WssServer server(telling_subject(journal), asking_clients(ClientCertificates::required));
  auto bystander = TlsClient::open(server.port(), showing(test_root().issue(visitor()), TLS1_3_VERSION));
  EXPECT_EQ(refusal(server.port(), asking_for("", TLS1_2_VERSION)), SSL_AD_HANDSHAKE_FAILURE);
  EXPECT_EQ(refusal(server.port(), asking_for("", TLS1_3_VERSION)), SSL_AD_CERTIFICATE_REQUIRED);
  EXPECT_TRUE(eventually([&] { return log.size() == 2; }));
  expect_bad_client_certificates_refused(server.port());
  for (const int version : kVersions) {
    const Identity through_another = test_root().intermediate("between").issue(visitor());
    auto client = TlsClient::open(server.port(), showing(through_another, version));
    expect_echo(client);
  }
  expect_echo(bystander);
  EXPECT_EQ(journal.lines(), (std::vector<std::string>(3, "CN=visitor,O=mote")));
}

/// An authority that is no longer trusted is not, either, through what it once vouched for.
TEST(ReloadTls, EndsTheSessionsOfBefore) {
  WssServer server(echo_handlers(), {.tls = shown(named("old"))});
  for (const int version : kVersions) {
    auto first = TlsClient::open(server.port(), asking_for("", version));
    expect_echo(first);
    server->reload_tls(shown(named("new")));
    TlsSetup again = asking_for("", version);
    again.session = first.tls().session();
    auto second = TlsClient::open(server.port(), again);
    EXPECT_FALSE(second.tls().resumed());
    EXPECT_EQ(second.tls().peer_common_name(), "new");
  }
}

/// Comes again and again until told to stop, and notes the names that it is shown.
class Load {
 public:
  explicit Load(std::uint16_t port) : thread_([this, port] { run(port); }) {}
  ~Load() {
    stop_ = true;
    thread_.join();
  }
  [[nodiscard]] const Journal& names() const { return names_; }

 private:
  void run(std::uint16_t port) {
    try {
      while (!stop_) names_.add(common_name_for(port, asking_for("")));
    } catch (const std::exception& error) {
      names_.add(std::string("failed: ").append(error.what()));
    }
  }

  std::atomic<bool> stop_{false};
  Journal names_;
  std::thread thread_;
};

TEST(ReloadTls, UnderLoadNewHandshakesHaveTheNewCertificateAndOldConnectionsLiveOn) {
  WssServer server(echo_handlers(), {.tls = shown(named("generation 0"))});
  auto old = TlsClient::open(server.port());
  const Load load(server.port());
  for (int generation = 1; generation <= 20; ++generation) {
    const std::string name = "generation " + std::to_string(generation);
    server->reload_tls(shown(named(name)));
    EXPECT_EQ(common_name_for(server.port(), asking_for("")), name);
    expect_echo(old);
  }
  EXPECT_TRUE(eventually([&] { return load.names().count("generation 20") != 0; }));
  EXPECT_EQ(load.names().count("failed"), 0U);
}

TEST(ReloadTls, AHandshakeUnderWayKeepsWhatItHas) {
  WssServer server(echo_handlers(), {.tls = shown(named("old"))});
  TlsClient client(server.port());
  server.catch_up();  // accepted
  EXPECT_FALSE(client.tls().handshake());
  const std::string hello = client.tls().take_output();
  client.send_ciphertext(hello.substr(0, hello.size() / 2));
  server.catch_up();
  server->reload_tls(shown(named("new")));
  client.send_ciphertext(hello.substr(hello.size() / 2));
  client.handshake();
  EXPECT_EQ(client.tls().peer_common_name(), "old");
  client.upgrade();
  expect_echo(client);
}

TEST(ReloadTls, AFileThatIsNoGoodLeavesEverythingAsItWas) {
  const TemporaryFolder folder;
  WssServer server(echo_handlers(), {.tls = shown(named("old"))});
  auto open = TlsClient::open(server.port());
  for (const std::string& file : {folder.path_of("missing.pem"), folder.file("garbage.pem", "no certificate")}) {
    TlsOptions bad = shown(named("new"));
    bad.certificate_chain_pem.clear();
    bad.certificate_chain_file = file;
    try {
      server->reload_tls(bad);
      ADD_FAILURE() << file;
    } catch (const std::runtime_error& error) {  // std::system_error
      EXPECT_NE(std::string(error.what()).find(file), std::string::npos) << error.what();
    } catch (const std::invalid_argument& error) {
      EXPECT_NE(std::string(error.what()).find(file), std::string::npos) << error.what();
    }
  }
  EXPECT_THROW(server->reload_tls({}), std::invalid_argument);
  EXPECT_EQ(common_name_for(server.port(), asking_for("")), "old");
  expect_echo(open);
}

TEST(ReloadTls, ChangesClientCertificatesAndVersionsToo) {
  const CapturedLog log;
  WssServer server(echo_handlers(), {.tls = shown(named("old"))});
  TlsOptions stricter = shown(named("new"));
  stricter.client_certificates = ClientCertificates::required;
  stricter.client_ca_pem = test_root().certificate_pem();
  stricter.min_version = TlsVersion::tls_1_3;
  server.on_thread([&] { server->reload_tls(stricter); });  // its own thread may too
  EXPECT_EQ(refusal(server.port(), asking_for("", TLS1_2_VERSION)), SSL_AD_PROTOCOL_VERSION);
  EXPECT_EQ(refusal(server.port(), asking_for("", TLS1_3_VERSION)), SSL_AD_CERTIFICATE_REQUIRED);
  EXPECT_EQ(common_name_for(server.port(), showing(test_root().issue(visitor()), TLS1_3_VERSION)), "new");
}

TEST(ReloadTls, IsNotForAServerWithoutTls) {
  RunningServer server(echo_handlers());
  EXPECT_THROW(server->reload_tls(shown(test_identity())), std::invalid_argument);
}

}  // namespace
}  // namespace mote

// Mistakes in Options::tls: each throws before anything runs, and says which file and why.

#include <gtest/gtest.h>

#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "tests/support/certificates.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tls_client.h"
#include "tests/support/wss_server.h"

namespace mote {
namespace {

using test::echo_handlers;
using test::encrypted_key;
using test::expect_echo;
using test::shown;
using test::TemporaryFolder;
using test::test_identity;
using test::test_root;
using test::TlsClient;
using test::WssServer;

/// What the constructor says; empty where it does not throw.
std::string complaint(const TlsOptions& tls, std::string_view location = "wss://127.0.0.1:0") {
  Options options;
  options.tls = tls;
  try {
    const Server server(location, options);
    return {};
  } catch (const std::invalid_argument& error) {
    return error.what();
  } catch (const std::system_error& error) {
    return error.what();
  }
}

void expect_said(const std::string& text, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    EXPECT_NE(text.find(word), std::string::npos) << "'" << text << "' does not say '" << word << "'";
  }
}

TlsOptions from_files(const std::string& certificate, const std::string& key) {
  return {.certificate_chain_file = certificate, .private_key_file = key};
}

/// The test certificate in files.
struct Files {
  TemporaryFolder folder;
  std::string chain = folder.file("chain.pem", test_identity().certificate_pem);
  std::string key = folder.file("key.pem", test_identity().key_pem);
};

TEST(TlsOptions, FilesAndMemoryServeAlike) {
  const Files files;
  for (const TlsOptions& tls : {from_files(files.chain, files.key), shown(test_identity())}) {
    WssServer server(echo_handlers(), {.tls = tls});
    auto client =
        TlsClient::open(server.port(), {.server_name = "test.example", .ca_pem = test_root().certificate_pem()});
    expect_echo(client);
  }
}

TEST(TlsOptions, AWssServerNeedsACertificateAndItsKey) {
  expect_said(complaint({}), {"certificate_chain"});
  TlsOptions without_key = shown(test_identity());
  without_key.private_key_pem.clear();
  expect_said(complaint(without_key), {"private_key"});
  TlsOptions without_certificate = shown(test_identity());
  without_certificate.certificate_chain_pem.clear();
  expect_said(complaint(without_certificate), {"certificate_chain"});
}

TEST(TlsOptions, AreForWssOnly) {
  for (const char* location : {"ws://127.0.0.1:0", "ws+unix:///tmp/mote-tls-options.sock"}) {
    expect_said(complaint(shown(test_identity()), location), {"tls", "wss"});
  }
}

TEST(TlsOptions, AMissingFileIsNamedWithTheReason) {
  const Files files;
  const std::string missing = files.folder.path_of("missing.pem");
  expect_said(complaint(from_files(missing, files.key)), {missing, "No such file"});
  expect_said(complaint(from_files(files.chain, missing)), {missing, "No such file"});
  TlsOptions tls = from_files(files.chain, files.key);
  tls.client_certificates = ClientCertificates::required;
  tls.client_ca_file = missing;
  expect_said(complaint(tls), {missing, "No such file"});
}

TEST(TlsOptions, AFileThatCannotBeReadIsNamedWithTheReason) {
  const Files files;
  const std::string& folder = files.folder.path();
  expect_said(complaint(from_files(folder, files.key)), {folder, "Is a directory"});
  expect_said(complaint(from_files(files.chain, folder)), {folder, "Is a directory"});
  if (::geteuid() == 0) return;  // root may read everything
  std::filesystem::permissions(files.key, std::filesystem::perms::none);
  expect_said(complaint(from_files(files.chain, files.key)), {files.key, "Permission denied"});
}

TEST(TlsOptions, WhatIsNoPemIsNamed) {
  const Files files;
  for (const auto& content :
       {std::string(), std::string("no PEM"), test_identity().certificate_pem.substr(0, 200),
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + std::string(), std::string(100'000, '\0')}) {
    const std::string garbage = files.folder.file("garbage.pem", content);
    expect_said(complaint(from_files(garbage, files.key)), {garbage});
    expect_said(complaint(from_files(files.chain, garbage)), {garbage});
    TlsOptions tls = from_files(files.chain, files.key);
    tls.client_certificates = ClientCertificates::requested;
    tls.client_ca_file = garbage;
    expect_said(complaint(tls), {garbage});
    TlsOptions memory = shown(test_identity());
    memory.certificate_chain_pem = content + "x";
    expect_said(complaint(memory), {"certificate_chain_pem"});
    memory = shown(test_identity());
    memory.private_key_pem = content + "x";
    expect_said(complaint(memory), {"private_key_pem"});
  }
}

TEST(TlsOptions, AChainWithABrokenSecondCertificateIsNotTakenHalf) {
  const Files files;
  std::string broken = test_identity().certificate_pem;
  broken.erase(broken.rfind("-----BEGIN") + 100, 30);
  const std::string file = files.folder.file("broken.pem", broken);
  expect_said(complaint(from_files(file, files.key)), {file});
}

TEST(TlsOptions, AKeyOfAnotherCertificateIsNamed) {
  const Files files;
  const std::string other = files.folder.file("other.pem", test_root().issue({}).key_pem);
  expect_said(complaint(from_files(files.chain, other)), {other, "match"});
}

TEST(TlsOptions, MoreCertificatesAreCheckedLikeTheFirst) {
  const Files files;
  const std::string missing = files.folder.path_of("missing.pem");
  TlsOptions tls = shown(test_identity());
  tls.more_certificates = {{.certificate_chain_file = files.chain, .private_key_file = missing}};
  expect_said(complaint(tls), {missing, "No such file"});
  tls.more_certificates = {{.server_names = {"a.example"}}};
  expect_said(complaint(tls), {"more_certificates"});
}

TEST(TlsOptions, ClientCertificatesNeedAnAuthority) {
  for (const auto wanted : {ClientCertificates::requested, ClientCertificates::required}) {
    TlsOptions tls = shown(test_identity());
    tls.client_certificates = wanted;
    expect_said(complaint(tls), {"client_ca"});
  }
}

TEST(TlsOptions, AnEncryptedKeyNeedsItsPassword) {
  const Files files;
  const std::string key = files.folder.file("locked.pem", encrypted_key(test_identity().key_pem, "open sesame"));
  TlsOptions tls = from_files(files.chain, key);
  expect_said(complaint(tls), {key, "password"});
  tls.private_key_password = "open barley";
  expect_said(complaint(tls), {key, "password"});
  tls.private_key_password = "open sesame";
  EXPECT_EQ(complaint(tls), "");
}

/// OpenSSL's habit; a service would wait for ever for somebody at a terminal that it may have.
TEST(TlsOptions, NobodyIsAskedForAPassword) {
  const Files files;
  const std::string key = files.folder.file("locked.pem", encrypted_key(test_identity().key_pem, "open sesame"));
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
  if (child == 0) ::_exit(complaint(from_files(files.chain, key)).empty() ? 1 : 0);
  ASSERT_GT(child, 0);
  std::string asked;
  std::array<char, 1000> room{};
  pollfd ready{terminal, POLLIN, 0};
  while (asked.empty() && ::poll(&ready, 1, 10'000) == 1) {
    const ssize_t got = ::read(terminal, room.data(), room.size());
    if (got <= 0) break;  // EIO: the child has ended
    asked.append(room.data(), static_cast<std::size_t>(got));
  }
  ::close(terminal);  // hangs up on a child that still waits
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(asked, "");
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace mote

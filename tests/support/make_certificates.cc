// make_certificates FOLDER: writes certificates for the tests in other languages, each NAME.pem with its NAME.key.
//
//     root.pem          the authority to trust
//     server            for localhost, test.example, 127.0.0.1 and ::1; through an intermediate authority
//     server-rsa        the same with an RSA key
//     expired           the same, until yesterday
//     not-yet-valid     the same, from tomorrow
//     other-name        for other.example
//     foreign           as server, from an authority that nobody trusts
//     client            for the client CN=tester,O=mote
//     client-expired    the same, until yesterday
//     client-foreign    the same, from an authority that nobody trusts

#include <cstdio>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>

#include "tests/support/certificates.h"

namespace {

using mote::test::CertificateAuthority;
using mote::test::CertificateTerms;
using mote::test::Identity;
using mote::test::KeyKind;
using mote::test::Purpose;

void write(const std::string& file, const std::string& content) {
  std::ofstream out(file, std::ios::binary);
  out << content;
  if (!out.flush()) throw std::runtime_error("cannot write " + file);
}

void write(const std::string& folder, const std::string& name, const Identity& identity) {
  const std::string stem = std::string(folder).append("/").append(name);
  write(stem + ".pem", identity.certificate_pem);
  write(stem + ".key", identity.key_pem);
}

CertificateTerms server() {
  return {.common_name = "localhost", .dns_names = {"localhost", "test.example"}, .ip_addresses = {"127.0.0.1", "::1"}};
}

CertificateTerms client() { return {.common_name = "tester", .organisation = "mote", .purpose = Purpose::client}; }

CertificateTerms expired(CertificateTerms terms) {
  terms.valid_from_days = -30;
  terms.valid_to_days = -1;
  return terms;
}

CertificateTerms not_yet_valid(CertificateTerms terms) {
  terms.valid_from_days = 1;
  return terms;
}

CertificateTerms with_rsa(CertificateTerms terms) {
  terms.key = KeyKind::rsa_2048;
  return terms;
}

void write_all(const std::string& folder) {
  const CertificateAuthority root;
  const CertificateAuthority authority = root.intermediate("mote test intermediate");
  const CertificateAuthority stranger("a stranger");
  write(folder + "/root.pem", root.certificate_pem());
  write(folder, "server", authority.issue(server()));
  write(folder, "server-rsa", authority.issue(with_rsa(server())));
  write(folder, "expired", authority.issue(expired(server())));
  write(folder, "not-yet-valid", authority.issue(not_yet_valid(server())));
  write(folder, "other-name", authority.issue({.common_name = "other.example", .dns_names = {"other.example"}}));
  write(folder, "foreign", stranger.issue(server()));
  write(folder, "client", authority.issue(client()));
  write(folder, "client-expired", authority.issue(expired(client())));
  write(folder, "client-foreign", stranger.issue(client()));
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: make_certificates FOLDER\n", stderr);
    return 2;
  }
  try {
    write_all(arguments[1]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "make_certificates: %s\n", error.what());
    return 1;
  }
}

#pragma once

#include <string>

#include "tests/support/certificates.h"

namespace mote::fault {

/// The certificates of all scenarios, made once.
struct Credentials {
  std::string ca_pem;
  test::Identity server;
  test::Identity client;
};

inline const Credentials& credentials() {
  static const Credentials made = [] {
    const test::CertificateAuthority authority;
    return Credentials{
        authority.certificate_pem(),
        authority.issue({.dns_names = {"test.example"}, .ip_addresses = {"127.0.0.1"}}),
        authority.issue({.common_name = "client", .purpose = test::Purpose::client}),
    };
  }();
  return made;
}

}  // namespace mote::fault

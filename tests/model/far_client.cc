#include "tests/model/far_client.h"

#include <string>
#include <string_view>

#include "tests/fault/credentials.h"
#include "tests/support/client_frame.h"

namespace mote::model {
namespace {

constexpr std::string_view kOffer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";

Speech::Context context(std::string_view agreed, std::string_view none) {
  return agreed.find(none) == std::string_view::npos ? Speech::Context::taken_over : Speech::Context::anew;
}

}  // namespace

FarClient::FarClient(House& house, Random& random, unsigned number) : FarEnd(house, random, number, Role::client) {
  std::string lines;
  if (house.options.compression.mode != CompressionMode::off && !random.one_in(4)) lines += kOffer;
  if (opening_ == Opening::wrong) lines += "bad line\r\n";
  words_ = test::upgrade_request("/" + std::to_string(number), lines);
  if (opening_ == Opening::silent) words_.resize(random.below(words_.size()));
}

void FarClient::connect(const fault::Address& address) {
  note("connects");
  if (!wire_.connect(address)) dropped_ = true;
  if (house_.secure) {
    wire_.secure(test::TlsEngine::Side::client, {.server_name = "test.example", .ca_pem = fault::credentials().ca_pem});
  }
  if (opening_ != Opening::in_parts) give_opening();
}

void FarClient::hear_opening() {
  const auto head = fault::read_head(heard_);
  if (!head || status_ != 0) return;
  heard_.erase(0, head->size());
  status_ = std::stoi(head->substr(9, 3));
  note("is answered with " + std::to_string(status_));
  const std::string agreed = fault::field_of(*head, "Sec-WebSocket-Extensions");
  if (!agreed.empty()) {
    agree_on_compression(context(agreed, "client_no_context_takeover"), context(agreed, "server_no_context_takeover"));
  }
  if (status_ == 101) house_.require(may_open(), "a request that is not correct or complete was answered with 101");
}

}  // namespace mote::model

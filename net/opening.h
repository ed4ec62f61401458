#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include <mote/error.h>

#include "net/address_ledger.h"
#include "net/handshake_record.h"
#include "net/socket.h"
#include "proto/deflate_parameters.h"
#include "proto/refusal.h"

namespace mote::net {

/// What is to happen on a connection after an answer.
enum class AfterAnswer {
  next_request,  ///< It persists: the next request may come.
  close,         ///< No more requests are read.
  open,          ///< It is a WebSocket connection now.
  fail,          ///< A client's: there will be no WebSocket connection.
};

struct OpeningAnswer {
  std::string bytes;  // to be written
  AfterAnswer after = AfterAnswer::close;
  HandshakeRecord::Pointer record;                  // open
  std::optional<proto::DeflateParameters> deflate;  // open
  proto::Refusal refusal;                           // close: what was refused; without a text: nothing
  std::optional<Error> error;                       // fail
  std::optional<PeerAddress> client;                // whom a proxy sent the request for
  AddressLedger::Place place;                       // open: where the connection begins to count for that address
};

/// What a connection speaks before it is a WebSocket connection: HTTP, as a server or as a client.
class Opening {
 public:
  /// How many bytes of the input belong to the present head, and the answer once that is complete or wrong.
  struct Step {
    std::size_t consumed = 0;
    bool answered = false;
    OpeningAnswer answer;
  };

  virtual ~Opening() = default;
  /// To be written before anything is read.
  virtual std::string first_words() { return {}; }
  /// `input` is not empty. After an answer with AfterAnswer::next_request the following call begins the next head.
  virtual Step feed(std::span<const std::byte> input) = 0;
  /// The answer to a client that speaks HTTP where TLS is expected.
  virtual OpeningAnswer plain_http_on_tls_port() { return {}; }
  /// Of memory for a head that is not complete.
  [[nodiscard]] virtual std::size_t held_bytes() const { return 0; }
  /// Whether a part of a head has come.
  [[nodiscard]] virtual bool inside_head() const = 0;
};

}  // namespace mote::net

#pragma once

#include <span>
#include <string>

namespace mote::model {

/// What a server may answer to a correct request so that there is no WebSocket connection.
struct WrongAnswer {
  std::string name;
  std::string bytes;  ///< `@` stands for the right Sec-WebSocket-Accept.
  int status = 0;     ///< That the client is told of: of a response other than 101, else 0.
};
std::span<const WrongAnswer> wrong_answers();

/// The right one, before its empty line.
std::string right_answer(const std::string& accept);

}  // namespace mote::model

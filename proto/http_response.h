#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "proto/refusal.h"

namespace mote::proto {

/// RFC 9110 §15; empty for a status that is not registered.
std::string_view reason_phrase(int status);

enum class Persistence { keep_alive, close };

/// omit: the answer to HEAD, with the Content-Length of the body that GET would get (RFC 9110 §9.3.2).
enum class Body { include, omit };

struct ResponseFields {
  int status = 200;                    ///< 200–599: an interim response would be taken for the final one.
  std::string_view content_type = {};  ///< Empty: no such field.
  std::string_view extra_lines = {};   ///< Complete "Name: value\r\n" lines, each valid_field() and no managed_field().
  Persistence persistence = Persistence::keep_alive;
  std::string_view date = {};  ///< From http_date(); empty: no such field.
};

/// Appends a whole response. A status that has no content (204, 205, 304) gets none, whatever `body` is.
void append_response(std::string& out, const ResponseFields& head, std::string_view body, Body mode);

/// Appends a whole text/plain response that ends the connection, with what RFC 9110 demands for its status: Allow for
/// 405 (§15.5.6), Upgrade for 426 (§15.5.22) and the versions that mote speaks (RFC 6455 §4.4).
void append_refusal(std::string& out, const Refusal& refusal, std::string_view date, Body mode);

/// IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7). Outside the years 1970 to 9999 the nearest is given.
std::string http_date(std::time_t seconds);

/// Whether it may be sent as a header field: a token, and a value without controls that could start another line.
bool valid_field(std::string_view name, std::string_view value);

/// Appends `name: value` and CR LF; both are valid_field().
void append_field_line(std::string& out, std::string_view name, std::string_view value);

/// Whether append_response() itself writes that field, or frames the body in a way that excludes it.
bool managed_field(std::string_view name);

}  // namespace mote::proto

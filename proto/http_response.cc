#include "proto/http_response.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <iterator>

#include "proto/ascii.h"

namespace mote::proto {
namespace {

void append_number(std::string& out, std::size_t value) {
  std::array<char, 20> digits;  // as many as 2⁶⁴ has
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), end);
}

void append_padded(std::string& out, unsigned value, std::size_t width) {
  out.append(width, '0');
  for (std::size_t i = out.size(); value != 0 && i > out.size() - width; value /= 10) {
    out[--i] = static_cast<char>('0' + value % 10);
  }
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  if (!value.empty()) append_field_line(out, name, value);
}

void append_status_line(std::string& out, int status) {
  out.append("HTTP/1.1 ");
  append_padded(out, static_cast<unsigned>(status), 3);
  // The space stays where the phrase is empty (RFC 9112 §4).
  out.append(" ").append(reason_phrase(status)).append("\r\n");
}

// RFC 9110 §6.4.1; 205 is among them for a sender (§15.3.6).
bool has_content(int status) { return status != 204 && status != 205 && status != 304; }

// RFC 9110 §8.6: none with 204; in a 304 it would have to be that of the 200 which is not sent.
bool has_content_length(int status) { return status != 204 && status != 304; }

std::string_view refusal_lines(int status) {
  switch (status) {
    case 405:
      return "Allow: GET, HEAD\r\n";
    case 426:
      return "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    default:
      return {};
  }
}

// Everything but the connection's field and the lines that come with it.
void append_content(std::string& out, const ResponseFields& head, std::string_view body, Body mode) {
  append_field(out, "Date", head.date);
  if (has_content(head.status)) {
    append_field(out, "Content-Type", head.content_type);
  } else {
    body = {};
  }
  if (has_content_length(head.status)) {
    out.append("Content-Length: ");
    append_number(out, body.size());
    out.append("\r\n");
  }
  out.append(head.extra_lines).append("\r\n");
  if (mode == Body::include) out.append(body);
}

}  // namespace

std::string_view reason_phrase(int status) {
  switch (status) {
    // clang-format off
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 203: return "Non-Authoritative Information";
    case 204: return "No Content";
    case 205: return "Reset Content";
    case 206: return "Partial Content";
    case 300: return "Multiple Choices";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 305: return "Use Proxy";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 407: return "Proxy Authentication Required";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 426: return "Upgrade Required";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 451: return "Unavailable For Legal Reasons";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 511: return "Network Authentication Required";
    default: return {};
      // clang-format on
  }
}

void append_response(std::string& out, const ResponseFields& head, std::string_view body, Body mode) {
  append_status_line(out, head.status);
  // keep-alive is said as well, because an HTTP/1.0 client counts on it (RFC 9112 §9.3).
  append_field(out, "Connection", head.persistence == Persistence::close ? "close" : "keep-alive");
  append_content(out, head, body, mode);
}

void append_refusal(std::string& out, const Refusal& refusal, std::string_view date, Body mode) {
  append_status_line(out, refusal.status);
  // A sender of Upgrade names it in Connection (RFC 9110 §7.8), also where the connection ends: the protocol is for the
  // next.
  append_field(out, "Connection", refusal.status == 426 ? "Upgrade, close" : "close");
  const ResponseFields head{.status = refusal.status,
                            .content_type = "text/plain; charset=utf-8",
                            .extra_lines = refusal_lines(refusal.status),
                            .persistence = Persistence::close,
                            .date = date};
  append_content(out, head, refusal.text, mode);
}

std::string http_date(std::time_t seconds) {
  constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  constexpr std::time_t kLast = 253'402'300'799;  // 9999-12-31T23:59:59Z
  using namespace std::chrono;
  const sys_seconds time{std::chrono::seconds{std::clamp<std::time_t>(seconds, 0, kLast)}};
  const sys_days day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  const auto append_clock = [](std::string& out, auto count, std::string_view after) {
    append_padded(out, static_cast<unsigned>(count.count()), 2);
    out.append(after);
  };

  std::string out;
  out.append(kDays.substr(weekday{day}.c_encoding() * 3, 3)).append(", ");
  append_padded(out, static_cast<unsigned>(date.day()), 2);
  out.append(" ").append(kMonths.substr((static_cast<unsigned>(date.month()) - 1) * 3, 3)).append(" ");
  append_padded(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  out.append(" ");
  append_clock(out, clock.hours(), ":");
  append_clock(out, clock.minutes(), ":");
  append_clock(out, clock.seconds(), " GMT");
  return out;
}

bool valid_field(std::string_view name, std::string_view value) {
  return is_token(name) && consists_of(kFieldValue, value);
}

void append_field_line(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

bool managed_field(std::string_view name) {
  constexpr std::string_view kManaged[] = {"Connection", "Content-Length", "Date", "Transfer-Encoding"};
  return std::any_of(std::begin(kManaged), std::end(kManaged),
                     [&](std::string_view managed) { return equals_ignoring_case(name, managed); });
}

}  // namespace mote::proto

// The values of header fields that hold lists: elements lie where they came from and say the same when they are joined
// again, extensions are read within their element, and cookies are found as they were listed.

#include <optional>
#include <string>
#include <vector>

#include <mote/headers.h>

#include "proto/extension.h"
#include "proto/field_list.h"
#include "tests/fuzz/input.h"

namespace {

using namespace mote::fuzz;
using mote::proto::FieldList;
using mote::test::ExactBlock;

std::vector<std::string_view> elements_of(std::string_view value) {
  std::vector<std::string_view> elements;
  FieldList list(value);
  while (const std::optional<std::string_view> element = list.next()) {
    check(!element->empty() && *element == mote::proto::trim_ows(*element));
    check_inside(*element, value);
    elements.push_back(*element);
  }
  check(!list.next());
  return elements;
}

void check_extension(std::string_view element) {
  mote::proto::ExtensionReader reader(element);
  if (!reader.name().empty()) check_inside(reader.name(), element);
  check(!reader.ok() || mote::proto::is_token(reader.name()));
  while (const auto parameter = reader.next()) {
    check(mote::proto::is_token(parameter->name));
    check_inside(parameter->name, element);
    check(!parameter->value || mote::proto::is_token(*parameter->value));
  }
}

// An unclosed quote would swallow what is appended to it; it can only be the last one.
void check_joined(const std::vector<std::string_view>& elements) {
  std::string joined;
  for (const std::string_view element : elements) joined.append(joined.empty() ? "" : " ,, \t").append(element);
  check(elements_of(joined) == elements);
}

void check_fields(const mote::Headers& headers, const std::vector<std::string_view>& elements) {
  std::size_t at = 0;
  const bool stopped = mote::proto::any_element(headers, "list", [&](std::string_view element) {
    check(at < elements.size() && element == elements[at]);
    ++at;
    return false;
  });
  check(!stopped && at == elements.size());
}

void check_cookies(const mote::Headers& headers) {
  const mote::Cookies cookies(headers);
  std::vector<mote::Cookie> seen;
  for (const mote::Cookie& cookie : cookies) {
    check_inside(cookie.name, headers.lines());
    check_inside(cookie.value, headers.lines());
    seen.push_back(cookie);
  }
  check(seen.size() == cookies.size() && seen.empty() == cookies.empty());
  for (const mote::Cookie& cookie : seen) {
    std::size_t first = 0;
    while (seen[first].name != cookie.name) ++first;
    check(cookies.find(cookie.name) == seen[first].value);
  }
}

// Field values have no control characters but tabs: the head was parsed before.
std::string value_from(std::string_view bytes) {
  std::string value(bytes);
  for (char& c : value) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F) c = ',';
  }
  return std::string(mote::proto::trim_ows(value));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 512) return 0;
  const std::string value = value_from(Input(data, size).take_rest());
  const ExactBlock block(value);
  const auto elements = elements_of(block.view());
  for (const std::string_view element : elements) check_extension(element);
  check_joined(elements);
  const ExactBlock lines("LIST: " + value + "\r\nx: y\r\ncookie: " + value + "\r\nlist:\r\nCookie:a=b\r\n");
  const mote::Headers headers(lines.view());
  check(headers.size() == 5 && headers.count("List") == 2 && headers["Cookie"] == value);
  check_fields(headers, elements);
  check_cookies(headers);
  return 0;
}

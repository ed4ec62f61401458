#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <string_view>

namespace mote {

/// One header field: the name as it was sent, the value without the white space around it.
struct Header {
  std::string_view name;
  std::string_view value;
};

/// The header fields of a request in the order they came, duplicates kept; names compare without case (RFC 9110 §5.1).
///
/// A view: valid as long as the request or connection it was taken from.
class Headers {
 public:
  class iterator {
   public:
    using value_type = Header;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;

    iterator() = default;
    explicit iterator(std::string_view rest);
    const Header& operator*() const { return header_; }
    const Header* operator->() const { return &header_; }
    iterator& operator++();
    iterator operator++(int);
    bool operator==(const iterator& other) const { return header_.name.data() == other.header_.name.data(); }

   private:
    std::string_view rest_;  // the lines after header_
    Header header_;
  };

  Headers() = default;
  /// `lines`: field lines that are known to be well-formed, each ended by CR LF.
  explicit Headers(std::string_view lines) : lines_(lines) {}

  [[nodiscard]] iterator begin() const { return iterator(lines_); }
  [[nodiscard]] iterator end() const { return {}; }
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool empty() const { return lines_.empty(); }
  /// The value of the first field of that name.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  /// The same, or an empty view where there is none.
  [[nodiscard]] std::string_view operator[](std::string_view name) const {
    return find(name).value_or(std::string_view{});
  }
  /// How many fields have that name.
  [[nodiscard]] std::size_t count(std::string_view name) const;
  /// The field lines as they came, each ended by CR LF.
  [[nodiscard]] std::string_view lines() const { return lines_; }

 private:
  std::string_view lines_;
};

/// One pair of a Cookie header; a value in double quotes keeps them, as RFC 6265 §4.1.1 has it.
struct Cookie {
  std::string_view name;
  std::string_view value;
};

/// The cookies of a request in the order they came (RFC 6265 §5.4); names compare with case. A view, as Headers is.
class Cookies {
 public:
  class iterator {
   public:
    using value_type = Cookie;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;

    iterator() = default;
    explicit iterator(Headers::iterator field);
    const Cookie& operator*() const { return cookie_; }
    const Cookie* operator->() const { return &cookie_; }
    iterator& operator++();
    iterator operator++(int);
    bool operator==(const iterator& other) const { return cookie_.name.data() == other.cookie_.name.data(); }

   private:
    Headers::iterator field_;  // the next field to look at
    std::string_view rest_;    // of the present Cookie field
    Cookie cookie_;
  };

  Cookies() = default;
  explicit Cookies(Headers headers) : headers_(headers) {}

  [[nodiscard]] iterator begin() const { return iterator(headers_.begin()); }
  [[nodiscard]] iterator end() const { return {}; }
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool empty() const { return begin() == end(); }
  /// The value of the first cookie of that name.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] std::string_view operator[](std::string_view name) const {
    return find(name).value_or(std::string_view{});
  }

 private:
  Headers headers_;
};

}  // namespace mote

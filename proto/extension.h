#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mote::proto {

inline constexpr std::string_view kExtensionsField = "Sec-WebSocket-Extensions";

/// Reads one element of a Sec-WebSocket-Extensions field (RFC 6455 §9.1):
///
///     extension-token *( ";" extension-param ), extension-param = token [ "=" ( token | quoted-string ) ]
///
/// White space may stand around each part. What a quoted string holds must be a token, too.
class ExtensionReader {
 public:
  struct Parameter {
    std::string_view name;             ///< Into the element.
    std::optional<std::string> value;  ///< Unquoted.
  };

  /// `element`: from a FieldList; outlives the reader.
  explicit ExtensionReader(std::string_view element);

  /// Empty where the element does not begin with a token.
  [[nodiscard]] std::string_view name() const { return name_; }
  /// None at the end, and where the grammar is broken.
  std::optional<Parameter> next();
  /// Whether what was read so far is well-formed.
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  bool take_value(std::string& value);

  std::string_view rest_;
  std::string_view name_;
  bool ok_;
};

}  // namespace mote::proto

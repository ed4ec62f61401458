# cmake -D INPUT=page.html -D OUTPUT=page.h -D NAME=kPage -P embed_file.cmake
#
# Writes a header with the bytes of INPUT as `inline constexpr std::string_view NAME`. An array of characters, not a
# string literal: it has no length limit, needs no escapes, and takes bytes above 127.

file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "(..)" "'\\\\x\\1', " bytes "${bytes}")
string(REPEAT "'....', " 16 row)
string(REGEX REPLACE "(${row})" "\\1\n    " bytes "${bytes}")
string(REGEX REPLACE " +(\n|$)" "\\1" bytes "${bytes}")
get_filename_component(file ${INPUT} NAME)

file(WRITE ${OUTPUT} "\
// Made from ${file} by cmake/embed_file.cmake.
#pragma once

#include <string_view>

inline constexpr char ${NAME}Bytes[] = {
    ${bytes}
};
inline constexpr std::string_view ${NAME}(${NAME}Bytes, sizeof ${NAME}Bytes);
")

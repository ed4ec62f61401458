# The compiler warnings of mote's own targets. PRIVATE, always: a program that uses mote chooses its own.

set(MOTE_WARNING_FLAGS
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Wnon-virtual-dtor -Wcast-qual
  -Wundef)

function(mote_warnings target)
  target_compile_options(${target} PRIVATE ${MOTE_WARNING_FLAGS} $<$<BOOL:${MOTE_WARNINGS_AS_ERRORS}>:-Werror>)
endfunction()

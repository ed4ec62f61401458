# pkg-config --static with the installed prefix.
set(folder ${WORK_DIR}/pkg_config)
file(REMOVE_RECURSE ${folder})
file(MAKE_DIRECTORY ${folder})
file(GLOB_RECURSE description ${WORK_DIR}/prefix/*/mote.pc)
execute_process(COMMAND pkg-config --static --cflags --libs ${description}
  OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(flags UNIX_COMMAND "${flags}")
separate_arguments(cxx_flags UNIX_COMMAND "${CXX_FLAGS}")
execute_process(
  COMMAND ${CXX} -std=c++20 ${cxx_flags} -Wall -Wextra -Werror -o ${folder}/consumer
    ${CMAKE_CURRENT_LIST_DIR}/project/consumer.cc ${flags}
  COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${folder}/consumer COMMAND_ERROR_IS_FATAL ANY)

# Configures PROJECT in FOLDER with the further arguments, builds it, and runs its program `consumer`.
function(build_and_run project folder)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -G Ninja -S ${project}/project -B ${folder} -D CMAKE_CXX_COMPILER=${CXX}
      -D "CMAKE_CXX_FLAGS=${CXX_FLAGS}" ${ARGN}
    COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${CMAKE_COMMAND} --build ${folder} COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${folder}/consumer COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# add_subdirectory(mote) from a source tree. Unoptimised: only whether it builds and runs is of interest.
file(REMOVE_RECURSE ${WORK_DIR}/add_subdirectory)
include(${CMAKE_CURRENT_LIST_DIR}/build_and_run.cmake)
build_and_run(${CMAKE_CURRENT_LIST_DIR} ${WORK_DIR}/add_subdirectory/build -D MOTE_SOURCE_DIR=${SOURCE_DIR})

# find_package(mote) in the installed prefix, after that was moved.
set(moved ${WORK_DIR}/find_package/moved)
file(REMOVE_RECURSE ${WORK_DIR}/find_package)
file(COPY ${WORK_DIR}/prefix/ DESTINATION ${moved})
include(${CMAKE_CURRENT_LIST_DIR}/build_and_run.cmake)
build_and_run(${CMAKE_CURRENT_LIST_DIR} ${WORK_DIR}/find_package/build -D CMAKE_PREFIX_PATH=${moved})

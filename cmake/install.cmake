# `cmake --install`: the library, its headers, and what find_package(mote) and pkg-config read. The installed tree may
# be moved: both find the rest relative to themselves.

include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/mote)
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(TARGETS mote EXPORT mote-targets)
install(DIRECTORY include/mote DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT mote-targets NAMESPACE mote:: DESTINATION ${package_dir})

configure_package_config_file(cmake/mote-config.cmake.in ${PROJECT_BINARY_DIR}/mote-config.cmake
  INSTALL_DESTINATION ${package_dir})
# Before 1.0 a minor version may change the API.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/mote-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/mote-config.cmake ${PROJECT_BINARY_DIR}/mote-config-version.cmake
  cmake/FindISAL.cmake DESTINATION ${package_dir})

cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX}/${pkgconfig_dir} OUTPUT_VARIABLE pkgconfig_to_prefix)
configure_file(cmake/mote.pc.in ${PROJECT_BINARY_DIR}/mote.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/mote.pc DESTINATION ${pkgconfig_dir})

#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace mote::test {

/// A folder that is removed, with all that is in it, at the end of the scope.
class TemporaryFolder {
 public:
  TemporaryFolder() : path_((std::filesystem::temp_directory_path() / "mote-test-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("cannot make " + path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::string& path() const { return path_; }
  /// The path of a file in it, which need not exist.
  [[nodiscard]] std::string path_of(std::string_view name) const { return std::string(path_).append("/").append(name); }
  /// Writes a file and answers its path.
  std::string file(std::string_view name, std::string_view content) const {
    std::ofstream out(path_of(name), std::ios::binary);
    out << content;
    if (!out.flush()) throw std::runtime_error("cannot write " + path_of(name));
    return path_of(name);
  }

 private:
  std::string path_;
};

}  // namespace mote::test

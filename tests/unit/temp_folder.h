// TempFolder: a folder of its own for one test, removed with all it holds.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

#include "os/unique_fd.h"

namespace aws {

class TempFolder {
 public:
  TempFolder() {
    std::string name = testing::TempDir() + "/aws_unit_XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp " + name);
    path_ = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  // Writes a file, and the folders that lead to it.
  std::string write(const std::string& name, std::string_view content) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    return file.string();
  }

  void make_folder(const std::string& name) const {
    std::filesystem::create_directories(path_ / name);
  }

  void link(const std::string& name, const std::string& target) const {
    std::filesystem::create_symlink(target, path_ / name);
  }

 private:
  std::filesystem::path path_;
};

// `size` bytes in which no two neighbouring stretches are alike.
[[nodiscard]] inline std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t state = 12345;
  for (char& byte : bytes) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<char>(state >> 56);
  }
  return bytes;
}

// An empty file of `size` bytes in memory, where any size that an off_t can hold is possible.
[[nodiscard]] inline UniqueFd sparse_file(off_t size) {
  UniqueFd file(::memfd_create("sparse", MFD_CLOEXEC));
  if (::ftruncate(file.get(), size) != 0) throw std::runtime_error("ftruncate");
  return file;
}

[[nodiscard]] inline UniqueFd open_file(const std::string& name) {
  return UniqueFd(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
}

// How many descriptors this process holds.
[[nodiscard]] inline std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

}  // namespace aws

#include "os/mount_points.h"

#include <limits.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <sstream>

namespace aws {
namespace {

// Decodes the escapes of mountinfo: "\040" is a space.
std::string decoded(const std::string& field) {
  std::string text;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] == '\\' && i + 3 < field.size()) {
      text += static_cast<char>(std::stoi(field.substr(i + 1, 3), nullptr, 8));
      i += 3;
    } else {
      text += field[i];
    }
  }
  return text;
}

bool contains(std::string_view directory, std::string_view path) {
  if (directory == "/") return true;
  return path.starts_with(directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

}  // namespace

std::string mount_point_of(std::string_view path) {
  if (!path.starts_with('/')) return "";
  std::string longest = "/";
  std::ifstream table("/proc/self/mountinfo");
  for (std::string line; std::getline(table, line);) {
    std::istringstream fields(line);
    std::string skipped;
    std::string directory;  // the fifth field
    fields >> skipped >> skipped >> skipped >> skipped >> directory;
    directory = decoded(directory);
    if (contains(directory, path) && directory.size() > longest.size()) longest = directory;
  }
  return longest;
}

std::string path_of(int file) {
  const std::string link = "/proc/self/fd/" + std::to_string(file);
  std::array<char, PATH_MAX> path{};
  const ssize_t size = ::readlink(link.c_str(), path.data(), path.size());
  return size < 0 ? "" : std::string(path.data(), static_cast<std::size_t>(size));
}

}  // namespace aws

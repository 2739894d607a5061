#include "os/mount_points.h"

#include <limits.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <fstream>
#include <sstream>
#include <system_error>

namespace aws {
namespace {

// Decodes the escapes of mountinfo, three octal digits: "\\040" is a space.
std::string decoded(std::string_view field) {
  std::string text;
  while (!field.empty()) {
    unsigned char byte = 0;
    const bool is_escape = field.front() == '\\' && field.size() > 3 &&
                           std::from_chars(&field[1], &field[1] + 3, byte, 8).ec == std::errc();
    text += is_escape ? static_cast<char>(byte) : field.front();
    field.remove_prefix(is_escape ? 4 : 1);
  }
  return text;
}

bool contains(std::string_view directory, std::string_view path) {
  if (directory == "/") return true;
  return path.starts_with(directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

}  // namespace

MountPoints::MountPoints() : directories_{"/"} {
  std::ifstream table("/proc/self/mountinfo");
  for (std::string line; std::getline(table, line);) {
    std::istringstream fields(line);
    std::string skipped;
    std::string directory;  // the fifth field
    fields >> skipped >> skipped >> skipped >> skipped >> directory;
    directories_.push_back(decoded(directory));
  }
}

std::string_view MountPoints::of(std::string_view path) const {
  if (!path.starts_with('/')) return "";
  std::string_view longest = "/";
  for (const std::string& directory : directories_) {
    if (directory.size() > longest.size() && contains(directory, path)) longest = directory;
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

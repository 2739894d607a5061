// Media types by file name: a built-in table of the usual ones, then /etc/mime.types.
//
// Read-only once built: all threads share one.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>

namespace aws {

class MediaTypes {
 public:
  MediaTypes();  // the built-in table only

  // Adds what the table lacks from a file in mime.types(5) format: "type ext ext …" a line, '#'
  // begins a comment. A missing file adds nothing.
  void add_file(const std::filesystem::path& file);

  // The Content-Type of a file of this name, by its last extension in any case; text types with
  // charset=utf-8. application/octet-stream if the extension is unknown or there is none.
  [[nodiscard]] std::string_view of(std::string_view file_name) const;

 private:
  void add(std::string_view extension, std::string_view type);

  std::unordered_map<std::string, std::string> by_extension_;
};

}  // namespace aws

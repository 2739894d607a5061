// Media types by file name: the operator's file, a built-in table of the usual ones, then
// /etc/mime.types.
//
// Read-only once built: all threads share one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>

namespace aws {

class MediaTypes {
 public:
  // The built-in table. `unknown` is the type of an unknown extension, or of none.
  explicit MediaTypes(std::string_view unknown = "application/octet-stream");

  // Adds the types of a file in mime.types(5) format: "type ext ext …" a line, '#' begins a
  // comment; a byte-order mark at the start is skipped. Where the table has the extension already,
  // `wins` says which one counts. A missing file adds nothing. Returns false if the file cannot be
  // read to its end; what came before is added.
  enum class Wins : std::uint8_t { Table, File };
  [[nodiscard]] bool add_file(const std::filesystem::path& file, Wins wins = Wins::Table);

  // The Content-Type of a file of this name, by its last extension in any case; text types with
  // charset=utf-8, unless the type says it all itself.
  [[nodiscard]] std::string_view of(std::string_view file_name) const;

 private:
  void add_line(std::string_view line, Wins wins);
  void add(std::string_view extension, std::string_view type, Wins wins);

  std::string unknown_;
  std::unordered_map<std::string, std::string> by_extension_;
};

}  // namespace aws

#include "http/media_type.h"

#include <array>
#include <fstream>
#include <sstream>

#include "http/ascii.h"
#include "http/byte_order_mark.h"

namespace aws {
namespace {

struct Row {
  std::string_view extension;
  std::string_view type;
};

// What web pages are made of, and what /etc/mime.types has wrong or may lack: a browser refuses a
// module of another type than text/javascript, and WebAssembly of another than application/wasm.
constexpr std::array kUsual = {
    Row{"html", "text/html"},
    Row{"htm", "text/html"},
    Row{"css", "text/css"},
    Row{"js", "text/javascript"},
    Row{"mjs", "text/javascript"},
    Row{"txt", "text/plain"},
    Row{"log", "text/plain"},
    Row{"md", "text/markdown"},
    Row{"csv", "text/csv"},
    Row{"xml", "text/xml"},
    Row{"vtt", "text/vtt"},
    Row{"ics", "text/calendar"},
    Row{"json", "application/json"},
    Row{"map", "application/json"},
    Row{"webmanifest", "application/manifest+json"},
    Row{"wasm", "application/wasm"},
    Row{"pdf", "application/pdf"},
    Row{"zip", "application/zip"},
    Row{"gz", "application/gzip"},
    Row{"zst", "application/zstd"},
    Row{"tar", "application/x-tar"},
    Row{"bin", "application/octet-stream"},
    Row{"dat", "application/octet-stream"},
    Row{"svg", "image/svg+xml"},
    Row{"png", "image/png"},
    Row{"jpg", "image/jpeg"},
    Row{"jpeg", "image/jpeg"},
    Row{"gif", "image/gif"},
    Row{"webp", "image/webp"},
    Row{"avif", "image/avif"},
    Row{"ico", "image/vnd.microsoft.icon"},
    Row{"woff", "font/woff"},
    Row{"woff2", "font/woff2"},
    Row{"ttf", "font/ttf"},
    Row{"otf", "font/otf"},
    Row{"mp3", "audio/mpeg"},
    Row{"ogg", "audio/ogg"},
    Row{"wav", "audio/wav"},
    Row{"flac", "audio/flac"},
    Row{"mp4", "video/mp4"},
    Row{"m4v", "video/mp4"},
    Row{"webm", "video/webm"},
    Row{"mov", "video/quicktime"},
};

std::string with_charset(std::string_view type) {
  std::string value(type);
  if (type.starts_with("text/") && type.find(';') == std::string_view::npos) {
    value += "; charset=utf-8";
  }
  return value;
}

}  // namespace

MediaTypes::MediaTypes(std::string_view unknown) : unknown_(with_charset(unknown)) {
  for (const Row& row : kUsual)
    add(row.extension, row.type, Wins::Table);
}

bool MediaTypes::add_file(const std::filesystem::path& file, Wins wins) {
  std::ifstream lines(file);
  lines.exceptions(std::ios::badbit);  // else a stream hides that memory has run out
  bool is_first = true;
  try {
    for (std::string line; std::getline(lines, line); is_first = false)
      add_line(is_first ? without_byte_order_mark(line) : line, wins);
  } catch (const std::ios::failure&) {  // read(2)
    return false;
  }
  return true;
}

void MediaTypes::add_line(std::string_view line, Wins wins) {
  std::istringstream words(std::string(line.substr(0, line.find('#'))));
  words.exceptions(std::ios::badbit);
  std::string type;
  std::string extension;
  words >> type;
  while (words >> extension)
    add(extension, type, wins);
}

void MediaTypes::add(std::string_view extension, std::string_view type, Wins wins) {
  std::string key;
  for (const char c : extension)
    key += to_lower(c);
  if (wins == Wins::File) {
    by_extension_[std::move(key)] = with_charset(type);
  } else {
    by_extension_.emplace(std::move(key), with_charset(type));  // what came first stays
  }
}

std::string_view MediaTypes::of(std::string_view file_name) const {
  const std::size_t dot = file_name.rfind('.');
  const std::size_t slash = file_name.rfind('/');
  if (dot == std::string_view::npos || (slash != std::string_view::npos && slash > dot)) {
    return unknown_;
  }
  std::string key;
  for (const char c : file_name.substr(dot + 1))
    key += to_lower(c);
  const auto found = by_extension_.find(key);
  return found == by_extension_.end() ? unknown_ : std::string_view(found->second);
}

}  // namespace aws

// The request target: percent-decoding and dot segments, done before anything is opened.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace aws {

struct Target {
  // Decoded once, dot segments resolved, empty segments dropped, without a leading or a trailing
  // slash: "static/a b.txt". Empty for "/". Never climbs above the root, holds no NUL.
  std::string_view path;
  // The target ended in a slash (or in a dot segment), so it names a folder.
  bool is_folder = false;
  // As sent, without its question mark; may be empty.
  std::string_view query;
  bool has_query = false;
};

// Reads origin-form ("/path?query") and absolute-form ("http://host/path") targets (RFC 9112
// section 3.2). nullopt if `target` is neither, or has a malformed escape, a NUL or a
// fragment: the answer is 400.
// The result views `target` itself where its path stands there as it is, as it mostly does; else
// what was made of it, in `made`. Both must outlive it.
[[nodiscard]] std::optional<Target> parse_target(std::string_view target, std::string& made);

// The path as an origin-form target again: "static/it's a" → "/static/it%27s%20a". Every byte but
// slashes and unreserved characters (RFC 3986 section 2.3) is encoded: simple clients undo no other
// escapes, and take only these characters as they are.
[[nodiscard]] std::string encode_path(std::string_view path);

// Encodes one segment of a path in the same way; a slash in it is encoded.
[[nodiscard]] std::string encode_segment(std::string_view name);

}  // namespace aws

// The words of a listing: escaping for HTML and JSON, sizes and times as people and programs
// read them.
//
// All results are valid UTF-8, whatever bytes a name is made of: a byte that is part of no
// character becomes U+FFFD. Pure functions: any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace aws {

// Appends `text` for use between tags or in a quoted attribute. Control characters, which HTML
// would swallow or take for a line's end, become the pictures that Unicode has of them (U+2400
// and on); what would turn the characters behind it round becomes U+FFFD, like what is no UTF-8.
void append_html(std::string& out, std::string_view text);

// Appends `text` as a string with its quotation marks (RFC 8259 section 7).
void append_json(std::string& out, std::string_view text);

// The reference to the entry called `name` in the directory that a page shows: "a%20b", or "a%20b/"
// for a directory. It holds unreserved characters, percent signs and that slash alone: no colon,
// which would make a scheme of "javascript:" (RFC 3986 section 4.2), and nothing that HTML or JSON
// escape.
[[nodiscard]] std::string entry_reference(std::string_view name, bool is_folder);

// "0 B", "999 B", "1.4 KiB", "14 MiB": powers of 1024, two or more digits.
[[nodiscard]] std::string human_size(std::uint64_t bytes);

// A count with its thousands set apart: "10,000".
[[nodiscard]] std::string grouped(std::uint64_t count);

// "2026-11-21T10:00:00Z" (RFC 3339). Years that do not have four digits, or are 0, become the
// nearest that do.
[[nodiscard]] std::string iso_time(std::int64_t seconds);

}  // namespace aws

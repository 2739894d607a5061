// The Range field (RFC 9110 section 14): which bytes of a file are wanted, and Content-Range, which
// says what they are.
//
// A range list is a client's lever on our disk, so what comes out is bounded: no byte of the file
// is named twice, whatever was asked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aws {

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // the last byte that belongs to it: a range is never empty

  [[nodiscard]] std::uint64_t length() const { return last - first + 1; }
  bool operator==(const ByteRange&) const = default;
};

struct Ranges {
  // More members than this in one list, and the list is ignored. Download managers use about ten;
  // Apache takes 200, lighttpd 10, nginx any number.
  static constexpr std::size_t kLimit = 64;
  // Ranges with fewer bytes between them are sent as one, since a part's head costs as much
  // (RFC 9110 section 15.3.7.2).
  static constexpr std::uint64_t kGap = 100;

  enum class Kind : std::uint8_t {
    Ignore,         // answer as if there were no Range field
    Unsatisfiable,  // 416, with unsatisfied_range()
    Partial,        // 206 of `list`
  };

  Kind kind = Kind::Ignore;
  // Of Partial: at least one range, all within the file and at least kGap bytes apart, in the order
  // in which the client named them first.
  std::vector<ByteRange> list;
};

// Reads `field`, the value of a Range field, against a file of `length` bytes. Ignored are lists
// that are malformed, have a member that is, ask for a unit other than bytes, have more than
// Ranges::kLimit members, or ask for more bytes than the file has. Positions may have any number of
// digits.
//
// A member beyond the end of the file is left out; if all are, the list is unsatisfiable. The last
// so many bytes of an empty file are the whole of it, which no 206 can tell: ignored, too.
[[nodiscard]] Ranges parse_ranges(std::string_view field, std::uint64_t length);

// The value of Content-Range: "bytes 0-9/100" for a part of a file of `length` bytes, and
// "bytes */100" for a 416 (RFC 9110 section 14.4).
[[nodiscard]] std::string content_range(const ByteRange& range, std::uint64_t length);
[[nodiscard]] std::string unsatisfied_range(std::uint64_t length);

}  // namespace aws

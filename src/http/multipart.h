// Multipart: the text between the parts of a multipart/byteranges body (RFC 9110 section 14.6), and
// its length, which must be known before the first part is sent.
//
//   head(first range)   its bytes   head(next range)   its bytes   …   end()
//
// Every delimiter begins with its CR LF (RFC 2046 section 5.1.1), the first one too, although a
// body could begin with the dashes: clients such as zsync take a line end for granted there, since
// the widespread servers send it. Nothing follows the close delimiter's line, where clients look
// for the next answer.
//
// It knows where the parts stand in the file, not what they hold.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/ranges.h"

namespace aws {

class Multipart {
 public:
  // `content_type` is what a 200 would have; empty: none. `length` is the file's, in bytes.
  // `number` makes the boundary: it should differ from answer to answer and be hard to guess, or
  // whoever writes files could forge a boundary in one.
  Multipart(std::string_view content_type, std::uint64_t length, std::uint64_t number);

  // The Content-Type of the answer.
  [[nodiscard]] std::string content_type() const;

  // What stands before a part's bytes: the delimiter, and the part's fields.
  [[nodiscard]] std::string head(const ByteRange& range) const;

  // What stands behind the last part's bytes: the close delimiter.
  [[nodiscard]] std::string end() const;

  // The length of the whole body, in bytes, with `ranges` as parse_ranges() gave them. nullopt if
  // the whole file would be no longer: then it is the better answer (RFC 9110 section 14.2 lets a
  // server ignore a Range).
  [[nodiscard]] std::optional<std::uint64_t> body_length(std::span<const ByteRange> ranges) const;

 private:
  std::string boundary_;
  std::string part_type_;
  std::uint64_t length_;
};

// 20 characters that need no quotes in a media type, different for every `number`.
[[nodiscard]] std::string make_boundary(std::uint64_t number);

}  // namespace aws

#include "http/multipart.h"

#include <fmt/compile.h>
#include <fmt/format.h>

namespace aws {

std::string make_boundary(std::uint64_t number) {
  return fmt::format(FMT_COMPILE("part{:016x}"), number);
}

Multipart::Multipart(std::string_view content_type, std::uint64_t length, std::uint64_t number)
    : boundary_(make_boundary(number)), part_type_(content_type), length_(length) {}

std::string Multipart::content_type() const {
  return "multipart/byteranges; boundary=" + boundary_;
}

std::string Multipart::head(const ByteRange& range) const {
  std::string text = "\r\n--" + boundary_;
  if (!part_type_.empty()) {
    text += "\r\nContent-Type: ";
    text += part_type_;
  }
  text += "\r\nContent-Range: ";
  text += content_range(range, length_);
  text += "\r\n\r\n";
  return text;
}

std::string Multipart::end() const {
  return "\r\n--" + boundary_ + "--\r\n";
}

std::optional<std::uint64_t> Multipart::body_length(std::span<const ByteRange> ranges) const {
  std::uint64_t left = length_;  // counts down, since a sum could overflow
  const auto fits = [&left](std::uint64_t bytes) {
    const bool does = bytes < left;
    if (does) left -= bytes;
    return does;
  };
  for (const ByteRange& range : ranges) {
    if (!fits(range.length()) || !fits(head(range).size())) return std::nullopt;
  }
  if (!fits(end().size())) return std::nullopt;
  return length_ - left;
}

}  // namespace aws

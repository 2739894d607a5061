#include "http/target.h"

#include <algorithm>
#include <vector>

#include "http/ascii.h"

namespace aws {
namespace {

// The path of an absolute-form target; RFC 9112 section 3.2.2 has every server accept one.
// An unknown scheme gives back the target itself, which then is no path.
std::string_view without_authority(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equals_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    if (target.empty() || target.front() == '/' || target.front() == '?') return {};  // no host
    const std::size_t end = std::min(target.find_first_of("/?"), target.size());
    return end == target.size() || target[end] == '?' ? "/" : target.substr(end);
  }
  return target;
}

// nullopt: a '%' without two hexadecimal digits, or an encoded NUL.
std::optional<std::string> decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0 || high + low == 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

// RFC 3986 section 5.2.4, on decoded text: "..%2f" must not mean less than "../".
void resolve_segments(std::string_view text, Target& target) {
  std::vector<std::string_view> segments;
  while (!text.empty()) {
    text.remove_prefix(1);  // the slash before the segment
    const std::string_view segment = text.substr(0, text.find('/'));
    text.remove_prefix(segment.size());
    target.is_folder = segment.empty() || segment == "." || segment == "..";
    if (segment == ".." && !segments.empty()) segments.pop_back();
    if (!target.is_folder) segments.push_back(segment);
  }
  for (const std::string_view segment : segments) {
    if (!target.path.empty()) target.path += '/';
    target.path += segment;
  }
}

bool is_plain(char c) {
  constexpr std::string_view kMarks = "/-._~!$&'()*+,;=:@";
  return (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'z') ||
         kMarks.find(c) != std::string_view::npos;
}

}  // namespace

std::optional<Target> parse_target(std::string_view raw) {
  Target target;
  // Clients keep fragments to themselves, and no path has a NUL, encoded or not.
  constexpr std::string_view kNever("#\0", 2);
  if (raw.find_first_of(kNever) != std::string_view::npos) return std::nullopt;
  const std::size_t question = raw.find('?');
  if (question != std::string_view::npos) {
    target.has_query = true;
    target.query = raw.substr(question + 1);
  }
  const std::string_view path = without_authority(raw.substr(0, question));
  if (!path.starts_with('/')) return std::nullopt;
  const std::optional<std::string> decoded = decode(path);
  if (!decoded) return std::nullopt;
  resolve_segments(*decoded, target);
  return target;
}

std::string encode_path(std::string_view path) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded = "/";
  for (const char c : path) {
    if (is_plain(c)) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += kDigits[byte / 16];
      encoded += kDigits[byte % 16];
    }
  }
  return encoded;
}

}  // namespace aws

#include "http/target.h"

#include <algorithm>

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

// False: a '%' without two hexadecimal digits, or an encoded NUL.
bool decode(std::string_view text, std::string& decoded) {
  decoded.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return false;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0 || high + low == 0) return false;
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return true;
}

bool is_dots(std::string_view segment) {
  return segment == "." || segment == "..";
}

// Drops empty and dot segments of `text`, which begins with a slash, in place: what is left begins
// with one, or is empty (RFC 3986 section 5.2.4). On decoded text: "..%2f" must not mean less than
// "../".
void resolve_segments(std::string& text) {
  const std::string_view whole = text;
  std::size_t kept = 0;  // bytes, at the front
  std::size_t next = 0;
  while (next < whole.size()) {
    const std::size_t begin = next;  // at the slash before the segment
    next = std::min(whole.find('/', begin + 1), whole.size());
    const std::string_view segment = whole.substr(begin + 1, next - begin - 1);
    if (segment == ".." && kept > 0) kept = whole.rfind('/', kept - 1);
    if (segment.empty() || is_dots(segment)) continue;
    std::copy_n(whole.data() + begin, next - begin, text.data() + kept);
    kept += next - begin;
  }
  text.resize(kept);
}

// Whether a path means what it says, but for a slash at its end.
bool is_resolved(std::string_view path) {
  return path.find('%') == std::string_view::npos && path.find("//") == std::string_view::npos &&
         path.find("/.") == std::string_view::npos;
}

void append_encoded(std::string& text, char c) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  text += '%';
  text += kDigits[byte / 16];
  text += kDigits[byte % 16];
}

// RFC 3986 section 2.3.
bool is_unreserved(char c) {
  constexpr std::string_view kMarks = "-._~";
  return (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'z') ||
         kMarks.find(c) != std::string_view::npos;
}

}  // namespace

std::optional<Target> parse_target(std::string_view raw, std::string& made) {
  Target target;
  // Clients keep fragments to themselves, and no path has a NUL, encoded or not.
  constexpr std::string_view kNever("#\0", 2);
  if (raw.find_first_of(kNever) != std::string_view::npos) return std::nullopt;
  const std::size_t question = raw.find('?');
  if (question != std::string_view::npos) {
    target.has_query = true;
    target.query = raw.substr(question + 1);
  }
  std::string_view path = without_authority(raw.substr(0, question));
  if (!path.starts_with('/')) return std::nullopt;
  if (is_resolved(path)) {
    target.is_folder = path.ends_with('/');
  } else {
    if (!decode(path, made)) return std::nullopt;
    const std::string_view last = std::string_view(made).substr(made.rfind('/') + 1);
    target.is_folder = last.empty() || is_dots(last);
    resolve_segments(made);
    path = made;
  }
  if (path.ends_with('/')) path.remove_suffix(1);
  if (!path.empty()) path.remove_prefix(1);
  target.path = path;
  return target;
}

std::string encode_path(std::string_view path) {
  std::string text = "/";
  while (!path.empty()) {
    const std::string_view segment = path.substr(0, path.find('/'));
    text += encode_segment(segment);
    path.remove_prefix(segment.size());
    if (path.empty()) break;
    text += '/';
    path.remove_prefix(1);
  }
  return text;
}

std::string encode_segment(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (is_unreserved(c)) {
      text += c;
    } else {
      append_encoded(text, c);
    }
  }
  return text;
}

}  // namespace aws

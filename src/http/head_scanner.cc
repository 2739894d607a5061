#include "http/head_scanner.h"

#include <algorithm>
#include <array>

#include "http/ascii.h"

namespace aws {
namespace {

constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (char c = '0'; c <= '9'; ++c)
    table[static_cast<unsigned char>(c)] = true;
  for (char c = 'a'; c <= 'z'; ++c)
    table[static_cast<unsigned char>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c)
    table[static_cast<unsigned char>(c)] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}

constexpr std::array<bool, 256> kTokenTable = make_token_table();

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return kTokenTable[static_cast<unsigned char>(c)];
  });
}

int HeadScanner::scan(std::string_view received) {
  for (;;) {
    const std::size_t line_feed = received.find('\n', searched_);
    if (line_feed == std::string_view::npos) {
      searched_ = received.size();
      return check_partial_line(received.substr(scanned_));
    }
    if (line_feed == scanned_ || received[line_feed - 1] != '\r') return 400;  // bare LF
    const std::string_view line = received.substr(scanned_, line_feed - 1 - scanned_);
    const std::size_t line_start = scanned_;
    scanned_ = searched_ = line_feed + 1;

    if (has_line() && line.empty()) {
      complete_ = true;
      return 200;
    }
    if (line.empty()) {  // RFC 9112 section 2.2: ignore empty lines before the request line
      line_begin_ = scanned_;
      if (line_begin_ > kLeadingLimit) return 400;
      continue;
    }
    const int status = has_line() ? check_field_line(line) : check_request_line(line);
    if (status != 200) return status;
    if (!has_line()) line_end_ = line_start + line.size();
  }
}

// A line whose end has not come: 0, or the status of what no end can mend.
int HeadScanner::check_partial_line(std::string_view part) const {
  if (has_line()) {
    if (part.empty() || part == "\r") return 0;  // it may well be the empty line
    const std::size_t fields = scanned_ - line_end_ - kLineEnd + part.size() + 1;
    return fields > kFieldsLimit ? 431 : 0;
  }
  if (!part.empty() && part.front() == '\r') return part.size() > 1 ? 400 : 0;
  const std::string_view method = part.substr(0, part.find(' '));
  if (method.size() > kMethodLimit) return 400;
  if (!part.empty() && !is_token(method)) return 400;  // TLS sent to a plain port, for one
  if (part.size() > method.size() + 1 + kTargetLimit + 1 + kVersionSize + 1) return 414;
  return 0;
}

// method SP request-target SP HTTP-version, with single spaces (RFC 9112 section 3).
int HeadScanner::check_request_line(std::string_view line) {
  const std::size_t first_space = line.find(' ');
  if (first_space > kMethodLimit) return 400;  // so is npos
  if (!is_token(line.substr(0, first_space))) return 400;
  if (line.size() > first_space + 1 + kTargetLimit + 1 + kVersionSize) return 414;
  method_end_ = line_begin_ + first_space;

  const std::size_t last_space = line.rfind(' ');
  if (last_space <= first_space + 1) return 400;
  const std::string_view target = line.substr(first_space + 1, last_space - first_space - 1);
  if (std::any_of(target.begin(), target.end(), [](char c) { return is_control(c) || c == ' '; })) {
    return 400;
  }
  const std::string_view version = line.substr(last_space + 1);
  const bool well_formed = version.size() == kVersionSize && version.starts_with("HTTP/") &&
                           is_digit(version[5]) && version[6] == '.' && is_digit(version[7]);
  if (!well_formed) return 400;
  return version[5] == '1' ? 200 : 505;
}

// field-name ":" OWS field-value OWS; no space before the colon, no obs-fold, no CR or NUL or any
// other control character but a tab (RFC 9112 section 5, RFC 9110 section 5.5).
int HeadScanner::check_field_line(std::string_view line) {
  if (scanned_ - line_end_ - kLineEnd > kFieldsLimit) return 431;
  if (++field_count_ > kFieldCountLimit) return 431;
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return 400;
  const std::string_view value = line.substr(colon + 1);
  const bool clean =
      std::none_of(value.begin(), value.end(), [](char c) { return is_control(c) && c != '\t'; });
  return clean ? 200 : 400;
}

}  // namespace aws

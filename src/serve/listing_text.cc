#include "serve/listing_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>

#include "http/target.h"

namespace aws {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr unsigned char kDelete = 0x7F;

// The bytes of the character that `text`, which is not empty, begins with; 0 if there is none: too
// long a form, a surrogate, beyond U+10FFFF or cut off (the Unicode Standard, table 3-7).
std::size_t character_size(std::string_view text) {
  const auto byte = [text](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const unsigned lowest = lead == 0xE0 ? 0xA0 : (lead == 0xF0 ? 0x90 : 0x80);
  const unsigned highest = lead == 0xED ? 0x9F : (lead == 0xF4 ? 0x8F : 0xBF);
  if (byte(1) < lowest || byte(1) > highest) return 0;
  const std::size_t size = lead < 0xE0 ? 2 : (lead < 0xF0 ? 3 : 4);
  for (std::size_t i = 2; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return size;
}

// Appends `text` with each ASCII character as `append_ascii` has it, and each other one as
// `append_wide` has it.
template <typename AppendAscii, typename AppendWide>
void append_characters(std::string& out, std::string_view text, AppendAscii append_ascii,
                       AppendWide append_wide) {
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    if (size == 0) {
      out += kReplacement;
    } else if (size == 1) {
      append_ascii(text.front());
    } else {
      append_wide(text.substr(0, size));
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
}

// Whether the character is none to be seen, but one that turns others round: U+202A to U+202E, and
// U+2066 to U+2069. With U+202E, a name that ends in "gnp.exe" would look like one in "exe.png".
bool turns_others(std::string_view character) {
  const auto last = static_cast<unsigned char>(character.back());
  return (character.starts_with("\xE2\x80") && last >= 0xAA && last <= 0xAE) ||
         (character.starts_with("\xE2\x81") && last >= 0xA6 && last <= 0xA9);
}

void append_html_ascii(std::string& out, char c) {
  switch (c) {
    case '&':
      out += "&amp;";
      return;
    case '<':
      out += "&lt;";
      return;
    case '>':
      out += "&gt;";
      return;
    case '"':
      out += "&quot;";
      return;
    case '\'':
      out += "&#39;";
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x20 && byte != kDelete) {
    out += c;
  } else {  // U+2400 … U+241F, U+2421
    out += "\xE2\x90";
    out += static_cast<char>(0x80 + (byte == kDelete ? 0x21 : byte));
  }
}

}  // namespace

void append_html(std::string& out, std::string_view text) {
  append_characters(
      out, text, [&out](char c) { append_html_ascii(out, c); },
      [&out](std::string_view wide) { out += turns_others(wide) ? kReplacement : wide; });
}

void append_json(std::string& out, std::string_view text) {
  out += '"';
  const auto append_ascii = [&out](char c) {
    if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", c + 0);
      return;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  };
  append_characters(out, text, append_ascii, [&out](std::string_view wide) { out += wide; });
  out += '"';
}

std::string entry_reference(std::string_view name, bool is_folder) {
  return encode_segment(name) + (is_folder ? "/" : "");
}

std::string human_size(std::uint64_t bytes) {
  constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (size >= 1023.5) {  // what would be rounded to 1024 is 1.0 of the next unit
    size /= 1024;
    ++unit;
  }
  return size < 9.95 ? fmt::format("{:.1f} {}", size, kUnits[unit])
                     : fmt::format("{:.0f} {}", size, kUnits[unit]);
}

std::string grouped(std::uint64_t count) {
  std::string text = fmt::format("{}", count);
  for (std::size_t end = text.size(); end > 3; end -= 3)
    text.insert(end - 3, 1, ',');
  return text;
}

std::string iso_time(std::int64_t seconds) {
  constexpr std::int64_t kFirst = -62'135'596'800;  // 0001-01-01T00:00:00Z
  constexpr std::int64_t kLast = 253'402'300'799;   // 9999-12-31T23:59:59Z
  using namespace std::chrono;
  const sys_seconds time{std::chrono::seconds(std::clamp(seconds, kFirst, kLast))};
  const sys_days day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace aws

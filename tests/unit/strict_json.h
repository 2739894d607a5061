// StrictJson: a slow and obvious reader of RFC 8259 for tests, which lets nothing pass.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aws {

// A value: text as a string's content or as a number's or literal's spelling.
struct Json {
  enum class Kind : std::uint8_t { String, Number, Literal, Array, Object };
  Kind kind = Kind::Literal;
  std::string text;
  std::vector<Json> items;         // of an array; of an object, the members' values
  std::vector<std::string> names;  // of an object's members

  // The member called `name`, or nullptr.
  [[nodiscard]] const Json* operator[](std::string_view name) const {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] == name) return &items[i];
    }
    return nullptr;
  }
};

class StrictJson {
 public:
  // nullopt if `text` is not one JSON value in valid UTF-8, or an object says a name twice.
  static std::optional<Json> parse(std::string_view text) {
    if (!is_utf8(text)) return std::nullopt;
    StrictJson parser(text);
    Json value;
    parser.space();
    if (!parser.value(value)) return std::nullopt;
    parser.space();
    if (!parser.rest_.empty()) return std::nullopt;
    return value;
  }

  // By decoding to code points and looking at these, unlike the code under test.
  static bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
      const unsigned lead = static_cast<unsigned char>(text[i]);
      const std::size_t size = lead < 0x80   ? 1
                               : lead < 0xC0 ? 0
                               : lead < 0xE0 ? 2
                               : lead < 0xF0 ? 3
                                             : 4;
      if (size == 0 || lead >= 0xF8 || i + size > text.size()) return false;
      unsigned point = size == 1 ? lead : lead & (0xFFU >> (size + 1));
      for (std::size_t k = 1; k < size; ++k) {
        const unsigned byte = static_cast<unsigned char>(text[i + k]);
        if (byte / 64 != 2) return false;
        point = point * 64 + byte % 64;
      }
      constexpr unsigned kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
      if (point < kLeast[size] || point > 0x10FFFF || point / 0x800 == 0x1B) return false;
      i += size;
    }
    return true;
  }

 private:
  explicit StrictJson(std::string_view text) : rest_(text) {}

  void space() {
    while (!rest_.empty() && std::string_view(" \t\r\n").find(rest_.front()) != rest_.npos) {
      rest_.remove_prefix(1);
    }
  }

  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  bool value(Json& into) {
    if (rest_.starts_with('"')) {
      into.kind = Json::Kind::String;
      return string(into.text);
    }
    if (take("[")) return list(into, Json::Kind::Array, "]");
    if (take("{")) return list(into, Json::Kind::Object, "}");
    for (const std::string_view literal : {"true", "false", "null"}) {
      if (!take(literal)) continue;
      into.text = literal;
      return true;
    }
    return number(into);
  }

  bool list(Json& into, Json::Kind kind, std::string_view end) {
    into.kind = kind;
    space();
    if (take(end)) return true;
    for (;;) {
      space();
      if (kind == Json::Kind::Object) {
        std::string name;
        if (!string(name) || into[name] != nullptr) return false;
        into.names.push_back(std::move(name));
        space();
        if (!take(":")) return false;
        space();
      }
      if (!value(into.items.emplace_back())) return false;
      space();
      if (take(end)) return true;
      if (!take(",")) return false;
    }
  }

  // Whole numbers are all that listings have.
  bool number(Json& into) {
    into.kind = Json::Kind::Number;
    const std::size_t size = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    into.text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return size == 1 || (size > 1 && into.text.front() != '0');
  }

  bool string(std::string& into) {
    if (!take("\"")) return false;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c != '\\') {
        into += c;
      } else if (!escape(into)) {
        return false;
      }
    }
    return false;
  }

  // Of \u forms only those of ASCII: listings need no others.
  bool escape(std::string& into) {
    if (rest_.empty()) return false;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == '"' || c == '\\' || c == '/') {
      into += c;
      return true;
    }
    if (c != 'u' || rest_.size() < 4 || !rest_.starts_with("00")) return false;
    const std::string digits(rest_.substr(0, 4));
    if (digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) return false;
    into += static_cast<char>(std::stoi(digits, nullptr, 16));
    rest_.remove_prefix(4);
    return true;
  }

  std::string_view rest_;
};

}  // namespace aws

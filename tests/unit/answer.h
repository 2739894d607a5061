// Answer: a response as a test reads it from the bytes that a client was sent.
#pragma once

#include <cctype>
#include <charconv>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace aws {

struct Answer {
  int status = 0;
  std::string status_line;
  std::map<std::string, std::string> fields;  // names in lower case
  std::string body;

  [[nodiscard]] std::string operator[](const std::string& name) const {
    const auto field = fields.find(name);
    return field == fields.end() ? "" : field->second;
  }
  [[nodiscard]] bool has(const std::string& name) const { return fields.count(name) > 0; }
};

// Takes the first answer off `bytes`; nullopt, and `bytes` as it was, if it is not complete or is
// malformed. An answer to HEAD has no body whatever its Content-Length says.
[[nodiscard]] inline std::optional<Answer> take_answer(std::string_view& bytes,
                                                       bool to_head = false) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos || !bytes.starts_with("HTTP/1.1 ")) return std::nullopt;
  std::string_view head = bytes.substr(0, end + 2);
  Answer answer;
  answer.status_line = head.substr(0, head.find("\r\n"));
  std::from_chars(head.data() + 9, head.data() + 12, answer.status);
  head.remove_prefix(head.find("\r\n") + 2);
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(line.size() + 2);
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) return std::nullopt;
    std::string name(line.substr(0, colon));
    for (char& c : name)
      c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (!answer.fields.emplace(name, line.substr(colon + 2)).second) return std::nullopt;  // twice
  }
  std::size_t length = 0;
  const std::string text = answer["content-length"];
  std::from_chars(text.data(), text.data() + text.size(), length);
  if (to_head) length = 0;
  if (bytes.size() - end - 4 < length) return std::nullopt;
  answer.body = bytes.substr(end + 4, length);
  bytes.remove_prefix(end + 4 + length);
  return answer;
}

}  // namespace aws

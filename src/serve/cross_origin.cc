#include "serve/cross_origin.h"

#include <algorithm>
#include <string_view>

#include "http/ascii.h"
#include "http/head_scanner.h"

namespace aws {
namespace {

// Whether `list` is nothing but field names, so that it may be given back.
bool is_name_list(std::string_view list) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (!is_token(trimmed(list.substr(0, comma)))) return false;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return true;
}

}  // namespace

std::string cross_origin_fields() {
  return "Access-Control-Allow-Origin: *\r\n"
         "Access-Control-Expose-Headers: Accept-Ranges, Content-Encoding, Content-Length, "
         "Content-Range, Date, ETag\r\n";
}

std::string preflight_fields(const Request& request) {
  if (request[Field::Origin].empty() || request[Field::AccessControlRequestMethod].empty()) {
    return {};
  }
  std::string lines =
      "Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n"
      "Access-Control-Max-Age: 86400\r\n";
  const std::string_view wanted = request[Field::AccessControlRequestHeaders];
  if (!wanted.empty() && is_name_list(wanted)) {
    lines.append("Access-Control-Allow-Headers: ").append(wanted).append("\r\n");
  }
  return lines;
}

}  // namespace aws

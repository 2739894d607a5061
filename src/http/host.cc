#include "http/host.h"

#include <arpa/inet.h>

#include <algorithm>
#include <string>

#include "http/ascii.h"

namespace aws {
namespace {

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'z');
}

bool is_port(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// reg-name = *( unreserved / pct-encoded / sub-delims ); an IPv4 address is one too.
bool is_registered_name(std::string_view text) {
  constexpr std::string_view kMarks = "-._~!$&'()*+,;=";
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const bool escape =
          i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
      if (!escape) return false;
      i += 2;
    } else if (!is_alphanumeric(text[i]) && kMarks.find(text[i]) == std::string_view::npos) {
      return false;
    }
  }
  return !text.empty();
}

bool is_ipv6(std::string_view text) {
  in6_addr address{};
  return ::inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

}  // namespace

bool is_valid_host(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || !is_ipv6(text.substr(1, end - 1))) return false;
    const std::string_view rest = text.substr(end + 1);
    return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
  }
  const std::size_t colon = text.find(':');
  if (!is_registered_name(text.substr(0, colon))) return false;
  return colon == std::string_view::npos || is_port(text.substr(colon + 1));
}

}  // namespace aws

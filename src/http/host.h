// The Host field's grammar: uri-host [ ":" port ] (RFC 9110 section 7.2, RFC 3986 section 3.2.2).
#pragma once

#include <string_view>

namespace aws {

// Whether `text` could name a host. An empty name could not: http URIs must have one
// (RFC 9110 section 4.2.1).
[[nodiscard]] bool is_valid_host(std::string_view text);

}  // namespace aws

// The Accept field (RFC 9110 section 12.5.1): which of two media types a client would rather have.
#pragma once

#include <string_view>

namespace aws {

// Whether `accept` names `type` itself ("text/html"), not by a wildcard, and does not refuse it.
[[nodiscard]] bool names_media_type(std::string_view accept, std::string_view type);

// Whether `accept` weighs `type` more than `other`, both plain types such as "application/json".
// An empty field takes both alike, so the answer is false.
[[nodiscard]] bool prefers(std::string_view accept, std::string_view type, std::string_view other);

}  // namespace aws

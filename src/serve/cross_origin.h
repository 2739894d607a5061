// Cross-origin resource sharing, for --cors: pages of any origin may read what is here (the Fetch
// standard, "CORS protocol"). Nothing here depends on cookies, so "*" is safe.
#pragma once

#include <string>

#include "http/request.h"

namespace aws {

// Lines for every answer: who may read it, and which of its fields.
[[nodiscard]] std::string cross_origin_fields();

// Lines for an answer to OPTIONS that asks beforehand (a preflight); empty if `request` is none.
[[nodiscard]] std::string preflight_fields(const Request& request);

}  // namespace aws

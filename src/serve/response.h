// Response: an answer as values: a head, and a body that pumps itself into the socket.
#pragma once

#include <memory>
#include <string_view>

#include "http/response_head.h"
#include "serve/body.h"

namespace aws {

struct Response {
  ResponseHead head;
  std::unique_ptr<Body> body;          // nullptr: nothing follows the head
  std::string_view engine = "memory";  // which kind of body this is, for the log: a literal
};

// A small HTML page that says what `status` means; an empty one for 204.
[[nodiscard]] Response status_response(Sys& sys, int status);

}  // namespace aws

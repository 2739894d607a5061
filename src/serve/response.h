// Response: an answer as values: a head, and a body that pumps itself into the socket, or a page.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "http/conditional.h"
#include "http/response_head.h"
#include "serve/body.h"

namespace aws {

struct Response {
  ResponseHead head;
  std::unique_ptr<Body> body;  // nullptr: nothing follows the head, but for the page
  bool head_in_body = false;   // the body sends the head, too: an image
  std::string_view page = {};  // short content that is sent together with the head; outlives it

  // For the log: what serves it ("static", "dynamic/gzip", "static/br"), and what decided that it
  // is not simply the whole file ("if-none-match", "1 range"); empty: nothing.
  std::string engine = "memory";
  std::string decision;
};

// What the log and the trace say of it: "206 static, 1 range".
[[nodiscard]] std::string summary(const Response& response);

// What `response`, which has its validators and no content yet, becomes by a decision that is not
// to proceed: 304 or 412, both without a body.
[[nodiscard]] Response decided(Response response, const Decision& decision);

// The status that an errno of open(2), fstat(2) or read(2) becomes. A directory where a file should
// be is no error of the kernel's: 0 is 404, too.
[[nodiscard]] int status_of_error(int error);

// An answer whose content is status_page(), if there is one.
[[nodiscard]] Response status_response(int status);

}  // namespace aws

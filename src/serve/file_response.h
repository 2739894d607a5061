// FileResponse: a representation becomes a response: preconditions first, then ranges, then whole.
#pragma once

#include <memory>
#include <string_view>

#include "http/request.h"
#include "serve/body_tools.h"
#include "serve/file_body.h"
#include "serve/representation.h"
#include "serve/response.h"

namespace aws {

// One kind of resource: the folder of the root it lives in, and how its files are sent.
struct ResourceKind {
  std::string_view folder;
  std::string_view engine;  // its name in the log
  bool can_encode;          // whether its bytes pass through us
  bool can_be_image;        // whether a small file may be sent from a copy in memory
  std::unique_ptr<FileBody> (*make_body)(const BodyTools&, SharedFd, Completion&);
};

// The answer to `request`, a GET or a HEAD, by `representation` (RFC 9110 sections 13 and 14): 200,
// 206, 304, 406, 412 or 416. `completion` is notified when a read or a task for the body is done.
[[nodiscard]] Response file_response(const Request& request, const ResourceKind& kind,
                                     Representation representation, const BodyTools& tools,
                                     Completion& completion);

// The body that sends the whole of `opened`, a regular file; nullptr if it is empty.
[[nodiscard]] std::unique_ptr<Body> whole_body(const ResourceKind& kind, OpenedFile opened,
                                               const BodyTools& tools, Completion& completion);

// Whether the ETag and Last-Modified that are told of the file now are told until it changes: not
// while it is fresh, nor within the second of its change, nor while its time is ahead.
[[nodiscard]] bool has_lasting_validators(const struct stat& status, const Moment& now);

}  // namespace aws

#include "serve/response.h"

#include <fmt/core.h>

#include <cerrno>
#include <string_view>

#include "http/status.h"

namespace aws {
namespace {

// What is short (descriptors, listings) is there again when another answer ends.
constexpr std::string_view kRetryAfter = "Retry-After: 1\r\n";  // seconds

}  // namespace

Response decided(Response response, const Decision& decision) {
  const bool failed = decision.verdict == Verdict::PreconditionFailed;
  response.head.status = failed ? 412 : 304;
  if (failed) response.head.content_length = 0;
  response.decision = decision.reason;
  return response;
}

Response status_response(int status) {
  Response response;
  response.head.status = status;
  response.page = status_page(status);
  if (response.page.empty()) return response;
  response.head.content_type = "text/html; charset=utf-8";
  response.head.content_length = response.page.size();
  if (status == 503) response.head.more_fields = kRetryAfter;
  return response;
}

int status_of_error(int error) {
  switch (error) {
    case 0:
    case ENOENT:
    case ENOTDIR:
    case EXDEV:  // it leads out of the root: to the client, it is not there
    case ELOOP:
    case ENAMETOOLONG:
    case ENXIO:  // a socket
    case ENODEV:
    case EINVAL:
    case ESPIPE:  // a stream, such as a trace
    case ESRCH:   // of a process that has ended
      return 404;
    case EACCES:
    case EPERM:
      return 403;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
      return 503;
    default:
      return 500;
  }
}

std::string summary(const Response& response) {
  return fmt::format("{} {}{}{}", response.head.status, response.engine,
                     response.decision.empty() ? "" : ", ", response.decision);
}

}  // namespace aws

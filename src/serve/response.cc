#include "serve/response.h"

#include <fmt/core.h>

#include <string_view>

#include "http/status.h"
#include "serve/memory_body.h"

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

Response status_response(Sys& sys, int status) {
  Response response;
  response.head.status = status;
  if (status == 204) return response;
  std::string page = fmt::format(
      "<!DOCTYPE html>\n"
      "<html lang=\"en\">\n"
      "<head><meta charset=\"utf-8\"><title>{0} {1}</title></head>\n"
      "<body><h1>{0} {1}</h1><p>{2}</p></body>\n"
      "</html>\n",
      status, reason_phrase(status), explanation(status));
  response.head.content_type = "text/html; charset=utf-8";
  response.head.content_length = page.size();
  response.body = std::make_unique<MemoryBody>(sys, std::move(page));
  if (status == 503) response.head.more_fields = kRetryAfter;
  return response;
}

std::string summary(const Response& response) {
  return fmt::format("{} {}{}{}", response.head.status, response.engine,
                     response.decision.empty() ? "" : ", ", response.decision);
}

}  // namespace aws

// Resources: a request becomes a response.
//
// The table of kinds at the top of resources.cc is the whole map of the site: a new kind of
// resource is a *_body of its own and one row there.
// Read-only once built, but for the count of listings under way: all threads share one.
#pragma once

#include <string>
#include <string_view>

#include "http/request.h"
#include "serve/body_tools.h"
#include "serve/document_root.h"
#include "serve/file_answers.h"
#include "serve/listing_slots.h"
#include "serve/response.h"
#include "serve/site.h"
#include "serve/visit.h"

namespace aws {

class Resources {
 public:
  // Throws std::runtime_error, one line, if the site's root is no folder.
  explicit Resources(Site site);
  Resources(const Resources&) = delete;
  Resources& operator=(const Resources&) = delete;

  // The answer to `request`; never fails, since an error is an answer too. `completion`
  // is notified when a read or a task for the body is done.
  [[nodiscard]] Response answer(const Request& request, const BodyTools& tools,
                                Completion& completion) const;

  // The answer 503, whatever `request` asks for: the file system of its path does not answer.
  [[nodiscard]] Response unavailable(const Request& request) const;

  // The absolute path that `request` asks for; "" if its target is malformed. Looks nothing up.
  [[nodiscard]] std::string path_of(const Request& request) const;

 private:
  [[nodiscard]] Response finished(const Request& request, Response response) const;
  [[nodiscard]] Response respond(const Request& request, const BodyTools& tools,
                                 Completion& completion) const;
  [[nodiscard]] Response find(const Visit& visit) const;
  [[nodiscard]] Response open_front_page(const Visit& visit) const;
  [[nodiscard]] Response open_folder(const Visit& visit, const ResourceKind& kind) const;
  [[nodiscard]] Response list_folder(const Visit& visit, SharedFd folder) const;
  [[nodiscard]] Response fall_back(const Visit& visit, Response missing) const;
  [[nodiscard]] bool is_hidden(std::string_view path) const;

  Site site_;
  DocumentRoot root_;
  std::string common_fields_;  // of every answer: the operator's, CORS, nosniff
  mutable ListingSlots listing_slots_;
  FileAnswers files_;
};

}  // namespace aws

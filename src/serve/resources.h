// Resources: a request becomes a response.
//
// The table of kinds at the top of resources.cc is the whole map of the site: a new kind of
// resource is a *_body of its own and one row there.
// Read-only once built: all threads share one.
#pragma once

#include <string>

#include "http/media_type.h"
#include "http/request.h"
#include "http/target.h"
#include "os/aio.h"
#include "os/sys.h"
#include "serve/document_root.h"
#include "serve/response.h"

namespace aws {

// What a loop lends to the bodies it serves; outlives them.
struct BodyTools {
  Sys& sys;
  AioContext& aio;
};

struct ResourceKind;

class Resources {
 public:
  // Throws std::runtime_error, one line, if `root_folder` is no folder.
  explicit Resources(const std::string& root_folder);

  // The answer to `request`; never fails, since an error is an answer too. `waiter` is who gets
  // reported by tools.aio when the body's data is there.
  [[nodiscard]] Response answer(const Request& request, const BodyTools& tools, void* waiter) const;

 private:
  [[nodiscard]] Response find(const Target& target, const BodyTools& tools, void* waiter) const;
  [[nodiscard]] Response open_folder(const ResourceKind& kind, const Target& target,
                                     const BodyTools& tools, void* waiter) const;

  DocumentRoot root_;
  MediaTypes media_types_;
};

}  // namespace aws

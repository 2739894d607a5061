// Opening: an answer that the loop could not prepare without sleeping, prepared on a thread of the
// pool: the same Resources look up paths and open files there.
//
// It works with views of its connection's data. The connection waits for it, and is not destroyed
// while it runs (PendingWork).
#pragma once

#include <string>
#include <utility>

#include "http/request.h"
#include "os/thread_pool.h"
#include "serve/file_cache.h"
#include "serve/resources.h"
#include "serve/response.h"

namespace aws {

class Opening final : public Task {
 public:
  // `resources`, what `request` views, and everything in `tools` except its lookup must outlive it,
  // and so must the lookup's cache. `completion` is for the body of the response.
  Opening(const Resources& resources, const Request& request, const BodyTools& tools,
          Completion& completion)
      : resources_(resources),
        request_(request),
        tools_(tools),
        cache_(tools.lookup.cache),
        completion_(completion) {}

  [[nodiscard]] Response take() { return std::move(response_); }

 private:
  void run(Sys& sys) noexcept override {
    Lookup lookup{.sys = sys, .root = &root_, .now = tools_.now, .closers = &tools_.disk.threads()};
    const BodyTools tools{
        .sys = tools_.sys, .disk = tools_.disk, .lookup = lookup, .now = tools_.now};
    response_ = resources_.answer(request_, tools, completion_);
  }
  [[nodiscard]] std::string path() const override { return resources_.path_of(request_); }
  void refuse() noexcept override { response_ = resources_.unavailable(request_); }
  void finished(CompletionList& ready) override {
    if (cache_ != nullptr) cache_->adopt(std::move(root_));  // newer than the loop's, perhaps
    Task::finished(ready);
  }

  const Resources& resources_;
  const Request request_;
  const BodyTools tools_;
  FileCache* const cache_;  // of the loop
  Completion& completion_;
  OpenedRoot root_;
  Response response_;
};

}  // namespace aws

// Opening: an answer that the loop could not make without sleeping, made on a helper thread: paths
// are looked up and files opened there, by the same Resources.
//
// It works with views into the connection that sent it, which must neither go on nor die meanwhile.
#pragma once

#include <utility>
#include <vector>

#include "http/request.h"
#include "os/helper_threads.h"
#include "serve/file_cache.h"
#include "serve/resources.h"
#include "serve/response.h"

namespace aws {

class Opening final : public Errand {
 public:
  // `tools` but for its lookup, `resources`, and what `request` views must outlive it, and so must
  // the lookup's cache. `waiter` is reported when the response can be taken.
  Opening(const Resources& resources, const Request& request, const BodyTools& tools, void* waiter)
      : resources_(resources),
        request_(request),
        tools_(tools),
        cache_(tools.lookup.cache),
        waiter_(waiter) {}

  [[nodiscard]] Response take() { return std::move(response_); }

 private:
  void run(Sys& sys) noexcept override {
    Lookup lookup{.sys = sys, .root = &root_, .now = tools_.now, .closers = &tools_.helpers};
    const BodyTools tools{tools_.sys,     tools_.aio, tools_.page_cache,
                          tools_.helpers, lookup,     tools_.now};
    response_ = resources_.answer(request_, tools, waiter_);
  }
  void returned(std::vector<void*>& ready) override {
    if (cache_ != nullptr) cache_->adopt(std::move(root_));  // the loop may not have seen it yet
    ready.push_back(waiter_);
  }

  const Resources& resources_;
  const Request request_;
  const BodyTools tools_;
  FileCache* const cache_;  // the loop's
  void* const waiter_;
  OpenedRoot root_;  // as the helper sees it
  Response response_;
};

}  // namespace aws

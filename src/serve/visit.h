// Visit: a request for one address, on its way to its answer. All it refers to outlives it.
#pragma once

#include "http/request.h"
#include "http/target.h"
#include "serve/body_tools.h"

namespace aws {

struct Visit {
  const Request& request;
  const Target& target;
  const BodyTools& tools;
  Completion& completion;  // notified when a read or a task for the body is done
};

}  // namespace aws

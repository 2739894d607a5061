// MemoryBody: bytes that are in memory already, such as an error page.
#pragma once

#include <string>

#include "serve/body.h"

namespace aws {

class MemoryBody final : public Body {
 public:
  MemoryBody(Sys& sys, std::string bytes) : sys_(sys), bytes_(std::move(bytes)) {}

  [[nodiscard]] Pump pump(int socket) override;

 private:
  Sys& sys_;
  std::string bytes_;
};

}  // namespace aws

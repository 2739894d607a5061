// ParsedTarget: a target, as parse_target() reads it, and what it views.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "http/target.h"

namespace aws {

class ParsedTarget {
 public:
  explicit ParsedTarget(std::string raw)
      : raw_(std::move(raw)), target_(parse_target(raw_, made_)) {}
  ParsedTarget(const ParsedTarget&) = delete;
  ParsedTarget& operator=(const ParsedTarget&) = delete;

  explicit operator bool() const { return target_.has_value(); }
  const Target* operator->() const { return &target_.value(); }

 private:
  const std::string raw_;
  std::string made_;
  const std::optional<Target> target_;
};

}  // namespace aws

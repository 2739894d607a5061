// Which fields of a request are read, and what it means that one comes in several lines.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/request.h"

namespace aws {

// What a second line of a field does to the first.
enum class Repeated : std::uint8_t {
  Replaces,  // the last line counts: where a rule of its own refuses it, or nothing hangs on it
  AddsUp,    // it continues the list (RFC 9110 section 5.3)
  Spoils,    // which of them is meant cannot be known: the field is malformed
};

// The field of this name, in any case; Field::kCount for all that are not read.
[[nodiscard]] Field field_named(std::string_view name);

[[nodiscard]] Repeated rule_of(Field field);

}  // namespace aws

// The log: lines for the operator, on standard error. Any thread may write one.
//
// This header knows no more of the logger than that it takes a line, and fmt's core formats that
// line: a source that has something to say need not compile all of spdlog and of fmt for it.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>

namespace aws {

// `least` is the lowest of spdlog's levels that is written: "info", "warn", "off". Called once,
// before any thread starts; until then, info is the lowest.
void set_up_log(const std::string& least);

enum class Level { Info, Warning };
void log(Level level, std::string_view line);

template <typename... Values>
void log_info(fmt::format_string<Values...> format, Values&&... values) {
  log(Level::Info, fmt::format(format, std::forward<Values>(values)...));
}

template <typename... Values>
void log_warning(fmt::format_string<Values...> format, Values&&... values) {
  log(Level::Warning, fmt::format(format, std::forward<Values>(values)...));
}

}  // namespace aws

// Standard input, output and error: descriptors 0 to 2, which the parent may have left closed, full
// or without a reader. What is printed there is for people; that it cannot be printed is no reason
// for a program to end.
//
// Any thread may print.
#pragma once

#include <fmt/core.h>

#include <string_view>
#include <utility>

namespace aws {

// Opens /dev/null for each of 0, 1 and 2 that is closed, so that no other file gets its number and
// receives what is printed. Called first in main().
void open_standard_streams() noexcept;

// Write all of `text`. Errors are ignored.
void write_to_stdout(std::string_view text) noexcept;
void write_to_stderr(std::string_view text) noexcept;

// The same, formatted. Throws std::bad_alloc only.
template <typename... Values>
void print_to_stdout(fmt::format_string<Values...> format, Values&&... values) {
  write_to_stdout(fmt::format(format, std::forward<Values>(values)...));
}
template <typename... Values>
void print_to_stderr(fmt::format_string<Values...> format, Values&&... values) {
  write_to_stderr(fmt::format(format, std::forward<Values>(values)...));
}

}  // namespace aws

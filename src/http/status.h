// Status codes this server sends, and their reason phrases (RFC 9110 section 15).
#pragma once

#include <string_view>

namespace aws {

// The reason phrase of `status`; "Unknown" for one that is never sent.
[[nodiscard]] std::string_view reason_phrase(int status);

// One sentence for the page: what is wrong and, where it helps, what to do.
[[nodiscard]] std::string_view explanation(int status);

// A small HTML page that says what `status` means; empty for one whose answers have no content, or
// content of their own (an explanation would be empty, too). Made once: it lives as long as the
// program.
[[nodiscard]] std::string_view status_page(int status);

}  // namespace aws

// Conditional requests (RFC 9110 section 13): does the client have this version already, or does it
// insist on another?
//
// Pure: a request and a representation's validators in, a decision out.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/entity_tag.h"
#include "http/request.h"

namespace aws {

// What tells the selected representation from its other versions; each may be missing.
struct Validators {
  // None while the version is not settled: then what the client holds under any tag may be other
  // bytes, and "*" alone is true of it.
  std::optional<EntityTag> tag;
  std::optional<std::int64_t> last_modified_s;
};

// The Last-Modified that a file modified at `modified_s` may have at `now_s`, both seconds since
// the epoch. nullopt if there had better be none: a date later than Date must not be sent (RFC 9110
// section 8.8.2.1), and the epoch and the second after it, like whatever was before, are what
// builds and images set to say nothing. One date for every version would be a false 304.
[[nodiscard]] std::optional<std::int64_t> last_modified_of(std::int64_t modified_s,
                                                           std::int64_t now_s);

enum class Verdict : std::uint8_t {
  Proceed,             // answer as if nothing had been asked
  NotModified,         // 304
  PreconditionFailed,  // 412
};

struct Decision {
  Verdict verdict = Verdict::Proceed;
  // The field that decided, in lower case, for the log; empty where none did. A literal.
  std::string_view reason;
};

// Decides in the order of RFC 9110 section 13.2.2. To be called for what would be a 200 without
// preconditions (section 13.2.1); for any method but GET and HEAD the verdict is Proceed.
//
// What cannot be understood is never believed: a malformed If-Match fails (412), a malformed
// If-None-Match matches nothing (and still keeps If-Modified-Since from being looked at), and a
// malformed date is ignored, as the RFC has it. `now_s` serves to read dates of two-digit years.
[[nodiscard]] Decision evaluate_preconditions(const Request& request, const Validators& current,
                                              std::int64_t now_s);

// Whether the request's Range field is to be looked at (RFC 9110 sections 13.1.5 and 14.2): the
// method is GET, there is one, and If-Range, if there is one, names this very version, by a strong
// tag or by a Last-Modified whose second is over. A malformed If-Range names none.
[[nodiscard]] bool range_applies(const Request& request, const Validators& current,
                                 std::int64_t now_s);

}  // namespace aws

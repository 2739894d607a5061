#include "http/conditional.h"

#include "http/http_date.h"

namespace aws {
namespace {

// nullopt: the condition is to be ignored. Otherwise, whether Last-Modified is later than the date.
std::optional<bool> is_modified_since(std::string_view date, const Validators& current,
                                      std::int64_t now_s) {
  const std::optional<std::int64_t> since = parse_http_date(date, now_s);
  if (!since || !current.last_modified_s) return std::nullopt;
  return *current.last_modified_s > *since;
}

// Steps 1 and 2 of section 13.2.2: is it still what the client wants to go on with?
Decision evaluate_wanted(const Request& request, const Validators& current, std::int64_t now_s) {
  if (const auto list = request.find(Field::IfMatch)) {
    if (match_entity_tags(*list, current.tag, Comparison::Strong) == ListMatch::Some) return {};
    return {Verdict::PreconditionFailed, "if-match"};
  }
  if (const auto date = request.find(Field::IfUnmodifiedSince)) {
    if (is_modified_since(*date, current, now_s).value_or(false)) {
      return {Verdict::PreconditionFailed, "if-unmodified-since"};
    }
  }
  return {};
}

// Steps 3 and 4: does the client have it already?
Decision evaluate_known(const Request& request, const Validators& current, std::int64_t now_s) {
  if (const auto list = request.find(Field::IfNoneMatch)) {
    if (match_entity_tags(*list, current.tag, Comparison::Weak) != ListMatch::Some) return {};
    return {Verdict::NotModified, "if-none-match"};
  }
  if (const auto date = request.find(Field::IfModifiedSince)) {
    if (!is_modified_since(*date, current, now_s).value_or(true)) {
      return {Verdict::NotModified, "if-modified-since"};
    }
  }
  return {};
}

// Section 8.8.2.2: the file cannot change again within a second that is over.
bool is_exact_date(std::string_view text, const Validators& current, std::int64_t now_s) {
  const std::optional<std::int64_t> date = parse_http_date(text, now_s);
  return date && date == current.last_modified_s && *date < now_s;
}

}  // namespace

std::optional<std::int64_t> last_modified_of(std::int64_t modified_s, std::int64_t now_s) {
  const bool says_something = modified_s > 1 && modified_s <= now_s;
  return says_something ? std::optional(modified_s) : std::nullopt;
}

Decision evaluate_preconditions(const Request& request, const Validators& current,
                                std::int64_t now_s) {
  if (request.method != Method::Get && request.method != Method::Head) return {};
  const Decision wanted = evaluate_wanted(request, current, now_s);
  if (wanted.verdict != Verdict::Proceed) return wanted;
  return evaluate_known(request, current, now_s);
}

bool range_applies(const Request& request, const Validators& current, std::int64_t now_s) {
  if (request.method != Method::Get || !request.find(Field::Range)) return false;
  const auto condition = request.find(Field::IfRange);
  if (!condition) return true;
  if (const std::optional<EntityTag> tag = parse_entity_tag(*condition)) {
    return current.tag && strong_match(*tag, *current.tag);
  }
  return is_exact_date(*condition, current, now_s);
}

}  // namespace aws

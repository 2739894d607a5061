#include "http/conditional.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "http/http_date.h"

namespace aws {

bool operator==(const Decision& left, const Decision& right) {
  return left.verdict == right.verdict && left.reason == right.reason;
}

std::ostream& operator<<(std::ostream& out, const Decision& decision) {
  constexpr std::array kNames = {"proceed", "304", "412"};
  return out << kNames[static_cast<std::size_t>(decision.verdict)] << ' ' << decision.reason;
}

namespace {

constexpr std::int64_t kModified_s = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT
constexpr std::int64_t kNow_s = 1'700'000'000;
constexpr const char* kBefore = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr const char* kSame = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr const char* kAfter = "Sun, 06 Nov 1994 08:49:38 GMT";

const Decision kProceed = {};
const Decision kIfMatch = {Verdict::PreconditionFailed, "if-match"};
const Decision kIfUnmodifiedSince = {Verdict::PreconditionFailed, "if-unmodified-since"};
const Decision kIfNoneMatch = {Verdict::NotModified, "if-none-match"};
const Decision kIfModifiedSince = {Verdict::NotModified, "if-modified-since"};

using FieldValues = std::map<Field, std::string>;

// As views into `values`.
Request request_with(const FieldValues& values, Method method = Method::Get) {
  Request request;
  request.method = method;
  for (const auto& [field, value] : values)
    request.fields[static_cast<std::size_t>(field)] = value;
  return request;
}

Decision decide(const FieldValues& values, Validators current = {EntityTag{"a"}, kModified_s}) {
  const Decision of_get = evaluate_preconditions(request_with(values), current, kNow_s);
  EXPECT_EQ(evaluate_preconditions(request_with(values, Method::Head), current, kNow_s), of_get);
  return of_get;
}

TEST(Conditional, ProceedsWithoutPreconditions) {
  EXPECT_EQ(decide({}), kProceed);
  EXPECT_EQ(decide({}, {}), kProceed);
  EXPECT_EQ(decide({{Field::Range, "bytes=0-1"}, {Field::IfRange, "\"b\""}}), kProceed);
}

// RFC 9110 section 13.1.1
TEST(Conditional, FailsUnlessIfMatchNamesTheTagStrongly) {
  const std::vector<std::pair<const char*, Decision>> rows = {
      {"\"a\"", kProceed}, {"*", kProceed},        {"\"b\", \"a\"", kProceed},
      {"\"b\"", kIfMatch}, {"W/\"a\"", kIfMatch},  {"\"A\"", kIfMatch},
      {"", kIfMatch},      {" , ", kIfMatch},      {"a", kIfMatch},
      {"\"a", kIfMatch},   {"\"a\", b", kIfMatch}, {"*, \"a\"", kIfMatch},
  };
  for (const auto& [list, expected] : rows) {
    EXPECT_EQ(decide({{Field::IfMatch, list}}), expected) << list;
  }
  EXPECT_EQ(decide({{Field::IfMatch, "W/\"a\""}}, {EntityTag{"a", true}, {}}), kIfMatch);
  EXPECT_EQ(decide({{Field::IfMatch, "*"}}, {}), kProceed) << "a representation without a tag";
}

// RFC 9110 section 13.1.2
TEST(Conditional, IsNotModifiedIfIfNoneMatchNamesTheTagWeakly) {
  const std::vector<std::pair<const char*, Decision>> rows = {
      {"\"a\"", kIfNoneMatch},
      {"*", kIfNoneMatch},
      {"\"b\", \"a\"", kIfNoneMatch},
      {"W/\"a\"", kIfNoneMatch},
      {"\"b\"", kProceed},
      {"\"A\"", kProceed},
      {"", kProceed},
      {" , ", kProceed},
      {"a", kProceed},
      {"\"a", kProceed},
      {"\"a\", b", kProceed},
      {"\"b,a\"", kProceed},
  };
  for (const auto& [list, expected] : rows) {
    EXPECT_EQ(decide({{Field::IfNoneMatch, list}}), expected) << list;
    EXPECT_EQ(decide({{Field::IfNoneMatch, list}, {Field::IfModifiedSince, kAfter}}), expected)
        << list << ": the date is not looked at, whatever the list is";
  }
  EXPECT_EQ(decide({{Field::IfNoneMatch, "\"a\""}}, {EntityTag{"a", true}, {}}), kIfNoneMatch);
}

// RFC 9110 section 13.1.3
TEST(Conditional, IsNotModifiedIfTheDateIsNotBeforeLastModified) {
  const std::vector<std::pair<const char*, Decision>> rows = {
      {kBefore, kProceed},
      {kSame, kIfModifiedSince},
      {kAfter, kIfModifiedSince},
      {"Sunday, 06-Nov-94 08:49:37 GMT", kIfModifiedSince},
      {"Sunday, 06-Nov-94 08:49:36 GMT", kProceed},
      {"Sun Nov  6 08:49:37 1994", kIfModifiedSince},
      {"Sun Nov  6 08:49:36 1994", kProceed},
      {"Fri, 31 Dec 9999 23:59:59 GMT", kIfModifiedSince},
      {"Thu, 01 Jan 1970 00:00:00 GMT", kProceed},
      {"", kProceed},
      {"784111777", kProceed},
      {"Sun, 06 Nov 1994 08:49:37 +0000", kProceed},
      {"sun, 06 nov 1994 08:49:37 gmt", kProceed},
  };
  for (const auto& [date, expected] : rows) {
    EXPECT_EQ(decide({{Field::IfModifiedSince, date}}), expected) << date;
  }
  EXPECT_EQ(decide({{Field::IfModifiedSince, kAfter}}, {EntityTag{"a"}, {}}), kProceed);
}

// RFC 9110 section 13.1.4
TEST(Conditional, FailsIfModifiedAfterIfUnmodifiedSince) {
  const std::vector<std::pair<const char*, Decision>> rows = {
      {kBefore, kIfUnmodifiedSince},
      {kSame, kProceed},
      {kAfter, kProceed},
      {"Sunday, 06-Nov-94 08:49:36 GMT", kIfUnmodifiedSince},
      {"Sun Nov  6 08:49:36 1994", kIfUnmodifiedSince},
      {"", kProceed},
      {"yesterday", kProceed},
  };
  for (const auto& [date, expected] : rows) {
    EXPECT_EQ(decide({{Field::IfUnmodifiedSince, date}}), expected) << date;
  }
  EXPECT_EQ(decide({{Field::IfUnmodifiedSince, kBefore}}, {EntityTag{"a"}, {}}), kProceed);
}

// RFC 9110 section 13.2.2
TEST(Conditional, EvaluatesInTheOrderOfTheRfc) {
  EXPECT_EQ(decide({{Field::IfMatch, "\"b\""}, {Field::IfNoneMatch, "\"a\""}}), kIfMatch);
  EXPECT_EQ(decide({{Field::IfMatch, "\"a\""}, {Field::IfNoneMatch, "\"a\""}}), kIfNoneMatch);
  EXPECT_EQ(decide({{Field::IfMatch, "\"a\""}, {Field::IfUnmodifiedSince, kBefore}}), kProceed)
      << "If-Match stands, so the date is not looked at";
  EXPECT_EQ(decide({{Field::IfUnmodifiedSince, kBefore}, {Field::IfNoneMatch, "\"a\""}}),
            kIfUnmodifiedSince);
  EXPECT_EQ(decide({{Field::IfUnmodifiedSince, kSame}, {Field::IfModifiedSince, kSame}}),
            kIfModifiedSince);
  EXPECT_EQ(decide({{Field::IfNoneMatch, "\"b\""}, {Field::IfModifiedSince, kSame}}), kProceed);
}

TEST(Conditional, IsOfNoConcernToOtherMethods) {
  const FieldValues values = {{Field::IfMatch, "\"b\""}, {Field::IfNoneMatch, "*"}};
  for (const Method method : {Method::Options, Method::Other}) {
    EXPECT_EQ(evaluate_preconditions(request_with(values, method), {}, kNow_s), kProceed);
  }
}

// Builds and images stamp whatever they write with 0 or 1, whichever version it is.
TEST(LastModified, IsAbsentWhereItWouldSayNothingOrTooMuch) {
  for (const std::int64_t modified : {-62167219201, -1L, 0L, 1L, kNow_s + 1, kNow_s * 1000}) {
    EXPECT_EQ(last_modified_of(modified, kNow_s), std::nullopt) << modified;
    const Validators current = {std::nullopt, last_modified_of(modified, kNow_s)};
    for (const std::int64_t since : {0L, 1L, 2L, kNow_s, kNow_s + 10}) {
      EXPECT_EQ(decide({{Field::IfModifiedSince, format_http_date(since)}}, current), kProceed);
    }
  }
  for (const std::int64_t modified : {2L, kModified_s, kNow_s}) {
    EXPECT_EQ(last_modified_of(modified, kNow_s), modified);
  }
}

// ---- A model: the steps of RFC 9110 section 13.2.2 as they stand there, on values that were never
// text. Malformed lists match nothing, malformed dates are ignored.

struct TagList {
  bool is_star = false;
  bool is_malformed = false;
  std::vector<std::pair<std::string, bool>> tags;  // opaque, weak
};

struct DateValue {
  bool is_malformed = false;
  std::int64_t s = 0;
};

struct ModelRequest {
  std::optional<TagList> if_match;
  std::optional<TagList> if_none_match;
  std::optional<DateValue> if_modified_since;
  std::optional<DateValue> if_unmodified_since;
};

struct ModelFile {
  std::string tag;
  bool is_weak;
  std::optional<std::int64_t> last_modified;
};

bool is_listed(const TagList& list, const ModelFile& file, bool strongly) {
  if (list.is_malformed) return false;
  if (list.is_star) return true;
  for (const auto& [opaque, is_weak] : list.tags) {
    if (opaque == file.tag && !(strongly && (is_weak || file.is_weak))) return true;
  }
  return false;
}

bool counts(const std::optional<DateValue>& date, const ModelFile& file) {
  return date && !date->is_malformed && file.last_modified;
}

Decision model(const ModelRequest& request, const ModelFile& file) {
  // 1. When recipient is the origin server and If-Match is present
  if (request.if_match) {
    if (!is_listed(*request.if_match, file, true)) return kIfMatch;
  } else if (counts(request.if_unmodified_since, file)) {
    // 2. … If-Match is not present, and If-Unmodified-Since is present
    if (*file.last_modified > request.if_unmodified_since->s) return kIfUnmodifiedSince;
  }
  // 3. When If-None-Match is present
  if (request.if_none_match) {
    if (is_listed(*request.if_none_match, file, false)) return kIfNoneMatch;
    return kProceed;
  }
  // 4. When the method is GET or HEAD, If-None-Match is not present, and If-Modified-Since is
  if (counts(request.if_modified_since, file)) {
    if (*file.last_modified <= request.if_modified_since->s) return kIfModifiedSince;
  }
  return kProceed;
}

std::optional<TagList> any_list() {
  if (*rc::gen::arbitrary<bool>()) return std::nullopt;
  TagList list;
  list.is_star = *rc::gen::inRange(0, 5) == 0;
  list.is_malformed = *rc::gen::inRange(0, 5) == 0;
  const int count = list.is_star ? 0 : *rc::gen::inRange(0, 4);
  for (int i = 0; i < count; ++i) {
    list.tags.emplace_back(*rc::gen::element<std::string>("a", "b", ""),
                           *rc::gen::arbitrary<bool>());
  }
  return list;
}

std::optional<DateValue> any_date() {
  if (*rc::gen::arbitrary<bool>()) return std::nullopt;
  return DateValue{*rc::gen::inRange(0, 5) == 0, kModified_s + *rc::gen::inRange(-2, 3)};
}

std::string text_of(const TagList& list) {
  std::string text = list.is_star ? "*" : "";
  for (const auto& [opaque, is_weak] : list.tags) {
    text += (text.empty() ? "" : ", ") + std::string(is_weak ? "W/" : "") + '"' + opaque + '"';
  }
  return list.is_malformed ? text + " x" : text;
}

std::string text_of(const DateValue& date) {
  return format_http_date(date.s) + (date.is_malformed ? "x" : "");
}

RC_GTEST_PROP(Conditional, AgreesWithTheStepsOfTheRfc, ()) {
  const ModelRequest asked = {any_list(), any_list(), any_date(), any_date()};
  ModelFile file = {*rc::gen::element<std::string>("a", "b"), *rc::gen::arbitrary<bool>(), {}};
  if (*rc::gen::arbitrary<bool>()) file.last_modified = kModified_s + *rc::gen::inRange(-2, 3);

  FieldValues values;
  if (asked.if_match) values[Field::IfMatch] = text_of(*asked.if_match);
  if (asked.if_none_match) values[Field::IfNoneMatch] = text_of(*asked.if_none_match);
  if (asked.if_modified_since) values[Field::IfModifiedSince] = text_of(*asked.if_modified_since);
  if (asked.if_unmodified_since) {
    values[Field::IfUnmodifiedSince] = text_of(*asked.if_unmodified_since);
  }
  for (const auto& [field, value] : values)
    RC_LOG() << static_cast<int>(field) << ": " << value << '\n';
  const Validators current = {EntityTag{file.tag, file.is_weak}, file.last_modified};
  const Decision expected = model(asked, file);
  RC_ASSERT(evaluate_preconditions(request_with(values), current, kNow_s) == expected);
}

// ---- If-Range (RFC 9110 section 13.1.5)

bool applies(const char* if_range, const Validators& current = {EntityTag{"a"}, kModified_s},
             std::int64_t now_s = kNow_s) {
  return range_applies(request_with({{Field::Range, "bytes=0-1"}, {Field::IfRange, if_range}}),
                       current, now_s);
}

TEST(IfRange, AppliesTheRangeToThisVeryVersionOnly) {
  EXPECT_TRUE(applies("\"a\""));
  EXPECT_TRUE(applies(kSame));
  EXPECT_TRUE(applies("Sunday, 06-Nov-94 08:49:37 GMT"));
  for (const char* const other :
       {"\"b\"", "W/\"a\"", "a", "\"a", "*", "", "\"a\", \"a\"", "\"b\", \"a\"", kBefore, kAfter,
        "yesterday", "Fri, 31 Dec 9999 23:59:59 GMT"}) {
    EXPECT_FALSE(applies(other)) << other;
  }
}

TEST(IfRange, IsNeverTrueOfAWeakTag) {
  EXPECT_FALSE(applies("\"a\"", {EntityTag{"a", true}, kModified_s}));
  EXPECT_FALSE(applies("W/\"a\"", {EntityTag{"a", true}, kModified_s}));
}

// Within its second a file may change once more and keep its date (RFC 9110 section 8.8.2.2).
TEST(IfRange, TakesADateOnceItsSecondIsOver) {
  const Validators current = {EntityTag{"a"}, kModified_s};
  EXPECT_FALSE(applies(kSame, current, kModified_s));
  EXPECT_TRUE(applies(kSame, current, kModified_s + 1));
  EXPECT_FALSE(applies(kSame, {EntityTag{"a"}, std::nullopt}));
  EXPECT_FALSE(applies("\"a\"", {std::nullopt, kModified_s}));
}

TEST(Range, AppliesToGetOnlyAndIfItIsThere) {
  const FieldValues range = {{Field::Range, ""}};
  EXPECT_TRUE(range_applies(request_with(range), {}, kNow_s)) << "its value is another's concern";
  EXPECT_FALSE(range_applies(request_with({}), {}, kNow_s));
  EXPECT_FALSE(range_applies(request_with({{Field::IfRange, "\"a\""}}), {}, kNow_s));
  for (const Method method : {Method::Head, Method::Options, Method::Other}) {
    EXPECT_FALSE(range_applies(request_with(range, method), {}, kNow_s));
  }
}

}  // namespace
}  // namespace aws

#include "http/field_rules.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "http/ascii.h"

namespace aws {
namespace {

struct FieldName {
  std::string_view name;
  Field field;
  Repeated repeated;
};
// In the order of enum Field.
constexpr std::array kFieldNames = {
    FieldName{"host", Field::Host, Repeated::Replaces},
    FieldName{"expect", Field::Expect, Repeated::Replaces},
    FieldName{"referer", Field::Referer, Repeated::Replaces},
    FieldName{"user-agent", Field::UserAgent, Repeated::Replaces},
    FieldName{"accept", Field::Accept, Repeated::AddsUp},
    FieldName{"accept-encoding", Field::AcceptEncoding, Repeated::AddsUp},
    FieldName{"if-match", Field::IfMatch, Repeated::AddsUp},
    FieldName{"if-none-match", Field::IfNoneMatch, Repeated::AddsUp},
    FieldName{"if-modified-since", Field::IfModifiedSince, Repeated::Spoils},
    FieldName{"if-unmodified-since", Field::IfUnmodifiedSince, Repeated::Spoils},
    FieldName{"if-range", Field::IfRange, Repeated::Spoils},
    FieldName{"range", Field::Range, Repeated::Spoils},
    FieldName{"origin", Field::Origin, Repeated::Spoils},
    FieldName{"access-control-request-method", Field::AccessControlRequestMethod, Repeated::Spoils},
    FieldName{"access-control-request-headers", Field::AccessControlRequestHeaders,
              Repeated::AddsUp},
};
static_assert(kFieldNames.size() == static_cast<std::size_t>(Field::kCount));
static_assert(std::all_of(kFieldNames.begin(), kFieldNames.end(), [](const FieldName& known) {
  return &kFieldNames[static_cast<std::size_t>(known.field)] == &known;
}));

}  // namespace

Field field_named(std::string_view name) {
  for (const FieldName& known : kFieldNames) {
    if (equals_ignoring_case(name, known.name)) return known.field;
  }
  return Field::kCount;
}

Repeated rule_of(Field field) {
  return kFieldNames[static_cast<std::size_t>(field)].repeated;
}

}  // namespace aws

// Conditional requests and entity tags. Eight bytes are Last-Modified; the lines that follow are
// our tag and the fields, each '+' and its value, or anything else for an absent field.
#include "http/conditional.h"

#include <string>

#include "fuzz.h"

namespace aws {
namespace {

constexpr std::int64_t kNow_s = 1'700'000'000;

// A list that could name `tag`: no false 304 and no false success comes of any other.
bool may_name(std::string_view list, const std::optional<EntityTag>& tag) {
  if (list.find('*') != std::string_view::npos) return true;
  return tag && list.find('"' + std::string(tag->opaque) + '"') != std::string_view::npos;
}

void check_lists(const Request& request, const Validators& current) {
  for (const Field field : {Field::IfMatch, Field::IfNoneMatch}) {
    const std::string_view list = request[field];
    const ListMatch strong = match_entity_tags(list, current.tag, Comparison::Strong);
    const ListMatch weak = match_entity_tags(list, current.tag, Comparison::Weak);
    require((strong == ListMatch::Malformed) == (weak == ListMatch::Malformed),
            "a list is malformed however it is compared");
    require(strong != ListMatch::Some || weak == ListMatch::Some, "a strong match is a weak one");
    require(weak != ListMatch::Some || may_name(list, current.tag), "what matches is in the list");
  }
}

void check_decision(const Request& request, const Validators& current) {
  const Decision decision = evaluate_preconditions(request, current, kNow_s);
  require((decision.verdict == Verdict::Proceed) == decision.reason.empty(), "a reason is given");
  const auto if_match = request.find(Field::IfMatch);
  const auto if_none_match = request.find(Field::IfNoneMatch);
  switch (decision.verdict) {
    case Verdict::Proceed:
      require(!if_match || may_name(*if_match, current.tag), "no false success");
      break;
    case Verdict::NotModified:
      require(!if_none_match || may_name(*if_none_match, current.tag), "no false 304 by tag");
      require(if_none_match || (request.find(Field::IfModifiedSince) && current.last_modified_s),
              "no false 304 by date");
      break;
    case Verdict::PreconditionFailed:
      require(if_match || (request.find(Field::IfUnmodifiedSince) && current.last_modified_s),
              "only who asks for it fails");
      break;
  }
}

void check_range(const Request& request, const Validators& current) {
  const bool applies = range_applies(request, current, kNow_s);
  require(!applies || request.find(Field::Range), "a range that applies is there");
  const auto if_range = request.find(Field::IfRange);
  const bool is_tag = if_range && if_range->find('"') != std::string_view::npos;
  require(!applies || !is_tag || (current.tag && !current.tag->weak), "no weak tag makes a range");
}

}  // namespace
}  // namespace aws

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using aws::Field;
  aws::FuzzInput input(data, size);
  aws::Validators current;
  current.last_modified_s = aws::last_modified_of(input.number<std::int64_t>(), aws::kNow_s);
  current.tag = aws::parse_entity_tag(input.line());
  aws::Request request;
  request.method = aws::Method::Get;
  for (const Field field : {Field::IfMatch, Field::IfNoneMatch, Field::IfModifiedSince,
                            Field::IfUnmodifiedSince, Field::IfRange, Field::Range}) {
    const std::string_view line = input.line();
    if (line.starts_with('+')) request.fields[static_cast<std::size_t>(field)] = line.substr(1);
  }
  aws::check_lists(request, current);
  aws::check_decision(request, current);
  aws::check_range(request, current);
  return 0;
}

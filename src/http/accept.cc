#include "http/accept.h"

#include <charconv>

#include "http/ascii.h"

namespace aws {
namespace {

// How closely a member of the list names a type; the closest one decides (RFC 9110 section 12.5.1).
enum class Match : std::uint8_t { None, Anything, Subtypes, Exactly };

Match match(std::string_view range, std::string_view type) {
  if (equals_ignoring_case(range, type)) return Match::Exactly;
  if (range == "*/*") return Match::Anything;
  const std::string_view family = type.substr(0, type.find('/') + 1);
  const bool covers =
      range.ends_with("/*") && equals_ignoring_case(range.substr(0, range.size() - 1), family);
  return covers ? Match::Subtypes : Match::None;
}

// The weight among a member's parameters; 1 if there is none, 0 if it is malformed.
double weight_of(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = trimmed(parameters.substr(0, parameters.find(';')));
    parameters.remove_prefix(std::min(parameters.find(';'), parameters.size() - 1) + 1);
    if (parameter.size() < 2 || to_lower(parameter[0]) != 'q' || parameter[1] != '=') continue;
    double weight = 0;
    const auto [end, error] =
        std::from_chars(parameter.data() + 2, parameter.data() + parameter.size(), weight);
    const bool valid = error == std::errc() && end == parameter.data() + parameter.size();
    return valid && weight >= 0 && weight <= 1 ? weight : 0;
  }
  return 1;
}

struct Verdict {
  Match match = Match::None;
  double weight = 0;
};

Verdict judge(std::string_view accept, std::string_view type) {
  Verdict best;
  while (!accept.empty()) {
    const std::string_view member = take_member(accept);
    const std::size_t semicolon = member.find(';');
    const Match found = match(trimmed(member.substr(0, semicolon)), type);
    if (found <= best.match) continue;
    best.match = found;
    best.weight = semicolon == std::string_view::npos ? 1 : weight_of(member.substr(semicolon + 1));
  }
  return best;
}

}  // namespace

bool names_media_type(std::string_view accept, std::string_view type) {
  const Verdict verdict = judge(accept, type);
  return verdict.match == Match::Exactly && verdict.weight > 0;
}

bool prefers(std::string_view accept, std::string_view type, std::string_view other) {
  return judge(accept, type).weight > judge(accept, other).weight;
}

}  // namespace aws

#include "http/accept_encoding.h"

#include <algorithm>

#include "http/ascii.h"

namespace aws {
namespace {

// kCount for a coding that we do not know.
Coding coding_of(std::string_view name) {
  if (equals_ignoring_case(name, "x-gzip")) return Coding::Gzip;  // RFC 9110 section 8.4.1.3
  for (const Coding coding : {Coding::Identity, Coding::Brotli, Coding::Zstd, Coding::Gzip}) {
    if (equals_ignoring_case(name, coding_name(coding))) return coding;
  }
  return Coding::kCount;
}

// qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ), as thousandths; -1 if malformed.
int parse_qvalue(std::string_view text) {
  constexpr std::string_view kLongest = "0.000";
  const bool framed = !text.empty() && text.size() <= kLongest.size() &&
                      (text[0] == '0' || text[0] == '1') && (text.size() == 1 || text[1] == '.');
  if (!framed) return -1;
  int thousandths = (text[0] - '0') * 1000;
  int place = 100;
  for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (!is_digit(c)) return -1;
    thousandths += (c - '0') * place;
    place /= 10;
  }
  return thousandths <= 1000 ? thousandths : -1;
}

// weight = OWS ";" OWS "q=" qvalue; `text` is what stands behind the coding's name.
int parse_weight(std::string_view text) {
  text = trimmed(text);
  if (text.empty()) return 1000;
  if (text.front() != ';') return -1;
  text = trimmed(text.substr(1));
  return equals_ignoring_case(text.substr(0, 2), "q=") ? parse_qvalue(text.substr(2)) : -1;
}

}  // namespace

std::string_view coding_name(Coding coding) {
  switch (coding) {
    case Coding::Identity:
      return "identity";
    case Coding::Brotli:
      return "br";
    case Coding::Zstd:
      return "zstd";
    case Coding::Gzip:
      return "gzip";
    case Coding::kCount:
      break;
  }
  return {};
}

AcceptEncoding::AcceptEncoding(std::optional<std::string_view> field) {
  named_.fill(kUnknown);
  std::string_view list = field.value_or(std::string_view());
  while (!list.empty())
    read_member(take_member(list));
}

void AcceptEncoding::read_member(std::string_view member) {
  const std::string_view name = member.substr(0, member.find_first_of(" \t;"));
  const int thousandths = parse_weight(member.substr(name.size()));
  if (thousandths < 0) return;
  const auto weight = thousandths == 0 ? kRefused : static_cast<Weight>(thousandths + 1);
  const Coding coding = coding_of(name);
  if (name != "*" && coding == Coding::kCount) return;
  Weight* const said = name == "*" ? &others_ : &named_[static_cast<std::size_t>(coding)];
  *said = *said == kUnknown ? weight : std::min(*said, weight);
}

AcceptEncoding::Weight AcceptEncoding::weight_of(Coding coding) const {
  const Weight named = named_[static_cast<std::size_t>(coding)];
  if (named != kUnknown) return named;
  if (others_ != kUnknown) return others_;
  return coding == Coding::Identity ? kLastResort : kRefused;
}

std::optional<Coding> AcceptEncoding::choose(std::span<const Coding> offered) const {
  std::optional<Coding> best;
  Weight best_weight = kRefused;
  for (const Coding coding : offered) {
    const Weight weight = weight_of(coding);
    if (weight <= best_weight) continue;
    best = coding;
    best_weight = weight;
  }
  return best;
}

}  // namespace aws

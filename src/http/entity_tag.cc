#include "http/entity_tag.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "http/ascii.h"

namespace aws {
namespace {

// A bijection that scatters, so that a tag does not plainly tell inode numbers: to some auditors
// these are secrets.
std::uint64_t scattered(std::uint64_t bits) {
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
  return bits ^ (bits >> 31);
}

std::uint64_t bits_of(std::int64_t number) {
  return static_cast<std::uint64_t>(number);
}

void append_version(std::string& text, const FileVersion& version) {
  const std::uint64_t identity = scattered(version.inode ^ scattered(version.device));
  text.reserve(120);
  fmt::format_to(std::back_inserter(text), FMT_COMPILE("{:x}.{:x}-{:x}.{:x}-{:x}-{:x}"),
                 bits_of(version.modified.s), bits_of(version.modified.ns),
                 bits_of(version.changed.s), bits_of(version.changed.ns), version.size, identity);
}

// etagc = %x21 / %x23-7E / obs-text
bool is_tag_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0x21 || (byte >= 0x23 && byte != 0x7f);
}

// Takes a tag off the front of `text`, or leaves it alone.
std::optional<EntityTag> take_entity_tag(std::string_view& text) {
  EntityTag tag;
  tag.weak = text.starts_with("W/");
  const std::string_view quoted = text.substr(tag.weak ? 2 : 0);
  if (!quoted.starts_with('"')) return std::nullopt;
  const auto* const begin = quoted.begin() + 1;
  const auto* const end = std::find_if_not(begin, quoted.end(), is_tag_character);
  if (end == quoted.end() || *end != '"') return std::nullopt;
  tag.opaque = {begin, static_cast<std::size_t>(end - begin)};
  text = {end + 1, static_cast<std::size_t>(quoted.end() - end) - 1};
  return tag;
}

bool matches(const EntityTag& tag, const std::optional<EntityTag>& current, Comparison comparison) {
  if (!current) return false;
  return comparison == Comparison::Strong ? strong_match(tag, *current) : weak_match(tag, *current);
}

void skip_white_space(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
}

}  // namespace

std::string make_entity_tag(const FileVersion& version, bool weak, std::string_view coding) {
  std::string text = weak ? "W/\"" : "\"";
  append_version(text, version);
  if (!coding.empty()) text.append("-").append(coding);
  return text + '"';
}

std::string make_fresh_entity_tag(const FileVersion& version, FileTime answered) {
  std::string text = "W/\"";
  append_version(text, version);
  fmt::format_to(std::back_inserter(text), FMT_COMPILE("-fresh-{:x}.{:x}\""), bits_of(answered.s),
                 bits_of(answered.ns));
  return text;
}

std::optional<EntityTag> parse_entity_tag(std::string_view text) {
  const std::optional<EntityTag> tag = take_entity_tag(text);
  return text.empty() ? tag : std::nullopt;
}

bool strong_match(const EntityTag& left, const EntityTag& right) {
  return !left.weak && !right.weak && left.opaque == right.opaque;
}

bool weak_match(const EntityTag& left, const EntityTag& right) {
  return left.opaque == right.opaque;
}

// "*" / #entity-tag. Commas may stand within a tag, so the list is read from tag to tag.
ListMatch match_entity_tags(std::string_view list, const std::optional<EntityTag>& current,
                            Comparison comparison) {
  list = trimmed(list);
  if (list == "*") return ListMatch::Some;
  bool matched = false;
  while (!list.empty()) {
    if (list.front() != ',') {
      const std::optional<EntityTag> tag = take_entity_tag(list);
      if (!tag) return ListMatch::Malformed;
      matched = matched || matches(*tag, current, comparison);
      skip_white_space(list);
      if (!list.empty() && list.front() != ',') return ListMatch::Malformed;
    }
    if (!list.empty()) list.remove_prefix(1);  // the comma
    skip_white_space(list);
  }
  return matched ? ListMatch::Some : ListMatch::None;
}

}  // namespace aws

// Entity tags: naming a version of a file, and comparing such names (RFC 9110 section 8.8.3).
//
// A tag is made as the text of an ETag field and read as a view into such a text, ours or the
// client's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/file_version.h"

namespace aws {

struct EntityTag {
  std::string_view opaque;  // what stands between the quotes; may be empty
  bool weak = false;        // the versions it names may differ in bytes
};

// The tag of `version`, quotes and W/ included: 5c5e1ba2.17e-400-9a3f… in a strong one. `coding` is
// the content coding of a variant made from the file, such as "br"; empty for the file itself.
// The version must be settled: see is_settled().
[[nodiscard]] std::string make_entity_tag(const FileVersion& version, bool weak,
                                          std::string_view coding = {});

// A tag for one answer, of which `answered` is the time to the nanosecond, about a version that is
// not settled: other bytes may have had the same times, or may get them. It is weak (RFC 9110
// section 8.8.1), and its opaque part is neither that of the version's later, strong tag nor, since
// clocks go on, that of another answer.
[[nodiscard]] std::string make_fresh_entity_tag(const FileVersion& version, FileTime answered);

// Reads exactly one tag: [ %s"W/" ] DQUOTE *etagc DQUOTE, without white space around it. nullopt if
// `text` is anything else.
[[nodiscard]] std::optional<EntityTag> parse_entity_tag(std::string_view text);

// RFC 9110 section 8.8.3.2.
[[nodiscard]] bool strong_match(const EntityTag& left, const EntityTag& right);
[[nodiscard]] bool weak_match(const EntityTag& left, const EntityTag& right);

enum class Comparison : std::uint8_t { Strong, Weak };
enum class ListMatch : std::uint8_t {
  Malformed,  // no tag of it counts, not even those before the error
  None,       // also for a list of no tags, which is well-formed
  Some,
};

// Whether `list`, the value of If-Match or If-None-Match, is "*" or names `current`, which is
// nullopt for a representation that has no tag: then only "*" does.
[[nodiscard]] ListMatch match_entity_tags(std::string_view list,
                                          const std::optional<EntityTag>& current,
                                          Comparison comparison);

}  // namespace aws

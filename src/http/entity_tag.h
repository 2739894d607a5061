// Entity tags: naming a version of a file, and comparing such names (RFC 9110 section 8.8.3).
//
// A tag is made as the text of an ETag field and read as a view into such a text, ours or the
// client's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aws {

struct EntityTag {
  std::string_view opaque;  // what stands between the quotes; may be empty
  bool weak = false;        // the versions it names may differ in bytes
};

// A moment of a file's history, as stat(2) tells it.
struct FileTime {
  std::int64_t s = 0;  // since the epoch; may be negative
  std::int64_t ns = 0;
};

// All that tells one version of a file from another without reading it.
struct FileVersion {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  FileTime modified;  // as whoever wrote the file wishes: touch(1), cp -p and builds set it
  FileTime changed;   // as the kernel saw it: catches what is written under an old mtime
};

// The tag of `version`, quotes and W/ included: 5c5e1ba2.17e-400-9a3f… in a strong one. `coding` is
// the content coding of a variant made from the file, such as "br"; empty for the file itself.
[[nodiscard]] std::string make_entity_tag(const FileVersion& version, bool weak,
                                          std::string_view coding = {});

// Whether every later change of the file will show in its times: false while the last one is so
// fresh that another could happen within the same tick of the file system's clock. Until then its
// tag must be weak (RFC 9110 section 8.8.1).
[[nodiscard]] bool is_settled(const FileVersion& version, FileTime now);

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

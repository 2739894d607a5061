#include "http/entity_tag.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace aws {
namespace {

FileVersion sample() {
  return {2049, 131072, 1024, {1700000000, 5}, {1700000001, 6}};
}

TEST(EntityTag, IsMadeOfAllThatTellsVersionsApart) {
  std::vector<FileVersion> versions(8, sample());
  versions[1].device = 2050;
  versions[2].inode = 131073;
  versions[3].size = 1025;
  versions[4].modified.s += 1;
  versions[5].modified.ns += 1;
  versions[6].changed.s += 1;
  versions[7].changed.ns += 1;
  std::set<std::string> tags;
  for (const FileVersion& version : versions) {
    for (const char* const coding : {"", "br", "zstd", "gzip"}) {
      tags.insert(make_entity_tag(version, false, coding));
    }
  }
  EXPECT_EQ(tags.size(), versions.size() * 4);
  EXPECT_EQ(make_entity_tag(sample(), false), make_entity_tag(sample(), false));
}

TEST(EntityTag, IsReadAsItWasMade) {
  const std::int64_t least = std::numeric_limits<std::int64_t>::min();
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  const std::vector<FileVersion> versions = {
      {}, sample(), {most, most, most, {least, 999999999}, {-1, 0}}};
  for (const FileVersion& version : versions) {
    const std::string strong = make_entity_tag(version, false, "br");
    const std::string weak = make_entity_tag(version, true, "br");
    EXPECT_EQ(weak, "W/" + strong);
    ASSERT_TRUE(parse_entity_tag(strong)) << strong;
    ASSERT_TRUE(parse_entity_tag(weak)) << weak;
    EXPECT_FALSE(parse_entity_tag(strong)->weak);
    EXPECT_TRUE(parse_entity_tag(weak)->weak);
    EXPECT_EQ('"' + std::string(parse_entity_tag(weak)->opaque) + '"', strong);
  }
}

TEST(EntityTag, DoesNotShowTheInodeNumber) {
  FileVersion version = sample();
  version.inode = 0xabcdef123;
  EXPECT_EQ(make_entity_tag(version, false).find("abcdef123"), std::string::npos);
}

// Where a file's times are as coarse as the clock's tick, other bytes may come under the very times
// that were told: what was told then must be said of nothing else, ever.
TEST(EntityTag, WhileFreshIsLikeNoOther) {
  const FileTime now = {1700000001, 7};
  const std::string fresh = make_fresh_entity_tag(sample(), now);
  ASSERT_TRUE(parse_entity_tag(fresh)) << fresh;
  EXPECT_TRUE(parse_entity_tag(fresh)->weak);
  std::vector<std::string> others = {make_fresh_entity_tag(sample(), {now.s, now.ns + 1}),
                                     make_fresh_entity_tag(sample(), {now.s + 1, now.ns})};
  for (const char* const coding : {"", "br", "zstd", "gzip"}) {
    others.push_back(make_entity_tag(sample(), false, coding));
    others.push_back(make_entity_tag(sample(), true, coding));
  }
  for (const std::string& other : others) {
    EXPECT_FALSE(weak_match(*parse_entity_tag(fresh), *parse_entity_tag(other))) << other;
  }
}

// RFC 9110 section 8.8.3
TEST(EntityTag, IsQuotedAndMayBeWeak) {
  for (const char* const opaque :
       {"", "a", "xyzzy", "!", "a,b", "'", "\\", "W/", "*", "\x80\xff", "a-b.c:d"}) {
    const std::string strong = '"' + std::string(opaque) + '"';
    ASSERT_TRUE(parse_entity_tag(strong)) << strong;
    EXPECT_EQ(parse_entity_tag(strong)->opaque, opaque);
    EXPECT_FALSE(parse_entity_tag(strong)->weak);
    ASSERT_TRUE(parse_entity_tag("W/" + strong)) << strong;
    EXPECT_EQ(parse_entity_tag("W/" + strong)->opaque, opaque);
    EXPECT_TRUE(parse_entity_tag("W/" + strong)->weak);
  }
}

TEST(EntityTag, IsRefusedInAnyOtherForm) {
  const std::vector<std::string> rows = {"",           "a",
                                         "*",          "\"",
                                         "\"a",        "a\"",
                                         "w/\"a\"",    "W/",
                                         "W/a",        "W /\"a\"",
                                         "W/ \"a\"",   "W\"a\"",
                                         "/\"a\"",     "\"a\"b",
                                         "\"a\"\"b\"", "\"a\", \"b\"",
                                         " \"a\"",     "\"a\" ",
                                         "\"a b\"",    "\"a\tb\"",
                                         "\"a\x7f\"",  "\"a\nb\"",
                                         "\"\\\"\"",   "'a'",
                                         "W/W/\"a\"",  std::string("\"a\0\"", 4)};
  for (const std::string& row : rows)
    EXPECT_FALSE(parse_entity_tag(row)) << row;
}

// The table of RFC 9110 section 8.8.3.2.
TEST(EntityTag, IsComparedStronglyOrWeakly) {
  const EntityTag weak_1 = {"1", true};
  const EntityTag weak_2 = {"2", true};
  const EntityTag strong_1 = {"1", false};
  EXPECT_FALSE(strong_match(weak_1, weak_1));
  EXPECT_TRUE(weak_match(weak_1, weak_1));
  EXPECT_FALSE(strong_match(weak_1, weak_2));
  EXPECT_FALSE(weak_match(weak_1, weak_2));
  EXPECT_FALSE(strong_match(weak_1, strong_1));
  EXPECT_FALSE(strong_match(strong_1, weak_1));
  EXPECT_TRUE(weak_match(weak_1, strong_1));
  EXPECT_TRUE(strong_match(strong_1, strong_1));
  EXPECT_TRUE(weak_match(strong_1, strong_1));
}

struct ListRow {
  const char* list;
  ListMatch weak;
  ListMatch strong;
};

TEST(EntityTagList, NamesATagOrNotOrIsMalformed) {
  constexpr auto kBad = ListMatch::Malformed;
  constexpr auto kNone = ListMatch::None;
  constexpr auto kSome = ListMatch::Some;
  const std::vector<ListRow> rows = {
      {"*", kSome, kSome},
      {" *\t", kSome, kSome},
      {"\"a\"", kSome, kSome},
      {"W/\"a\"", kSome, kNone},
      {"\"A\"", kNone, kNone},
      {"\"b\", \"a\"", kSome, kSome},
      {"\"b\",\"a\",\"c\"", kSome, kSome},
      {"\"b\" \t,\t \"a\"", kSome, kSome},
      {"W/\"b\", W/\"a\"", kSome, kNone},
      {"W/\"a\", \"a\"", kSome, kSome},
      {"\"a,b\"", kNone, kNone},
      {"\"x,\", \"a\"", kSome, kSome},
      {"\"\"", kNone, kNone},
      {"\"*\"", kNone, kNone},
      // Empty members (RFC 9110 section 5.6.1.2)
      {"", kNone, kNone},
      {" ", kNone, kNone},
      {",", kNone, kNone},
      {" , ,, ", kNone, kNone},
      {",\"a\"", kSome, kSome},
      {"\"a\",", kSome, kSome},
      {", ,\"b\" ,, \"a\" , ", kSome, kSome},
      // Malformed
      {"a", kBad, kBad},
      {"\"a", kBad, kBad},
      {"a\"", kBad, kBad},
      {"\"a\" \"b\"", kBad, kBad},
      {"\"a\"\"b\"", kBad, kBad},
      {"\"a\"; \"b\"", kBad, kBad},
      {"\"a\", b", kBad, kBad},
      {"\"a\", *", kBad, kBad},
      {"*, \"a\"", kBad, kBad},
      {"*, *", kBad, kBad},
      {"**", kBad, kBad},
      {"*,", kBad, kBad},
      {"w/\"a\"", kBad, kBad},
      {"W/", kBad, kBad},
      {"\"a\", W/", kBad, kBad},
      {"\"a b\", \"a\"", kBad, kBad},
  };
  const EntityTag current = {"a", false};
  for (const ListRow& row : rows) {
    EXPECT_EQ(match_entity_tags(row.list, current, Comparison::Weak), row.weak) << row.list;
    EXPECT_EQ(match_entity_tags(row.list, current, Comparison::Strong), row.strong) << row.list;
  }
}

TEST(EntityTagList, NeverMatchesAWeakTagStrongly) {
  const EntityTag current = {"a", true};
  EXPECT_EQ(match_entity_tags("\"a\"", current, Comparison::Strong), ListMatch::None);
  EXPECT_EQ(match_entity_tags("W/\"a\"", current, Comparison::Strong), ListMatch::None);
  EXPECT_EQ(match_entity_tags("\"a\"", current, Comparison::Weak), ListMatch::Some);
}

TEST(EntityTagList, OfStarMatchesWhatHasNoTag) {
  EXPECT_EQ(match_entity_tags("*", std::nullopt, Comparison::Strong), ListMatch::Some);
  EXPECT_EQ(match_entity_tags("\"\"", std::nullopt, Comparison::Weak), ListMatch::None);
  EXPECT_EQ(match_entity_tags("x", std::nullopt, Comparison::Weak), ListMatch::Malformed);
}

// Lists put together from well-formed members: what matches is known from how they were made.
RC_GTEST_PROP(EntityTagList, AgreesWithTheTagsItWasMadeOf, ()) {
  struct Member {
    std::string opaque;
    bool weak;
  };
  const EntityTag current = {"a,b", *rc::gen::arbitrary<bool>()};
  const auto count = *rc::gen::inRange(0, 8);
  std::string list;
  bool weakly = false;
  bool strongly = false;
  for (int i = 0; i < count; ++i) {
    list += *rc::gen::element<std::string>("", " ", "\t", ",", " , ");
    if (i > 0) list += ',';
    list += *rc::gen::element<std::string>("", " ", "\t", ",", " , ");
    const Member member = {*rc::gen::element<std::string>("a,b", "a", "", ",", "W/"),
                           *rc::gen::arbitrary<bool>()};
    list += (member.weak ? "W/\"" : "\"") + member.opaque + '"';
    const bool same = member.opaque == current.opaque;
    weakly = weakly || same;
    strongly = strongly || (same && !member.weak && !current.weak);
  }
  const auto expected = [](bool matched) { return matched ? ListMatch::Some : ListMatch::None; };
  RC_LOG() << list << '\n';
  RC_ASSERT(match_entity_tags(list, current, Comparison::Weak) == expected(weakly));
  RC_ASSERT(match_entity_tags(list, current, Comparison::Strong) == expected(strongly));
}

RC_GTEST_PROP(EntityTagList, IsNeverAMatchUnlessTheTagIsInIt, (const std::string& noise)) {
  const EntityTag current = {"Q7", false};
  const auto match = match_entity_tags(noise, current, Comparison::Weak);
  const bool is_star = noise.find('*') != std::string::npos;
  RC_ASSERT((match != ListMatch::Some || is_star || noise.find("\"Q7\"") != std::string::npos));
}

}  // namespace
}  // namespace aws

#include "serve/listing_page.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "parsed_target.h"
#include "serve/listing_text.h"
#include "serve/sorted_entries.h"
#include "strict_json.h"

namespace aws {
namespace {

using Key = ListingSort::Key;

std::string html_of(std::string_view text) {
  std::string out;
  append_html(out, text);
  return out;
}

std::string json_of(std::string_view text) {
  std::string out;
  append_json(out, text);
  return out;
}

std::string row_of(ListingPage& page, const ListingEntry& entry) {
  std::string out;
  page.append_row(out, entry);
  return out;
}

std::string opening_of(const std::string& path, ListingSort sort, const ListingTotals& totals) {
  std::string out;
  make_html_listing(path, sort)->append_opening(out, totals);
  return out;
}

// What stands between the first `before` and the next `after`.
std::string between(const std::string& text, std::string_view before, std::string_view after) {
  const std::size_t begin = text.find(before);
  if (begin == std::string::npos) return "(nothing)";
  const std::size_t from = begin + before.size();
  return text.substr(from, text.find(after, from) - from);
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

struct Escaped {
  const char* raw;
  const char* html;
  const char* json;
  const char* href;
};

constexpr Escaped kEscaped[] = {
    {"plain.txt", "plain.txt", "plain.txt", "plain.txt"},
    {"a b", "a b", "a b", "a%20b"},
    {"<b>&\"'", "&lt;b&gt;&amp;&quot;&#39;", "<b>&\\\"'", "%3Cb%3E%26%22%27"},
    {"</script>", "&lt;/script&gt;", "</script>", "%3C%2Fscript%3E"},
    {"100%?#\\", "100%?#\\", "100%?#\\\\", "100%25%3F%23%5C"},
    {"a\nb\r\t\x1f\x7f", "a␊b␍␉␟␡", "a\\u000ab\\u000d\\u0009\\u001f\x7f", "a%0Ab%0D%09%1F%7F"},
    {"javascript:alert(1)", "javascript:alert(1)", "javascript:alert(1)",
     "javascript%3Aalert%281%29"},
    {"//host", "//host", "//host", "%2F%2Fhost"},
    {"Käse 🧀", "Käse 🧀", "Käse 🧀", "K%C3%A4se%20%F0%9F%A7%80"},
    {"\u202Egnp.exe", "\uFFFDgnp.exe", "\u202Egnp.exe", "%E2%80%AEgnp.exe"},  // turns it round
    {"\u202A\u2069", "\uFFFD\uFFFD", "\u202A\u2069", "%E2%80%AA%E2%81%A9"},
    {"\u2029\u202F\u2065\u206A", "\u2029\u202F\u2065\u206A", "\u2029\u202F\u2065\u206A",
     "%E2%80%A9%E2%80%AF%E2%81%A5%E2%81%AA"},
    {"\xFFx", "\uFFFDx", "\uFFFDx", "%FFx"},                 // no lead byte
    {"\xC3", "\uFFFD", "\uFFFD", "%C3"},                     // cut off
    {"\xC3(", "\uFFFD(", "\uFFFD(", "%C3%28"},               // not continued
    {"\xC0\xAF", "\uFFFD\uFFFD", "\uFFFD\uFFFD", "%C0%AF"},  // too long a form of '/'
    {"\xE0\x80\xAF", "\uFFFD\uFFFD\uFFFD", "\uFFFD\uFFFD\uFFFD", "%E0%80%AF"},
    {"\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD", "\uFFFD\uFFFD\uFFFD", "%ED%A0%80"},  // a surrogate
    {"\xF4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD", "\uFFFD\uFFFD\uFFFD\uFFFD",
     "%F4%90%80%80"},  // beyond U+10FFFF
    {"\xE2\x82", "\uFFFD\uFFFD", "\uFFFD\uFFFD", "%E2%82"},
    {"\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF", "%F4%8F%BF%BF"},
};

TEST(ListingText, EscapesForHtmlJsonAndAddresses) {
  for (const Escaped& row : kEscaped) {
    EXPECT_EQ(html_of(row.raw), row.html);
    EXPECT_EQ(json_of(row.raw), '"' + std::string(row.json) + '"');
    EXPECT_EQ(entry_reference(row.raw, false), row.href);
    EXPECT_EQ(entry_reference(row.raw, true), row.href + std::string("/"));
  }
}

// Whatever bytes a name is made of, what a browser or a program makes of its reference is a request
// for this very name, and nothing but the row's own markup is markup.
TEST(ListingText, LeadsBackToAnyNameThatAFileCanHave) {
  std::mt19937 random(8888);  // NOLINT: the same names every time
  const auto html = make_html_listing("static", {});
  const auto json = make_json_listing("static");
  for (int round = 0; round < 5000; ++round) {
    std::string name;
    const std::size_t size = 1 + random() % 20;
    while (name.size() < size) {
      const std::string_view kNasty = "<>&\"'%?#\\\n :.;\x80\xC3\xE2\xED\xF0\xFF";
      const char c = random() % 2 == 0 ? kNasty[random() % kNasty.size()]
                                       : static_cast<char>(1 + random() % 255);
      if (c != '/') name += c;
    }
    if (name == "." || name == "..") continue;

    const std::string row = row_of(*html, {.name = name});
    EXPECT_TRUE(StrictJson::is_utf8(row));
    EXPECT_EQ(std::count(row.begin(), row.end(), '<'), 16) << row;
    EXPECT_EQ(std::count(row.begin(), row.end(), '"'), 8) << row;
    const std::string href = between(row, "href=\"", "\"");
    EXPECT_TRUE(std::all_of(href.begin(), href.end(), [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::strchr("-._~%", c) != nullptr;
    })) << href;
    const ParsedTarget target("/static/" + href);
    ASSERT_TRUE(target) << href;
    EXPECT_EQ(target->path, "static/" + name) << href;

    std::string line = row_of(*json, {.name = name});
    const auto parsed = StrictJson::parse(line.substr(line.find('{')));
    ASSERT_TRUE(parsed) << line;
    EXPECT_EQ(ParsedTarget("/static/" + (*parsed)["href"]->text)->path, "static/" + name);
    if (StrictJson::is_utf8(name)) {
      EXPECT_EQ((*parsed)["name"]->text, name);
    }
  }
}

TEST(ListingText, TellsSizesInAtLeastTwoDigits) {
  constexpr std::uint64_t kMiB = 1024 * 1024;
  const std::pair<std::uint64_t, const char*> kSizes[] = {
      {0, "0 B"},
      {1, "1 B"},
      {1023, "1023 B"},
      {1024, "1.0 KiB"},
      {1468, "1.4 KiB"},
      {10188, "9.9 KiB"},
      {10189, "10 KiB"},  // and not "10.0"
      {1023 * 1024, "1023 KiB"},
      {kMiB - 1, "1.0 MiB"},  // and not "1024 KiB"
      {5 * kMiB * 1024, "5.0 GiB"},
      {300 * kMiB * kMiB, "300 TiB"},
      {std::numeric_limits<std::uint64_t>::max(), "16 EiB"},
  };
  for (const auto& [bytes, text] : kSizes)
    EXPECT_EQ(human_size(bytes), text) << bytes;
}

TEST(ListingText, GroupsThousands) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
}

TEST(ListingText, TellsTimesWithinFourDigitYears) {
  EXPECT_EQ(iso_time(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(iso_time(1795255200), "2026-11-21T10:00:00Z");
  EXPECT_EQ(iso_time(951825599), "2000-02-29T11:59:59Z");
  EXPECT_EQ(iso_time(-1), "1969-12-31T23:59:59Z");
  EXPECT_EQ(iso_time(std::numeric_limits<std::int64_t>::max()), "9999-12-31T23:59:59Z");
  EXPECT_EQ(iso_time(std::numeric_limits<std::int64_t>::min()), "0001-01-01T00:00:00Z");
}

TEST(ListingSort, ReadsTheQueryAndFallsBackToTheName) {
  const std::pair<const char*, ListingSort> kQueries[] = {
      {"", {}},
      {"sort=name", {}},
      {"sort=size", {Key::Size, false}},
      {"sort=time&order=desc", {Key::Time, true}},
      {"order=desc&sort=size", {Key::Size, true}},
      {"order=desc", {Key::Name, true}},
      {"sort=colour&order=sideways", {}},
      {"sort=size&sort=time", {Key::Size, false}},  // the first one counts
      {"sort=&order=", {}},
      {"sort&order", {}},
      {"&&=&sort=time&", {Key::Time, false}},
      {"resort=size&sorted=time", {}},
      {"sort=Size", {}},
      {"sort=si%7Ae", {}},
  };
  for (const auto& [query, sort] : kQueries)
    EXPECT_EQ(parse_listing_sort(query), sort) << query;
}

TEST(ListingSort, ReadsBackTheQueriesItMakes) {
  for (const Key key : {Key::Name, Key::Size, Key::Time}) {
    for (const bool descending : {false, true}) {
      const ListingSort sort{key, descending};
      EXPECT_EQ(parse_listing_sort(listing_query(sort).substr(1)), sort);
    }
  }
}

TEST(ListingSort, OrdersNamesAsPeopleDo) {
  const std::vector<std::string> kOrdered = {"",
                                             "!",
                                             "001",
                                             "01",
                                             "1",
                                             "2",
                                             "9x",
                                             "10",
                                             "10a",  // alike as numbers: by bytes
                                             "18446744073709551616000",
                                             "18446744073709551616001",  // beyond 64 bits
                                             "_x",
                                             "A",
                                             "a",
                                             "a.txt",
                                             "a0",
                                             "a00",
                                             "a1b9",
                                             "A1b10",
                                             "a2",
                                             "a10",
                                             "B",
                                             "b",
                                             "img12",
                                             "img100",
                                             "Zoo",
                                             "zoo",
                                             "Ärger",
                                             "ärger",
                                             "\xFF"};
  std::vector<std::string> sorted = kOrdered;
  std::shuffle(sorted.begin(), sorted.end(), std::mt19937(1));  // NOLINT: the same every time
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& left, const auto& right) { return compare_names(left, right) < 0; });
  EXPECT_EQ(sorted, kOrdered);
}

TEST(ListingSort, IsAStrictOrderOfAllNames) {
  std::mt19937 random(4);  // NOLINT: the same names every time
  std::vector<std::string> names;
  for (int i = 0; i < 60; ++i) {
    std::string name;
    for (std::size_t size = random() % 5; name.size() < size;)
      name += "019aAb.\xC3"[random() % 8];
    names.push_back(name);
  }
  for (const std::string& a : names) {
    for (const std::string& b : names) {
      EXPECT_EQ(compare_names(a, b), -compare_names(b, a));
      EXPECT_EQ(compare_names(a, b) == 0, a == b);
      for (const std::string& c : names) {
        if (compare_names(a, b) < 0 && compare_names(b, c) < 0) {
          EXPECT_LT(compare_names(a, c), 0) << a << ' ' << b << ' ' << c;
        }
      }
    }
  }
}

// Added in several slices and taken out again.
std::string order_of(ListingSort sort, std::size_t slice_size) {
  const std::vector<ListingEntry> kEntries = {
      {.name = "b10", .size = 5, .modified_s = 30},
      {.name = "b9", .size = 7, .modified_s = 10},
      {.name = "zoo", .is_folder = true, .modified_s = 5},
      {.name = "A", .size = 5, .modified_s = 20},
      {.name = "inn", .is_folder = true, .modified_s = 40},
      {.name = "c", .size = 5, .modified_s = 20},
  };
  SortedEntries sorted(sort);
  for (std::size_t i = 0; i < kEntries.size(); i += slice_size) {
    FolderSlice slice;
    for (std::size_t k = i; k < std::min(i + slice_size, kEntries.size()); ++k) {
      slice.entries.push_back(kEntries[k]);
    }
    sorted.add(std::move(slice));
    sorted.add({});
  }
  std::string order;
  for (; !sorted.empty(); sorted.pop())
    order.append(sorted.front().name).append(" ");
  return order;
}

TEST(SortedEntries, StandFoldersFirstInEveryOrder) {
  for (const std::size_t slice_size : {1U, 2U, 4U, 100U}) {
    EXPECT_EQ(order_of({Key::Name, false}, slice_size), "inn zoo A b9 b10 c ");
    EXPECT_EQ(order_of({Key::Name, true}, slice_size), "zoo inn c b10 b9 A ");
    EXPECT_EQ(order_of({Key::Size, false}, slice_size), "inn zoo A b10 c b9 ");
    EXPECT_EQ(order_of({Key::Size, true}, slice_size), "inn zoo b9 A b10 c ");
    EXPECT_EQ(order_of({Key::Time, false}, slice_size), "zoo inn b9 A c b10 ");
    EXPECT_EQ(order_of({Key::Time, true}, slice_size), "inn zoo b10 A c b9 ");
  }
}

TEST(HtmlListing, ShowsAFileWithItsExactSizeAndTime) {
  const auto page = make_html_listing("static", {Key::Size, true});
  EXPECT_EQ(row_of(*page, {.name = "a&b.txt", .size = 1468, .modified_s = 1795255200}),
            "<tr><td><a href=\"a%26b.txt\"><bdi>a&amp;b.txt</bdi></a></td>"
            "<td title=\"1468 bytes\">1.4 KiB</td>"
            "<td><time datetime=\"2026-11-21T10:00:00Z\" title=\"2026-11-21T10:00:00Z\">2026-11-21"
            "<span> 10:00</span></time></td></tr>\n");
  EXPECT_TRUE(contains(row_of(*page, {.name = "a", .size = 1}), "title=\"1 byte\">1 B<"));
}

TEST(HtmlListing, KeepsAChosenOrderOnTheWayToOtherFolders) {
  const ListingEntry folder{.name = "in", .is_folder = true};
  const auto by_name = make_html_listing("static/x", {});
  EXPECT_EQ(between(row_of(*by_name, folder), "href=\"", "</a>"), "in/\"><bdi>in/</bdi>");
  const auto by_size = make_html_listing("static/x", {Key::Size, true});
  EXPECT_EQ(between(row_of(*by_size, folder), "href=\"", "\""), "in/?sort=size&amp;order=desc");
  const std::string opening = opening_of("static/x", {Key::Size, true}, {});
  EXPECT_TRUE(contains(opening, "<a href=\"../?sort=size&amp;order=desc\">Parent folder</a>"));
  EXPECT_TRUE(contains(opening, "<a href=\"../?sort=size&amp;order=desc\"><bdi>static</bdi>"));
}

TEST(HtmlListing, LinksEachFolderOnTheWay) {
  const std::string opening = opening_of("static/a b/<c>", {}, {});
  EXPECT_TRUE(contains(opening, "<title>/static/a b/&lt;c&gt;/</title>"));
  EXPECT_TRUE(contains(opening, "<li><a href=\"../../\"><bdi>static</bdi></a></li>"));
  EXPECT_TRUE(contains(opening, "<li><a href=\"../\"><bdi>a b</bdi></a></li>"));
  EXPECT_TRUE(contains(opening, "<h1 aria-current=\"page\"><bdi>&lt;c&gt;</bdi></h1>"));
  EXPECT_TRUE(contains(opening, "<a href=\"../\">Parent folder</a>"));
}

TEST(HtmlListing, HasNoParentWhereTheSiteBegins) {
  for (const std::string path : {"static", "dynamic", ""}) {
    const std::string opening = opening_of(path, {}, {});
    EXPECT_FALSE(contains(opening, "Parent folder")) << path;
    EXPECT_FALSE(contains(opening, "../")) << path;
  }
}

// A mirror follows links, and would take each order of each directory.
TEST(HtmlListing, SortsByButtonsInTheColumnHeads) {
  const auto form = [](const std::string& order, const std::string& key, const std::string& title) {
    return "><form><input type=\"hidden\" name=\"order\" value=\"" + order +
           "\"><button name=\"sort\" value=\"" + key + "\">" + title + "</button></form>";
  };
  const std::string by_name = opening_of("static", {}, {});
  EXPECT_EQ(between(by_name, "class=\"name\"", "</th>"),
            " aria-sort=\"ascending\"" + form("desc", "name", "Name"));
  EXPECT_EQ(between(by_name, "class=\"size\"", "</th>"), form("desc", "size", "Size"));
  const std::string by_time = opening_of("static", {Key::Time, true}, {});
  EXPECT_EQ(between(by_time, "class=\"time\"", "</th>"),
            " aria-sort=\"descending\"" + form("asc", "time", "Modified<span> (UTC)</span>"));
  EXPECT_EQ(between(by_time, "class=\"name\"", "</th>"), form("asc", "name", "Name"));
  EXPECT_FALSE(contains(by_time, "href=\"?"));
}

TEST(HtmlListing, SaysHowMuchThereIs) {
  EXPECT_TRUE(contains(opening_of("static", {}, {.folders = 1, .files = 10000, .bytes = 2048}),
                       "<p>1 folder, 10,000 files, <span title=\"2048 bytes\">2.0 KiB</span></p>"));
  EXPECT_TRUE(contains(opening_of("static", {}, {}), "This folder is empty."));
  EXPECT_FALSE(contains(opening_of("static", {}, {.folders = 1}), "This folder is empty."));
  EXPECT_TRUE(contains(opening_of("static", {}, {.files = 9, .is_cut_short = true}),
                       "This folder has more: only a part of it is shown."));
}

TEST(HtmlListing, LoadsNothingAndRunsNothing) {
  const std::string opening = opening_of("static/x", {}, {});
  EXPECT_FALSE(contains(opening, "<script"));
  EXPECT_FALSE(contains(opening, "src="));
  EXPECT_FALSE(contains(opening, "@import"));
  EXPECT_TRUE(contains(opening, "<link rel=\"icon\" href=\"data:,\">"));
}

TEST(JsonListing, IsStrictlyJson) {
  const auto page = make_json_listing("static/a \"b\"");
  std::string text;
  page->append_opening(text, {.folders = 1, .files = 1});
  page->append_row(text, {.name = "c\n", .is_folder = true, .modified_s = 1795255200});
  page->append_row(text, {.name = "\xFF", .size = 5, .modified_s = -1});
  page->append_closing(text);
  EXPECT_EQ(text,
            "{\"path\": \"/static/a \\\"b\\\"/\", \"truncated\": false, \"entries\": [\n"
            "{\"name\": \"c\\u000a\", \"type\": \"folder\", "
            "\"modified\": \"2026-11-21T10:00:00Z\", \"href\": \"c%0A/\"},\n"
            "{\"name\": \"\uFFFD\", \"type\": \"file\", \"size\": 5, "
            "\"modified\": \"1969-12-31T23:59:59Z\", \"href\": \"%FF\"}\n"
            "]}\n");
  EXPECT_TRUE(StrictJson::parse(text));
}

TEST(JsonListing, OfAnEmptyFolderIsJsonToo) {
  const auto page = make_listing_page(ListingFormat::Json, "", {});
  std::string text;
  page->append_opening(text, {.is_cut_short = true});
  page->append_closing(text);
  const auto parsed = StrictJson::parse(text);
  ASSERT_TRUE(parsed) << text;
  EXPECT_EQ((*parsed)["path"]->text, "/");
  EXPECT_EQ((*parsed)["truncated"]->text, "true");
  EXPECT_TRUE((*parsed)["entries"]->items.empty());
}

}  // namespace
}  // namespace aws

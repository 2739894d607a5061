// ListingPage: a folder's listing as text, in pieces: an opening, a row an entry, a closing.
//
// It knows entries in the order they come, and nothing of where they come from or go to. One
// thread.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "serve/listing_entry.h"

namespace aws {

enum class ListingFormat : std::uint8_t { Html, Json };

// What the opening says of all that follows.
struct ListingTotals {
  static constexpr auto kTooManyBytes = std::numeric_limits<std::uint64_t>::max();

  std::uint64_t folders = 0;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;    // of all files together; kTooManyBytes: that many, or more
  bool is_cut_short = false;  // the folder has more entries than a listing may show
};

class ListingPage {
 public:
  ListingPage() = default;
  ListingPage(const ListingPage&) = delete;
  ListingPage& operator=(const ListingPage&) = delete;
  virtual ~ListingPage() = default;

  // Each appends to `out`: append_opening() once, append_row() as often as totals.folders and
  // totals.files say, append_closing() once.
  virtual void append_opening(std::string& out, const ListingTotals& totals) = 0;
  virtual void append_row(std::string& out, const ListingEntry& entry) = 0;
  virtual void append_closing(std::string& out) = 0;
};

// A page for browsers: no script, nothing loaded from anywhere, all references relative, so that
// it works behind a proxy that puts the site beneath a prefix. Other orders are asked for by
// buttons and not by links, so that a mirror, which follows all links, meets each directory once.
// `path` is the folder's, decoded, without slashes at its ends: "static/a b"; the address must end
// in a slash. The rows come sorted by `sort`, and its links keep that order.
[[nodiscard]] std::unique_ptr<ListingPage> make_html_listing(std::string path, ListingSort sort);

// The same for programs, valid UTF-8 always, one entry a line:
//   {"path": "/static/a b/", "truncated": false, "entries": [
//   {"name": "c", "type": "folder", "modified": "2026-11-21T10:00:00Z", "href": "c/"},
//   {"name": "d", "type": "file", "size": 5, "modified": "2026-11-21T10:00:00Z", "href": "d"}
//   ]}
// A file whose size is not known before it is read has no "size". A name that is not UTF-8 has
// U+FFFD where it is not; its href has its very bytes, encoded.
[[nodiscard]] std::unique_ptr<ListingPage> make_json_listing(std::string path);

[[nodiscard]] std::unique_ptr<ListingPage> make_listing_page(ListingFormat format, std::string path,
                                                             ListingSort sort);

}  // namespace aws

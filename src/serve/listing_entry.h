// ListingEntry: one line of a folder's listing, and the orders that lines can stand in.
//
// Knows no folder and no markup. Pure functions: any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace aws {

// `name` is any bytes but '/' and NUL, not always UTF-8; who made the entry keeps them alive.
struct ListingEntry {
  std::string_view name;
  bool is_folder = false;
  bool hides_size = false;      // see os/file_system.h
  std::uint64_t size = 0;       // bytes; 0 for a folder, and where it is not known
  std::int64_t modified_s = 0;  // seconds since the epoch, perhaps before it
};

struct ListingSort {
  enum class Key : std::uint8_t { Name, Size, Time };
  Key key = Key::Name;
  bool descending = false;

  bool operator==(const ListingSort&) const = default;
};

// The order that a request's query, without its question mark, asks for: sort=name|size|time and
// order=asc|desc, the first of each. Whatever else it says, or does not say, is name and ascending.
[[nodiscard]] ListingSort parse_listing_sort(std::string_view query);

// What a query calls a key and an order: "size", "desc".
[[nodiscard]] std::string_view name(ListingSort::Key key);
[[nodiscard]] std::string_view order_name(bool descending);

// The query that asks for `sort`: "?sort=size&order=desc".
[[nodiscard]] std::string listing_query(ListingSort sort);

// Below, equal to or above 0 as `left` comes before, is, or comes after `right`, as people order
// names: ASCII letters whatever their case, and digits by the number they make, so that "a9" comes
// before "A10". All else is by bytes, which for UTF-8 is by code point; the locale does not matter.
// 0 for the same bytes only.
[[nodiscard]] int compare_names(std::string_view left, std::string_view right);

// Whether `left` stands above `right`. Folders always stand above files; folders have no size, so
// by size they stand by name; what is alike otherwise stands by name, ascending.
[[nodiscard]] bool comes_before(const ListingEntry& left, const ListingEntry& right,
                                ListingSort sort);

}  // namespace aws

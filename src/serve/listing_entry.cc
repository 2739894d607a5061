#include "serve/listing_entry.h"

#include <algorithm>
#include <compare>

#include "http/ascii.h"

namespace aws {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

int sign_of(std::strong_ordering order) {
  return order < 0 ? -1 : (order > 0 ? 1 : 0);
}

// Cuts the digits that `text` begins with off it, and gives them back without leading zeros.
std::string_view take_number(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  std::string_view digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(digits.size());
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  return digits;
}

// Of any size: no number is too large for a name.
int compare_numbers(std::string_view left, std::string_view right) {
  return left.size() != right.size() ? sign_of(left.size() <=> right.size())
                                     : sign_of(left <=> right);
}

// One character, or one number, of each at a time.
int compare_loosely(std::string_view left, std::string_view right) {
  while (!left.empty() && !right.empty()) {
    int order = 0;
    if (is_digit(left.front()) && is_digit(right.front())) {
      const std::string_view number = take_number(left);
      order = compare_numbers(number, take_number(right));
    } else {
      order = sign_of(static_cast<unsigned char>(to_lower(left.front())) <=>
                      static_cast<unsigned char>(to_lower(right.front())));
      left.remove_prefix(1);
      right.remove_prefix(1);
    }
    if (order != 0) return order;
  }
  return sign_of(left.size() <=> right.size());
}

int compare_keys(const ListingEntry& left, const ListingEntry& right, ListingSort::Key key) {
  switch (key) {
    case ListingSort::Key::Name:
      return compare_names(left.name, right.name);
    case ListingSort::Key::Size:
      return left.is_folder ? 0 : sign_of(left.size <=> right.size);
    case ListingSort::Key::Time:
      return sign_of(left.modified_s <=> right.modified_s);
  }
  return 0;
}

// The value of the first parameter called `name`; empty if there is none.
std::string_view parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (pair.substr(0, equals) == name) return pair.substr(std::min(equals + 1, pair.size()));
  }
  return {};
}

}  // namespace

ListingSort parse_listing_sort(std::string_view query) {
  ListingSort sort;
  const std::string_view key = parameter(query, "sort");
  if (key == "size") sort.key = ListingSort::Key::Size;
  if (key == "time") sort.key = ListingSort::Key::Time;
  sort.descending = parameter(query, "order") == "desc";
  return sort;
}

std::string_view name(ListingSort::Key key) {
  switch (key) {
    case ListingSort::Key::Name:
      return "name";
    case ListingSort::Key::Size:
      return "size";
    case ListingSort::Key::Time:
      return "time";
  }
  return "";
}

std::string_view order_name(bool descending) {
  return descending ? "desc" : "asc";
}

std::string listing_query(ListingSort sort) {
  std::string query = "?sort=";
  return query.append(name(sort.key)).append("&order=").append(order_name(sort.descending));
}

int compare_names(std::string_view left, std::string_view right) {
  const int order = compare_loosely(left, right);
  return order != 0 ? order : sign_of(left <=> right);
}

bool comes_before(const ListingEntry& left, const ListingEntry& right, ListingSort sort) {
  if (left.is_folder != right.is_folder) return left.is_folder;
  const int order = compare_keys(left, right, sort.key);
  if (order != 0) return sort.descending ? order > 0 : order < 0;
  return compare_names(left.name, right.name) < 0;
}

}  // namespace aws

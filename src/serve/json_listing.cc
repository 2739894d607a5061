#include "serve/listing_page.h"

#include <fmt/core.h>

#include <iterator>
#include <string_view>
#include <utility>

#include "serve/listing_text.h"

namespace aws {
namespace {

class JsonListing final : public ListingPage {
 public:
  explicit JsonListing(std::string path) : path_(std::move(path)) {}

  void append_opening(std::string& out, const ListingTotals& totals) override;
  void append_row(std::string& out, const ListingEntry& entry) override;
  void append_closing(std::string& out) override { out += "\n]}\n"; }

 private:
  std::string path_;
  bool has_rows_ = false;
};

void JsonListing::append_opening(std::string& out, const ListingTotals& totals) {
  out += "{\"path\": ";
  append_json(out, path_.empty() ? "/" : "/" + path_ + "/");
  fmt::format_to(std::back_inserter(out), ", \"truncated\": {}, \"entries\": [",
                 totals.is_cut_short);
}

void JsonListing::append_row(std::string& out, const ListingEntry& entry) {
  out += has_rows_ ? ",\n{\"name\": " : "\n{\"name\": ";
  has_rows_ = true;
  append_json(out, entry.name);
  out += entry.is_folder ? ", \"type\": \"folder\"" : ", \"type\": \"file\"";
  if (!entry.is_folder && !entry.hides_size) {
    fmt::format_to(std::back_inserter(out), ", \"size\": {}", entry.size);
  }
  fmt::format_to(std::back_inserter(out),
                 ", \"modified\": \"{}\", \"href\": ", iso_time(entry.modified_s));
  append_json(out, entry_reference(entry.name, entry.is_folder));
  out += '}';
}

}  // namespace

std::unique_ptr<ListingPage> make_json_listing(std::string path) {
  return std::make_unique<JsonListing>(std::move(path));
}

}  // namespace aws

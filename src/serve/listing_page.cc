#include "serve/listing_page.h"

#include <utility>

namespace aws {

std::unique_ptr<ListingPage> make_listing_page(ListingFormat format, std::string path,
                                               ListingSort sort) {
  switch (format) {
    case ListingFormat::Html:
      return make_html_listing(std::move(path), sort);
    case ListingFormat::Json:
      return make_json_listing(std::move(path));
  }
  return nullptr;
}

}  // namespace aws

// Site: what the operator chose about the answers. Read-only once the server runs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace aws {

// --cache-control GLOB=VALUE: the first rule whose glob (fnmatch(3), '*' matches slashes too)
// matches the address's path, such as "/static/app.js", gives the field's value.
struct CacheRule {
  std::string glob;
  std::string value;
};

struct Site {
  std::string root;               // the document root's folder
  bool precompressed = true;      // serve x.br, x.zst, x.gz for x to clients that accept them
  bool compress = true;           // encode /dynamic on the way, for clients that accept it
  bool listing = false;           // list folders without an index.html
  std::size_t max_listings = 32;  // under way at once, all loops together
  bool dotfiles = false;          // serve names that begin with a dot
  bool cors = false;              // let pages of other origins read everything
  std::string default_type = "application/octet-stream";
  std::string types_file;  // more media types, in mime.types(5) format; may be empty
  std::string fallback;    // beneath the root: the page of a single-page application
  std::vector<CacheRule> cache_control;
  std::vector<std::string> fields;  // whole lines "Name: value", checked
};

}  // namespace aws

#include "site_options.h"

#include <algorithm>
#include <array>
#include <string>

#include "http/ascii.h"
#include "http/head_scanner.h"

namespace aws {
namespace {

// Fields that this server must decide alone: they frame the message or promise what it cannot know.
constexpr std::array<std::string_view, 16> kOwnFields = {
    "accept-ranges",    "allow",          "location",
    "trailer",          "upgrade",        "connection",
    "content-encoding", "content-length", "content-range",
    "content-type",     "date",           "etag",
    "keep-alive",       "last-modified",  "server",
    "transfer-encoding"};

constexpr std::size_t kMostListings = 1'000'000;  // as many as connections

bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

// Returns CLI11's verdict: empty if `text` is fine, else what is wrong with it.
std::string check_field(const std::string& text) {
  if (!is_field_value(text)) return "a control character is in it";
  const std::size_t colon = text.find(':');
  const std::string_view name = std::string_view(text).substr(0, colon);
  if (colon == std::string::npos || !is_token(name)) {
    return "it is not of the form 'Name: value'";
  }
  const bool own = std::any_of(kOwnFields.begin(), kOwnFields.end(), [&](std::string_view field) {
    return equals_ignoring_case(field, name);
  });
  return own ? "'" + std::string(name) + "' is for the server itself to say" : "";
}

std::string check_cache_rule(const std::string& text) {
  if (!is_field_value(text)) return "a control character is in it";
  const std::size_t equals = text.find('=');
  const bool complete = equals != std::string::npos && equals > 0 && equals + 1 < text.size();
  return complete ? "" : "it is not of the form GLOB=VALUE";
}

std::string check_media_type(const std::string& text) {
  const std::size_t slash = text.find('/');
  const bool complete = slash != std::string::npos && slash > 0 && slash + 1 < text.size();
  return complete && is_field_value(text) ? "" : "not a media type, such as text/plain";
}

CacheRule to_cache_rule(const std::string& text) {
  const std::size_t equals = text.find('=');
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::string to_field_line(const std::string& text) {
  const std::size_t colon = text.find(':');
  const std::string_view value = trimmed(std::string_view(text).substr(colon + 1));
  return text.substr(0, colon) + ": " + std::string(value) + "\r\n";
}

}  // namespace

void add_site_options(CLI::App& app, Site& site) {
  app.add_flag("--listing", site.listing, "List folders that have no index.html");
  app.add_option("--max-listings", site.max_listings,
                 "Listings, and files of unknown size, under way at a time; more get 503")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, kMostListings));
  app.add_flag("--dotfiles", site.dotfiles, "Serve names that begin with a dot, too");
  app.add_flag("!--no-precompressed", site.precompressed,
               "Do not serve x.br, x.zst or x.gz in place of x");
  app.add_flag("!--no-compress", site.compress, "Do not compress /dynamic files on the way");
  app.add_flag("--cors", site.cors, "Let pages of other origins read everything");
  app.add_option("--default-type", site.default_type, "Content-Type of unknown extensions")
      ->type_name("TYPE")
      ->check(CLI::Validator(check_media_type, ""));
  app.add_option("--types", site.types_file, "More media types: a file like /etc/mime.types")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  app.add_option("--fallback", site.fallback,
                 "Page for addresses that are not there, of a single-page application; "
                 "beneath the root, and for navigations only")
      ->type_name("FILE");
  app.add_option_function<std::vector<std::string>>(
         "--cache-control",
         [&site](const std::vector<std::string>& rules) {
           std::transform(rules.begin(), rules.end(), std::back_inserter(site.cache_control),
                          to_cache_rule);
         },
         "Cache-Control for addresses like GLOB, '*' being anything; repeatable, first match wins")
      ->type_name("GLOB=VALUE")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check(CLI::Validator(check_cache_rule, ""));
  app.add_option_function<std::vector<std::string>>(
         "--header",
         [&site](const std::vector<std::string>& fields) {
           std::transform(fields.begin(), fields.end(), std::back_inserter(site.fields),
                          to_field_line);
         },
         "A field for every answer; repeatable")
      ->type_name("'Name: value'")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check(CLI::Validator(check_field, ""));
}

}  // namespace aws

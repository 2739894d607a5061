#include "serve/resources.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

#include "http/accept.h"
#include "http/conditional.h"
#include "os/log.h"
#include "serve/cross_origin.h"
#include "serve/dynamic_body.h"
#include "serve/file_cache.h"
#include "serve/listing_body.h"
#include "serve/static_body.h"

namespace aws {
namespace {

std::unique_ptr<FileBody> make_static(const BodyTools& tools, SharedFd file, void* waiter) {
  return std::make_unique<StaticBody>(tools.sys, tools.page_cache, std::move(file), waiter);
}

std::unique_ptr<FileBody> make_dynamic(const BodyTools& tools, SharedFd file, void* waiter) {
  return std::make_unique<DynamicBody>(tools.sys, tools.page_cache, std::move(file), waiter);
}

constexpr std::array kKinds = {
    ResourceKind{"static", "static", false, true, make_static},
    ResourceKind{"dynamic", "dynamic", true, false, make_dynamic},
    ResourceKind{".well-known", "static", false, true, make_static},  // RFC 8615
};
constexpr const ResourceKind& kFrontPageKind = kKinds[0];  // "/" alone, and --fallback
constexpr std::string_view kIndex = "index.html";
constexpr std::string_view kMimeTypes = "/etc/mime.types";
constexpr std::string_view kWellKnown = ".well-known";

// The kind that serves `path`, or nullptr: all other addresses do not exist.
const ResourceKind* kind_of(std::string_view path) {
  const std::string_view first = path.substr(0, path.find('/'));
  const auto* const kind = std::find_if(
      kKinds.begin(), kKinds.end(), [=](const ResourceKind& row) { return row.folder == first; });
  return kind == kKinds.end() ? nullptr : kind;
}

// What an errno of open(2) or fstat(2) means to a client.
// A folder where a file should be is no error of the kernel's: 0 is 404 too.
int status_of_error(int error) {
  switch (error) {
    case 0:
    case ENOENT:
    case ENOTDIR:
    case EXDEV:  // it leads out of the root: to the client, it is not there
    case ELOOP:
    case ENAMETOOLONG:
    case ENXIO:  // a socket
    case ENODEV:
    case EINVAL:
      return 404;
    case EACCES:
    case EPERM:
      return 403;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
      return 503;
    default:
      return 500;
  }
}

Response redirect_to_folder(const Target& target) {
  Response response = status_response(301);
  response.head.location = encode_path(target.path) + "/";
  if (target.has_query) response.head.location.append("?").append(target.query);
  return response;
}

// Whether somebody typed or followed this address, rather than a page loading a part of itself: it
// takes HTML, and its last segment does not look like a file's name.
bool is_navigation(const Request& request, std::string_view path) {
  const std::string_view last = path.substr(path.rfind('/') + 1);
  return last.find('.') == std::string_view::npos &&
         names_media_type(request[Field::Accept], "text/html");
}

// Whether it asks for the file itself, and all of it.
bool is_plain(const Request& request) {
  return !request.find(Field::AcceptEncoding) && !request.find(Field::Range);
}

// Whether all of a file can be read without sleeping; or the loop sleeps whenever it must, anyway.
bool can_be_read_now(PageCache& cache, const OpenedFile& opened) {
  if (cache.is_plain() || cache.medium_of(opened.status.st_dev) == Medium::Memory) return true;
  return cache.probe(opened.file.get(), 0, opened.status.st_size) == PageCache::Answer::Resident;
}

std::string common_fields_of(const Site& site) {
  std::string lines = "X-Content-Type-Options: nosniff\r\n";
  if (site.cors) lines += cross_origin_fields();
  for (const std::string& line : site.fields)
    lines += line;
  return lines;
}

}  // namespace

Resources::Resources(Site site)
    : site_(std::move(site)),
      root_(site_.root),
      media_types_(site_.default_type),
      common_fields_(common_fields_of(site_)),
      listing_slots_(site_.max_listings) {
  if (!site_.types_file.empty()) media_types_.add_file(site_.types_file, MediaTypes::Wins::File);
  media_types_.add_file(std::string(kMimeTypes), MediaTypes::Wins::Table);
  Sys sys;
  Lookup lookup{.sys = sys};
  if (!site_.fallback.empty() && !root_.open(lookup, site_.fallback).is_file()) {
    log_warning("--fallback {}: there is no such file beneath the root, such as static/index.html",
                site_.fallback);
  }
}

Response Resources::answer(const Request& request, const BodyTools& tools, void* waiter) const {
  Response response = respond(request, tools, waiter);
  response.head.common_fields = common_fields_;
  if (request.method == Method::Head) {
    response.body.reset();
    response.page = {};
  }
  return response;
}

Response Resources::respond(const Request& request, const BodyTools& tools, void* waiter) const {
  if (request.refusal != 200) return status_response(request.refusal);
  if (request.method == Method::Options || request.method == Method::Other) {
    const int status = request.method == Method::Options ? 204 : 405;
    Response response = status_response(status);
    response.head.allow = true;
    if (site_.cors) response.head.more_fields = preflight_fields(request);
    return response;
  }
  std::string made;
  const std::optional<Target> target = parse_target(request.target, made);
  if (!target) return status_response(400);
  const Visit visit{request, *target, tools, waiter};
  Response response = find(visit);
  return response.head.status == 404 ? fall_back(visit, std::move(response)) : std::move(response);
}

Response Resources::find(const Visit& visit) const {
  const Target& target = visit.target;
  if (target.path.empty()) return open_front_page(visit);
  const ResourceKind* const kind = kind_of(target.path);
  if (kind == nullptr || is_hidden(target.path)) return status_response(404);
  if (target.is_folder) return open_folder(visit, *kind);

  OpenedFile opened = root_.open(visit.tools.lookup, target.path);
  if (opened.is_folder) return redirect_to_folder(target);
  if (opened.error != 0) return status_response(status_of_error(opened.error));
  return serve_found(visit, *kind, target.path, std::move(opened));
}

Response Resources::open_front_page(const Visit& visit) const {
  OpenedFile page = root_.open(visit.tools.lookup, kIndex);
  if (!page.is_file()) return status_response(status_of_error(page.error));
  return serve_found(visit, kFrontPageKind, kIndex, std::move(page));
}

// A folder is its index.html, else its listing, if the operator lets it be listed, else 403;
// without itself it is 404.
Response Resources::open_folder(const Visit& visit, const ResourceKind& kind) const {
  const std::string index_path = std::string(visit.target.path).append("/").append(kIndex);
  OpenedFile index = root_.open(visit.tools.lookup, index_path);
  if (index.is_file()) return serve_found(visit, kind, index_path, std::move(index));
  if (index.error != 0 && index.error != ENOENT) {
    return status_response(status_of_error(index.error));
  }
  OpenedFile folder = root_.open(visit.tools.lookup, visit.target.path);
  if (!folder.is_folder) return status_response(status_of_error(folder.error));
  if (!site_.listing) return status_response(403);
  return list_folder(visit, std::move(folder.file));
}

Response Resources::list_folder(const Visit& visit, SharedFd folder) const {
  const bool as_json = prefers(visit.request[Field::Accept], "application/json", "text/html");
  ListingRequest wanted;
  wanted.path = visit.target.path;
  wanted.sort = parse_listing_sort(visit.target.query);
  wanted.format = as_json ? ListingFormat::Json : ListingFormat::Html;
  wanted.dotfiles = site_.dotfiles;
  wanted.chunked = !visit.request.http_1_0;

  Response response;
  response.engine = "listing";
  response.head.more_fields = "Vary: Accept\r\n";
  // It has no validators, but "*" is true of it, and no tag is.
  const Decision decision = evaluate_preconditions(visit.request, {}, visit.tools.now.wall_s);
  if (decision.verdict != Verdict::Proceed) return decided(std::move(response), decision);

  ListingSlots::Slot slot = listing_slots_.take();
  if (slot == nullptr) {
    Response refusal = status_response(503);
    refusal.decision = "max-listings";
    return refusal;
  }
  response.head.content_type = as_json ? "application/json" : "text/html; charset=utf-8";
  response.head.chunked = wanted.chunked;
  response.body =
      std::make_unique<ListingBody>(visit.tools.sys, visit.tools.helpers, root_, std::move(folder),
                                    wanted, visit.waiter, std::move(slot));
  return response;
}

// --fallback: a page of a single-page application answers for all addresses it makes up itself.
Response Resources::fall_back(const Visit& visit, Response missing) const {
  if (site_.fallback.empty()) return missing;
  missing.head.more_fields += "Vary: Accept\r\n";
  if (!is_navigation(visit.request, visit.target.path)) return missing;
  OpenedFile page = root_.open(visit.tools.lookup, site_.fallback);
  if (!page.is_file()) return missing;
  const ResourceKind* const kind = kind_of(site_.fallback);
  Response response =
      serve_file(visit, kind != nullptr ? *kind : kFrontPageKind, site_.fallback, std::move(page));
  response.head.more_fields += "Vary: Accept\r\n";
  if (response.decision.empty()) response.decision = "fallback";
  return response;
}

// A file that is where its own address says. What plain requests for it get is the same until the
// file changes, so the cache keeps that with the file. For such a request no other path is looked
// up, so what is cached stays where it is meanwhile.
Response Resources::serve_found(const Visit& visit, const ResourceKind& kind, std::string_view path,
                                OpenedFile opened) const {
  CachedFile* const cached = opened.cached;
  const bool may_be_known = cached != nullptr && is_plain(visit.request);
  if (may_be_known && cached->fields.empty()) get_to_know(visit, kind, path, opened);
  if (!may_be_known || cached->fields.empty()) {
    return serve_file(visit, kind, path, std::move(opened));
  }
  const Decision decision =
      evaluate_preconditions(visit.request, cached->validators, visit.tools.now.wall_s);
  Response response;
  response.engine = kind.engine;
  switch (decision.verdict) {
    case Verdict::NotModified:
      response.head.made_fields = cached->unchanged_fields;
      return decided(std::move(response), decision);
    case Verdict::PreconditionFailed:
      return serve_file(visit, kind, path, std::move(opened));
    case Verdict::Proceed:
      break;
  }
  response.head.made_fields = cached->fields;
  response.head.content_length = static_cast<std::uint64_t>(opened.status.st_size);
  if (const ResponseImage* const image = image_of(visit, kind, opened)) {
    response.body = std::make_unique<ImageBody>(visit.tools.sys, *image);
    response.head_in_body = true;
  } else {
    response.body = whole_body(kind, std::move(opened), visit.tools, visit.waiter);
  }
  return response;
}

// Keeps with opened.cached what all plain answers about the file have alike, if that lasts.
void Resources::get_to_know(const Visit& visit, const ResourceKind& kind, std::string_view path,
                            const OpenedFile& opened) const {
  if (!has_lasting_validators(opened.status, visit.tools.now)) return;
  Request plain;
  plain.method = Method::Get;
  const Visit asks_plainly{plain, visit.target, visit.tools, visit.waiter};
  ResponseHead head = serve_file(asks_plainly, kind, path, opened).head;
  if (head.status != 200 || !head.content_length) return;
  head.common_fields = common_fields_;
  CachedFile& cached = *opened.cached;
  cached.fields = write_fields(head);
  ResponseHead unchanged;
  unchanged.etag = head.etag;
  unchanged.last_modified = head.last_modified;
  unchanged.vary_encoding = head.vary_encoding;
  unchanged.cache_control = head.cache_control;
  unchanged.common_fields = head.common_fields;
  cached.unchanged_fields = write_fields(unchanged);
  cached.etag = head.etag;
  cached.validators = {parse_entity_tag(cached.etag), head.last_modified};
}

// The image of the plain answer with `opened`, made if it has come to be worth it; nullptr if not.
const ResponseImage* Resources::image_of(const Visit& visit, const ResourceKind& kind,
                                         const OpenedFile& opened) const {
  const Request& request = visit.request;
  const BodyTools& tools = visit.tools;
  const auto size = static_cast<std::size_t>(opened.status.st_size);
  const bool fits = kind.can_be_image && size > 0 && size <= ResponseImage::kLargestBody;
  if (!fits || request.method != Method::Get) return nullptr;
  const Persistence persistence =
      persistence_of(tools.keep_alive && request.keep_alive, request.http_1_0);
  CachedFile::Image& image = opened.cached->images[static_cast<std::size_t>(persistence)];
  if (image.made != nullptr && image.made->second == tools.now.wall_s) return image.made.get();
  if (++image.asked < ResponseImage::kWorthIt) return nullptr;
  image.asked = 0;
  if (!can_be_read_now(tools.page_cache, opened)) return nullptr;
  ResponseHead head;
  head.made_fields = opened.cached->fields;
  std::string text;
  write_head(head, tools.date, persistence, text);
  FileCache& cache = *tools.lookup.cache;
  if (!cache.has_room(image, text.size() + size)) return nullptr;
  const bool kept = cache.keep_image(
      image, make_image(tools.sys, text, opened.file.get(), size, tools.now.wall_s));
  return kept ? image.made.get() : nullptr;
}

Response Resources::serve_file(const Visit& visit, const ResourceKind& kind, std::string_view path,
                               OpenedFile opened) const {
  const FileChoice choice{path, media_types_.of(path), kind.can_encode && site_.compress};
  Response response = file_response(visit.request, kind,
                                    choose_representation(visit.request, root_, visit.tools.lookup,
                                                          site_, choice, std::move(opened)),
                                    visit.tools, visit.waiter);
  if (response.head.status < 400) response.head.cache_control = cache_control_of(path);
  return response;
}

// Names that begin with a dot are not there, but for /.well-known/ (RFC 8615).
bool Resources::is_hidden(std::string_view path) const {
  if (site_.dotfiles) return false;
  while (!path.empty()) {
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment.starts_with('.') && segment != kWellKnown) return true;
    path.remove_prefix(std::min(segment.size() + 1, path.size()));
  }
  return false;
}

std::string_view Resources::cache_control_of(std::string_view path) const {
  const std::string address = "/" + std::string(path);
  for (const CacheRule& rule : site_.cache_control) {
    if (::fnmatch(rule.glob.c_str(), address.c_str(), 0) == 0) return rule.value;
  }
  return {};
}

}  // namespace aws

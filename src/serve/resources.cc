#include "serve/resources.h"

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
#include "serve/listing_body.h"
#include "serve/static_body.h"

namespace aws {
namespace {

std::unique_ptr<FileBody> make_static(const BodyTools& tools, SharedFd file,
                                      Completion& completion) {
  if (!tools.disk.can_sendfile()) {
    return std::make_unique<DynamicBody>(tools.sys, tools.disk, std::move(file), completion);
  }
  return std::make_unique<StaticBody>(tools.sys, tools.disk, std::move(file), completion);
}

std::unique_ptr<FileBody> make_dynamic(const BodyTools& tools, SharedFd file,
                                       Completion& completion) {
  return std::make_unique<DynamicBody>(tools.sys, tools.disk, std::move(file), completion);
}

constexpr std::array kKinds = {
    ResourceKind{"static", "static", false, true, make_static},
    ResourceKind{"dynamic", "dynamic", true, false, make_dynamic},
    ResourceKind{".well-known", "static", false, true, make_static},  // RFC 8615
};
constexpr const ResourceKind& kFrontPageKind = kKinds[0];  // "/" alone, and --fallback
constexpr std::string_view kIndex = "index.html";
constexpr std::string_view kWellKnown = ".well-known";

// The kind that serves `path`, or nullptr: all other addresses do not exist.
const ResourceKind* kind_of(std::string_view path) {
  const std::string_view first = path.substr(0, path.find('/'));
  const auto* const kind = std::find_if(
      kKinds.begin(), kKinds.end(), [=](const ResourceKind& row) { return row.folder == first; });
  return kind == kKinds.end() ? nullptr : kind;
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
      common_fields_(common_fields_of(site_)),
      listing_slots_(site_.max_listings),
      files_(site_, root_, common_fields_, listing_slots_) {
  Sys sys;
  Lookup lookup{.sys = sys};
  if (!site_.fallback.empty() && !root_.open(lookup, site_.fallback).is_file()) {
    log_warning("--fallback {}: there is no such file beneath the root, such as static/index.html",
                site_.fallback);
  }
}

Response Resources::answer(const Request& request, const BodyTools& tools,
                           Completion& completion) const {
  return finished(request, respond(request, tools, completion));
}

Response Resources::unavailable(const Request& request) const {
  return finished(request, status_response(503));
}

std::string Resources::path_of(const Request& request) const {
  std::string made;
  const std::optional<Target> target = parse_target(request.target, made);
  return target ? root_.absolute_path() + "/" + std::string(target->path) : "";
}

// Adds what all answers have in common.
Response Resources::finished(const Request& request, Response response) const {
  response.head.common_fields = common_fields_;
  if (request.method == Method::Head) {
    response.body.reset();
    response.page = {};
  }
  return response;
}

Response Resources::respond(const Request& request, const BodyTools& tools,
                            Completion& completion) const {
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
  const Visit visit{request, *target, tools, completion};
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
  return files_.answer(visit, *kind, target.path, std::move(opened));
}

Response Resources::open_front_page(const Visit& visit) const {
  OpenedFile page = root_.open(visit.tools.lookup, kIndex);
  if (!page.is_file()) return status_response(status_of_error(page.error));
  return files_.answer(visit, kFrontPageKind, kIndex, std::move(page));
}

// A folder is its index.html, else its listing, if the operator lets it be listed, else 403;
// without itself it is 404.
Response Resources::open_folder(const Visit& visit, const ResourceKind& kind) const {
  const std::string index_path = std::string(visit.target.path).append("/").append(kIndex);
  OpenedFile index = root_.open(visit.tools.lookup, index_path);
  if (index.is_file()) return files_.answer(visit, kind, index_path, std::move(index));
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
      std::make_unique<ListingBody>(visit.tools.sys, visit.tools.disk.threads(), root_,
                                    std::move(folder), wanted, visit.completion, std::move(slot));
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
  Response response = files_.answer_anew(visit, kind != nullptr ? *kind : kFrontPageKind,
                                         site_.fallback, std::move(page));
  response.head.more_fields += "Vary: Accept\r\n";
  if (response.decision.empty()) response.decision = "fallback";
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

}  // namespace aws

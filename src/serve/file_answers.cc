#include "serve/file_answers.h"

#include <fnmatch.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "http/accept_encoding.h"
#include "http/conditional.h"
#include "os/disk_io.h"
#include "os/log.h"
#include "serve/file_cache.h"
#include "serve/unsized_file.h"

namespace aws {
namespace {

constexpr std::string_view kMimeTypes = "/etc/mime.types";

// Whether all of a file can be read without sleeping; or the loop sleeps whenever it must, anyway.
bool can_be_read_now(DiskIo& disk, const OpenedFile& opened) {
  if (disk.is_plain() || disk.medium_of(opened.status.st_dev) == Medium::Memory) return true;
  return disk.probe(opened.file.get(), 0, opened.status.st_size) == DiskIo::Answer::Resident;
}

}  // namespace

FileAnswers::FileAnswers(const Site& site, const DocumentRoot& root,
                         const std::string& common_fields, ListingSlots& slots)
    : site_(site),
      root_(root),
      common_fields_(common_fields),
      slots_(slots),
      media_types_(site.default_type) {
  if (!site.types_file.empty() && !media_types_.add_file(site.types_file, MediaTypes::Wins::File)) {
    throw std::runtime_error("--types " + site.types_file + ": the file cannot be read");
  }
  if (!media_types_.add_file(std::string(kMimeTypes), MediaTypes::Wins::Table)) {
    log_warning("{} cannot be read to its end", kMimeTypes);
  }
}

// As long as what is cached is used, the cache is asked for no other path: so it stays where it is.
Response FileAnswers::answer(const Visit& visit, const ResourceKind& kind, std::string_view path,
                             OpenedFile opened) const {
  CachedFile* const cached = opened.cached;
  const bool may_be_known = cached != nullptr && gets_the_file_itself(visit, kind, path, opened);
  if (may_be_known && cached->fields.empty()) get_to_know(visit, kind, path, opened);
  if (!may_be_known || cached->fields.empty()) {
    return answer_anew(visit, kind, path, std::move(opened));
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
      return answer_anew(visit, kind, path, std::move(opened));
    case Verdict::Proceed:
      break;
  }
  response.head.made_fields = cached->fields;
  response.head.content_length = static_cast<std::uint64_t>(opened.status.st_size);
  if (const ResponseImage* const image = image_of(visit, kind, opened)) {
    response.body = std::make_unique<ImageBody>(visit.tools.sys, *image);
    response.head_in_body = true;
  } else {
    response.body = whole_body(kind, std::move(opened), visit.tools, visit.completion);
  }
  return response;
}

FileChoice FileAnswers::choice_of(const ResourceKind& kind, std::string_view path) const {
  return {path, media_types_.of(path), kind.can_encode && site_.compress};
}

// Whether it wants no part of the file, and no other form of it than lies there.
bool FileAnswers::gets_the_file_itself(const Visit& visit, const ResourceKind& kind,
                                       std::string_view path, const OpenedFile& opened) const {
  const Request& request = visit.request;
  if (request.find(Field::Range)) return false;
  if (!request.find(Field::AcceptEncoding)) return true;
  return has_one_form(request, root_, visit.tools.lookup, site_, choice_of(kind, path), opened);
}

// Keeps with opened.cached what all plain answers about the file have alike, if that lasts.
void FileAnswers::get_to_know(const Visit& visit, const ResourceKind& kind, std::string_view path,
                              const OpenedFile& opened) const {
  if (!has_lasting_validators(opened.status, visit.tools.now)) return;
  Request plain;
  plain.method = Method::Get;
  const Visit asks_plainly{plain, visit.target, visit.tools, visit.completion};
  ResponseHead head = answer_anew(asks_plainly, kind, path, opened).head;
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
const ResponseImage* FileAnswers::image_of(const Visit& visit, const ResourceKind& kind,
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
  if (!can_be_read_now(tools.disk, opened)) return nullptr;
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

Response FileAnswers::answer_anew(const Visit& visit, const ResourceKind& kind,
                                  std::string_view path, OpenedFile opened) const {
  const FileChoice choice = choice_of(kind, path);
  Lookup& lookup = visit.tools.lookup;
  Response response;
  if (!opened.hides_size) {
    response = file_response(
        visit.request, kind,
        choose_representation(visit.request, root_, lookup, site_, choice, std::move(opened)),
        visit.tools, visit.completion);
  } else if (lookup.may_sleep) {
    response = unsized_response(visit, std::move(opened), choice.content_type, slots_);
  } else {
    lookup.would_sleep = true;  // it has to be read
    return response;
  }
  if (response.head.status < 400) response.head.cache_control = cache_control_of(path);
  return response;
}

std::string_view FileAnswers::cache_control_of(std::string_view path) const {
  const std::string address = "/" + std::string(path);
  for (const CacheRule& rule : site_.cache_control) {
    if (::fnmatch(rule.glob.c_str(), address.c_str(), 0) == 0) return rule.value;
  }
  return {};
}

}  // namespace aws

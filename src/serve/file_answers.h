// FileAnswers: a regular file that was found becomes the answer to a request, from what the cache
// keeps with it, or made anew.
//
// What the file itself, and all of it, is sent with is the same until the file changes: a head but
// for its Date and Connection, the head of a 304, and, if it is asked for often, a whole image.
// Read-only once built: all threads share one.
#pragma once

#include <string>
#include <string_view>

#include "http/media_type.h"
#include "serve/document_root.h"
#include "serve/file_response.h"
#include "serve/listing_slots.h"
#include "serve/response.h"
#include "serve/response_image.h"
#include "serve/site.h"
#include "serve/visit.h"

namespace aws {

class FileAnswers {
 public:
  // All that is given outlives it; `common_fields` are those of every answer, as bytes. `slots`
  // bound what answers hold in memory.
  FileAnswers(const Site& site, const DocumentRoot& root, const std::string& common_fields,
              ListingSlots& slots);

  // The answer with `opened`, the regular file at `path` beneath the root, whose own address that
  // is: opened.cached is used and filled.
  [[nodiscard]] Response answer(const Visit& visit, const ResourceKind& kind, std::string_view path,
                                OpenedFile opened) const;

  // The same, without regard to what is kept with the file: where it stands in for another.
  [[nodiscard]] Response answer_anew(const Visit& visit, const ResourceKind& kind,
                                     std::string_view path, OpenedFile opened) const;

 private:
  [[nodiscard]] FileChoice choice_of(const ResourceKind& kind, std::string_view path) const;
  [[nodiscard]] bool gets_the_file_itself(const Visit& visit, const ResourceKind& kind,
                                          std::string_view path, const OpenedFile& opened) const;
  void get_to_know(const Visit& visit, const ResourceKind& kind, std::string_view path,
                   const OpenedFile& opened) const;
  [[nodiscard]] const ResponseImage* image_of(const Visit& visit, const ResourceKind& kind,
                                              const OpenedFile& opened) const;
  [[nodiscard]] std::string_view cache_control_of(std::string_view path) const;

  const Site& site_;
  const DocumentRoot& root_;
  const std::string& common_fields_;
  ListingSlots& slots_;
  MediaTypes media_types_;
};

}  // namespace aws

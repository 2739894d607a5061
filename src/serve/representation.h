// Representation: which of the forms that a file can be had in a client gets: as it is, encoded
// beforehand (x.br, x.zst, x.gz beside x), or encoded on the way (RFC 9110 section 12.5.3).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/accept_encoding.h"
#include "http/request.h"
#include "serve/document_root.h"
#include "serve/site.h"

namespace aws {

struct Representation {
  OpenedFile opened;              // a regular file: the one whose bytes are sent or encoded
  std::string_view content_type;  // of the file that was asked for
  Coding coding = Coding::Identity;
  bool encode = false;     // on the way: the file itself is not in that coding
  bool varies = false;     // another Accept-Encoding may get another form
  bool acceptable = true;  // false: the client refuses every form there is (406)

  // What the file's bytes are called in the log: "" or "/gz" and its like for a file beside it,
  // "/gzip" and its like for what is made on the way.
  [[nodiscard]] std::string_view log_suffix() const;
};

// What is to be known about a file before its form can be chosen.
struct FileChoice {
  std::string_view path;          // beneath the root
  std::string_view content_type;  // outlives the representation
  bool can_encode = false;        // its kind can, and the operator lets it
};

// Whether `request`, which has an Accept-Encoding, can get nothing but `opened`, the regular file
// at choice.path, as it is. For a file in the cache that nothing lies beside, one fstat(2) of its
// folder tells. False where it would take more to know, or no form at all is acceptable.
[[nodiscard]] bool has_one_form(const Request& request, const DocumentRoot& root,
                                const Lookup& lookup, const Site& site, const FileChoice& choice,
                                const OpenedFile& opened);

// Chooses for `request` among the forms of `opened`, which is the regular file at choice.path. A
// file beside it that is older is stale, and not looked at; nor is an empty one, or one that hides
// its size.
[[nodiscard]] Representation choose_representation(const Request& request, const DocumentRoot& root,
                                                   Lookup& lookup, const Site& site,
                                                   const FileChoice& choice, OpenedFile opened);

}  // namespace aws

#include "serve/representation.h"

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>
#include <utility>

#include "http/ascii.h"

namespace aws {
namespace {

struct Variant {
  Coding coding;
  std::string_view extension;
  std::string_view file_suffix;
  std::string_view encoder_suffix;
};

// Best first: where a client likes several equally, the first one there is.
constexpr std::array kVariants = {
    Variant{Coding::Brotli, ".br", "/br", "/br"},
    Variant{Coding::Zstd, ".zst", "/zst", "/zstd"},
    Variant{Coding::Gzip, ".gz", "/gz", "/gzip"},
};
constexpr std::int64_t kEncodeFrom = 256;  // bytes: less does not get smaller

bool is_compressible(std::string_view content_type) {
  const std::string_view type = trimmed(content_type.substr(0, content_type.find(';')));
  constexpr std::array<std::string_view, 7> kOthers = {
      "application/json",        "application/javascript", "application/xml",
      "application/wasm",        "image/svg+xml",          "application/manifest+json",
      "image/vnd.microsoft.icon"};
  return type.starts_with("text/") || type.ends_with("+json") || type.ends_with("+xml") ||
         std::find(kOthers.begin(), kOthers.end(), type) != kOthers.end();
}

bool is_older(const struct stat& file, const struct stat& than) {
  return std::tie(file.st_mtim.tv_sec, file.st_mtim.tv_nsec) <
         std::tie(than.st_mtim.tv_sec, than.st_mtim.tv_nsec);
}

bool can_be_encoded(Coding coding) {
  return coding == Coding::Zstd || coding == Coding::Gzip;
}

using FilesBeside = std::array<OpenedFile, kVariants.size()>;  // one for each of kVariants, or none

// The files beside `path` that `accept` admits. One that is older than `original` is stale, and an
// empty one is no encoding of anything: it is just being written, or was never finished.
FilesBeside find_beside(const AcceptEncoding& accept, const DocumentRoot& root, Lookup& lookup,
                        std::string_view path, const struct stat& original) {
  FilesBeside files;
  for (std::size_t i = 0; i < kVariants.size(); ++i) {
    if (!accept.accepts(kVariants[i].coding)) continue;
    OpenedFile file = root.open(lookup, std::string(path).append(kVariants[i].extension));
    const bool usable = file.is_file() && file.status.st_size > 0;
    if (usable && !is_older(file.status, original)) files[i] = std::move(file);
  }
  return files;
}

// What the client likes best of what there is; what lies ready comes first, since it saves the
// work.
std::optional<Coding> choose_coding(const AcceptEncoding& accept, const FilesBeside& beside,
                                    bool can_encode) {
  std::array<Coding, kVariants.size() + 1> offered{};
  std::size_t count = 0;
  for (std::size_t i = 0; i < kVariants.size(); ++i) {
    if (beside[i].is_file()) offered[count++] = kVariants[i].coding;
  }
  for (std::size_t i = 0; i < kVariants.size(); ++i) {
    const Coding coding = kVariants[i].coding;
    const bool on_the_way = can_encode && can_be_encoded(coding) && accept.accepts(coding);
    if (on_the_way && !beside[i].is_file()) offered[count++] = coding;
  }
  offered[count++] = Coding::Identity;
  return accept.choose(std::span(offered).first(count));
}

}  // namespace

std::string_view Representation::log_suffix() const {
  const auto* const variant =
      std::find_if(kVariants.begin(), kVariants.end(),
                   [this](const Variant& row) { return row.coding == coding; });
  if (variant == kVariants.end()) return "";
  return encode ? variant->encoder_suffix : variant->file_suffix;
}

Representation choose_representation(const Request& request, const DocumentRoot& root,
                                     Lookup& lookup, const Site& site, const FileChoice& choice,
                                     OpenedFile opened) {
  const bool compressible = is_compressible(choice.content_type);
  const bool can_encode = choice.can_encode && compressible && !request.http_1_0 &&
                          opened.status.st_size >= kEncodeFrom;
  // Range means something to GET alone (RFC 9110 section 14.2).
  const bool wants_part = request.method == Method::Get && request.find(Field::Range);
  Representation chosen;
  chosen.content_type = choice.content_type;
  chosen.varies = compressible && (site.precompressed || choice.can_encode);

  const AcceptEncoding accept(request.find(Field::AcceptEncoding));
  FilesBeside beside;
  if (site.precompressed) beside = find_beside(accept, root, lookup, choice.path, opened.status);

  // A part of what is made on the way could not be found again, so ranges are of the file itself;
  // but rather the whole than nothing.
  std::optional<Coding> best = choose_coding(accept, beside, can_encode && !wants_part);
  if (!best && wants_part) best = choose_coding(accept, beside, can_encode);
  chosen.acceptable = best.has_value();
  chosen.coding = best.value_or(Coding::Identity);
  for (std::size_t i = 0; i < kVariants.size(); ++i) {
    if (kVariants[i].coding != chosen.coding) continue;
    chosen.varies = true;
    chosen.encode = !beside[i].is_file();
    if (!chosen.encode) opened = std::move(beside[i]);
  }
  chosen.opened = std::move(opened);
  return chosen;
}

}  // namespace aws

#include "serve/representation.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>

#include "http/ascii.h"
#include "serve/file_cache.h"
#include "serve/version_of.h"

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

// Whether the file itself may be encoded on the way.
bool may_encode(const Request& request, const FileChoice& choice, const struct stat& original) {
  return choice.can_encode && !request.http_1_0 && original.st_size >= kEncodeFrom &&
         is_compressible(choice.content_type);
}

using VariantBits = std::uint32_t;  // one for each of kVariants

// The variants that `accept` admits.
VariantBits accepted_variants(const AcceptEncoding& accept) {
  VariantBits bits = 0;
  for (std::size_t i = 0; i < kVariants.size(); ++i)
    bits |= accept.accepts(kVariants[i].coding) ? 1U << i : 0U;
  return bits;
}

// Whether the last name of `path` is in `folder`. What a link leads to may come to be there without
// a change of the folder that the link is in.
bool has_name(Sys& sys, const SharedFd& folder, const std::string& path) {
  struct stat ignored {};
  return sys.stat_at(folder.get(), path.c_str() + path.rfind('/') + 1, ignored) != -ENOENT;
}

// Looks for `variants` of the file beside it, for each once in its life in the cache; without the
// cache, which might drop `file` for what is found.
void look_around(CachedFile& file, VariantBits variants, const DocumentRoot& root,
                 const Lookup& lookup, std::string_view path) {
  variants &= ~file.looked_for;
  if (variants == 0) return;
  Lookup aside = lookup;
  aside.cache = nullptr;
  if (file.looked_for == 0) {  // before what is in it: what comes to be there meanwhile shows
    const std::size_t slash = path.rfind('/');
    OpenedFile folder = root.open(aside, slash == path.npos ? "" : path.substr(0, slash));
    const bool shows_changes = is_settled(version_of(folder.status), wall_time(lookup.now));
    if (folder.is_folder && shows_changes) lookup.cache->keep_folder(file, std::move(folder));
  }
  VariantBits absent = 0;
  for (std::size_t i = 0; i < kVariants.size(); ++i) {
    if ((variants >> i & 1U) == 0) continue;
    const std::string name = std::string(path).append(kVariants[i].extension);
    const OpenedFile beside = root.open(aside, name);
    const bool is_absent = beside.error == ENOENT && !has_name(lookup.sys, file.folder.fd, name);
    absent |= is_absent ? 1U << i : 0U;
  }
  if (aside.would_sleep) return;
  file.looked_for |= variants;
  file.absent |= absent;
}

// Those of `variants` of which it is not known already that they do not lie beside the file.
VariantBits without_absent(VariantBits variants, CachedFile* file, const Lookup& lookup) {
  if (file == nullptr || (file->absent & variants) == 0) return variants;
  return lookup.cache->folder_is_unchanged(lookup.sys, *file) ? variants & ~file->absent : variants;
}

using FilesBeside = std::array<OpenedFile, kVariants.size()>;  // one for each of kVariants, or none

// The `variants` that lie beside `path`. One that is older than `original` is stale, and an
// empty one is no encoding of anything: it is just being written, or was never finished.
FilesBeside find_beside(VariantBits variants, const DocumentRoot& root, Lookup& lookup,
                        std::string_view path, const struct stat& original) {
  FilesBeside files;
  for (std::size_t i = 0; i < kVariants.size(); ++i) {
    if ((variants >> i & 1U) == 0) continue;
    OpenedFile file = root.open(lookup, std::string(path).append(kVariants[i].extension));
    const bool usable = file.is_file() && !file.hides_size && file.status.st_size > 0;
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

bool has_one_form(const Request& request, const DocumentRoot& root, const Lookup& lookup,
                  const Site& site, const FileChoice& choice, const OpenedFile& opened) {
  const AcceptEncoding accept(request.find(Field::AcceptEncoding));
  if (!accept.accepts(Coding::Identity)) return false;
  if (may_encode(request, choice, opened.status)) return false;
  const VariantBits accepted = accepted_variants(accept);
  if (accepted == 0 || !site.precompressed) return true;
  if (opened.cached == nullptr) return false;
  CachedFile& file = *opened.cached;
  look_around(file, accepted, root, lookup, choice.path);
  return (accepted & ~file.absent) == 0 && lookup.cache->folder_is_unchanged(lookup.sys, file);
}

Representation choose_representation(const Request& request, const DocumentRoot& root,
                                     Lookup& lookup, const Site& site, const FileChoice& choice,
                                     OpenedFile opened) {
  const bool compressible = is_compressible(choice.content_type);
  const bool can_encode = may_encode(request, choice, opened.status);
  // Range means something to GET alone (RFC 9110 section 14.2).
  const bool wants_part = request.method == Method::Get && request.find(Field::Range);
  Representation chosen;
  chosen.content_type = choice.content_type;
  chosen.varies = compressible && (site.precompressed || choice.can_encode);

  const AcceptEncoding accept(request.find(Field::AcceptEncoding));
  FilesBeside beside;
  if (site.precompressed) {
    const VariantBits variants = without_absent(accepted_variants(accept), opened.cached, lookup);
    beside = find_beside(variants, root, lookup, choice.path, opened.status);
  }

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

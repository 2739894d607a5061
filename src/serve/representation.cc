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
  // A part of what is made on the way could not be found again, so ranges are of the file itself.
  // Range means something to GET alone (RFC 9110 section 14.2).
  const bool wants_part = request.method == Method::Get && request.find(Field::Range);
  const bool can_encode = choice.can_encode && compressible && !request.http_1_0 &&
                          opened.status.st_size >= kEncodeFrom && !wants_part;
  Representation chosen;
  chosen.content_type = choice.content_type;
  chosen.varies = compressible && (site.precompressed || choice.can_encode);

  const AcceptEncoding accept(request.find(Field::AcceptEncoding));
  std::array<OpenedFile, kVariants.size()> files;
  std::array<Coding, kVariants.size() + 1> offered{};
  std::size_t offered_count = 0;
  for (std::size_t i = 0; i < kVariants.size(); ++i) {
    const Variant& variant = kVariants[i];
    if (!accept.accepts(variant.coding)) continue;
    if (site.precompressed) {
      OpenedFile beside = root.open(lookup, choice.path + std::string(variant.extension));
      if (beside.is_file() && !is_older(beside.status, opened.status)) {
        files[i] = std::move(beside);
      }
    }
    if (files[i].is_file()) offered[offered_count++] = variant.coding;
  }
  for (std::size_t i = 0; i < kVariants.size(); ++i) {  // what lies ready saves the work
    const Coding coding = kVariants[i].coding;
    const bool on_the_way = can_encode && can_be_encoded(coding) && accept.accepts(coding);
    if (on_the_way && !files[i].is_file()) offered[offered_count++] = coding;
  }
  offered[offered_count++] = Coding::Identity;

  const std::optional<Coding> best = accept.choose(std::span(offered).first(offered_count));
  chosen.acceptable = best.has_value();
  chosen.coding = best.value_or(Coding::Identity);
  for (std::size_t i = 0; i < kVariants.size(); ++i) {
    if (kVariants[i].coding != chosen.coding) continue;
    chosen.varies = true;
    chosen.encode = !files[i].is_file();
    if (!chosen.encode) opened = std::move(files[i]);
  }
  chosen.opened = std::move(opened);
  return chosen;
}

}  // namespace aws

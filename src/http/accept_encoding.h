// AcceptEncoding: which content codings a client takes, and how gladly (RFC 9110 section 12.5.3).
//
// Knows nothing of what a file is stored in: choose() is told what there is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace aws {

// The content codings this server can send; Identity is the file as it is.
enum class Coding : std::uint8_t { Identity, Brotli, Zstd, Gzip, kCount };

// The coding's name in Content-Encoding: "br", "zstd", "gzip"; "identity", which is never sent.
[[nodiscard]] std::string_view coding_name(Coding coding);

class AcceptEncoding {
 public:
  // `field` is the field's value; nullopt if the request has none. The RFC then lets us choose, and
  // we choose the file as it is: who names no coding may know none. An empty field says the same.
  //
  // Names are compared in any case, and x-gzip is gzip. A member with a malformed weight, or any
  // other parameter, is skipped, as are codings that we do not know. Of a coding that is named
  // twice, the lower weight counts, so that a refusal always does.
  explicit AcceptEncoding(std::optional<std::string_view> field);

  // The coding among `offered` that the client likes best; of several, the one that stands first.
  // nullopt if it takes none of them.
  [[nodiscard]] std::optional<Coding> choose(std::span<const Coding> offered) const;

  [[nodiscard]] bool accepts(Coding coding) const { return weight_of(coding) > kRefused; }

 private:
  // Thousandths and one: a weight of 0 refuses, and an identity that was not named is taken, but
  // after all that was (q=0.001 is 2).
  using Weight = std::int16_t;
  static constexpr Weight kUnknown = -1;
  static constexpr Weight kRefused = 0;
  static constexpr Weight kLastResort = 1;

  [[nodiscard]] Weight weight_of(Coding coding) const;
  void read_member(std::string_view member);

  static constexpr auto kCodingCount = static_cast<std::size_t>(Coding::kCount);
  std::array<Weight, kCodingCount> named_{};
  Weight others_ = kUnknown;  // what "*" says
};

}  // namespace aws

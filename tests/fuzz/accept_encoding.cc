// AcceptEncoding: the input is the field's value.
#include "http/accept_encoding.h"

#include <array>
#include <string>

#include "fuzz.h"

namespace aws {
namespace {

constexpr std::array kAll = {Coding::Brotli, Coding::Zstd, Coding::Gzip, Coding::Identity};

void check(const std::string& field) {
  const AcceptEncoding accept{std::string_view(field)};
  const auto best = accept.choose(kAll);
  require(!best || accept.accepts(*best), "what is chosen is accepted");
  for (const Coding coding : kAll) {
    const auto only = accept.choose(std::array{coding});
    require(only.has_value() == accept.accepts(coding), "what is accepted is chosen");
    require(best || !only, "something is chosen where something is accepted");
  }
  const std::string twice = field + "," + field;
  require(AcceptEncoding(twice).choose(kAll) == best, "what is said twice means the same");
  const std::string refused = field + ",br;q=0,zstd;q=0,gzip;q=0,identity;q=0";
  require(!AcceptEncoding(refused).choose(kAll), "what is refused is not chosen");
}

}  // namespace
}  // namespace aws

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  aws::check(std::string(aws::FuzzInput(data, size).rest()));
  return 0;
}

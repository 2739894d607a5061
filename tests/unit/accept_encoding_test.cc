#include "http/accept_encoding.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aws {
namespace {

constexpr std::array kOffered = {Coding::Brotli, Coding::Zstd, Coding::Gzip, Coding::Identity};

// The name of what is chosen of all codings, in the server's order br, zstd, gzip, identity.
std::string chosen(std::optional<std::string_view> field) {
  const auto coding = AcceptEncoding(field).choose(kOffered);
  return coding ? std::string(coding_name(*coding)) : "nothing";
}

struct Row {
  const char* field;
  const char* expected;
};

void expect_all(const std::vector<Row>& rows) {
  for (const Row& row : rows)
    EXPECT_EQ(chosen(row.field), row.expected) << row.field;
}

// RFC 9110 section 12.5.3
TEST(AcceptEncoding, IsIdentityWhereNothingIsAskedFor) {
  EXPECT_EQ(chosen(std::nullopt), "identity");
  expect_all({{"", "identity"}, {" ", "identity"}, {",", "identity"}, {"compress", "identity"}});
}

TEST(AcceptEncoding, PrefersTheHigherWeightAndThenTheServersOrder) {
  expect_all({
      {"gzip", "gzip"},
      {"gzip, deflate", "gzip"},
      {"gzip, deflate, br, zstd", "br"},
      {"gzip, zstd", "zstd"},
      {"gzip;q=1.0, br;q=0.9", "gzip"},
      {"gzip;q=0.5, br;q=0.501", "br"},
      {"br;q=0.001", "br"},
      {"br;q=0.001, gzip;q=0.002", "gzip"},
      {"compress, gzip", "gzip"},
      {"gzip;q=1.0, identity; q=0.5, *;q=0", "gzip"},
      {"identity, gzip;q=0.9", "identity"},
      {"identity;q=0.5, gzip;q=0.5", "gzip"},
      {"*", "br"},
      {"*;q=0.5, gzip", "gzip"},
      {"*;q=0.5, gzip;q=0.1", "br"},
      {"br;q=0, *", "zstd"},
  });
}

TEST(AcceptEncoding, RefusesWhatHasNoWeight) {
  expect_all({
      {"br;q=0", "identity"},
      {"br;q=0.000, gzip", "gzip"},
      {"gzip;q=0, *;q=0.1", "br"},
      {"identity;q=0", "nothing"},
      {"identity;q=0, gzip;q=0.1", "gzip"},
      {"*;q=0", "nothing"},
      {"*;q=0, identity", "identity"},
      {"*;q=0, gzip", "gzip"},
      {"identity;q=0, *;q=0.2", "br"},
      {"br;q=0, zstd;q=0, gzip;q=0, identity;q=0, *", "nothing"},
  });
}

TEST(AcceptEncoding, IsReadInAnyCaseWithWhiteSpaceAndOldNames) {
  expect_all({
      {"GZIP", "gzip"},
      {"Br", "br"},
      {"x-gzip", "gzip"},
      {"X-GZIP;Q=0.5", "gzip"},
      {"x-gzip;q=0", "identity"},
      {" gzip\t;\tq=0.5 , ,br;q=0.4,", "gzip"},
      {"gzip ;q=0.1, br; q=0.2", "br"},
      {"x-br", "identity"},
      {"gzipx", "identity"},
      {"gzi", "identity"},
  });
}

TEST(AcceptEncoding, SkipsMalformedMembers) {
  for (const char* const member :
       {"br;",        "br;q",       "br;q=",      "br;q=x",      "br;q=2",  "br;q=1.001",
        "br;q=1.1",   "br;q=-1",    "br;q=+1",    "br;q=0.0000", "br;q=.5", "br;q=5",
        "br;q=0,5x",  "br;q=0.5 x", "br;q=\"1\"", "br;q =1",     "br;q= 1", "br;level=3",
        "br;q=1;x=y", "br br",      "br=1",       ";q=1",        "br\x80",  "\"br\"",
        "b r",        "br;q=00",    "br;q=01",    "br;;q=1",     "**",      "br/*"}) {
    const std::string field = member;
    EXPECT_EQ(chosen(field), "identity") << field;
    EXPECT_EQ(chosen(field + ", gzip;q=0.1"), "gzip") << field;
    EXPECT_EQ(chosen("gzip;q=0.1," + field), "gzip") << field;
  }
  EXPECT_EQ(chosen("br;q=1.000, gzip"), "br");
  EXPECT_EQ(chosen("br;q=1., gzip"), "br");
  EXPECT_EQ(chosen("br;q=0., gzip;q=0.1"), "gzip");
  EXPECT_EQ(chosen("identity;q=x"), "identity") << "what cannot be read refuses nothing";
}

TEST(AcceptEncoding, TakesTheLowerWeightOfACodingNamedTwice) {
  expect_all({
      {"br, br;q=0", "identity"},
      {"br;q=0, br", "identity"},
      {"br;q=0.9, gzip;q=0.5, br;q=0.1", "gzip"},
      {"gzip, x-gzip;q=0", "identity"},
      {"*, *;q=0", "nothing"},
  });
}

TEST(AcceptEncoding, ChoosesOnlyAmongWhatThereIs) {
  const AcceptEncoding accept("br, gzip;q=0.5");
  EXPECT_EQ(accept.choose(std::array{Coding::Gzip, Coding::Identity}), Coding::Gzip);
  EXPECT_EQ(accept.choose(std::array{Coding::Identity}), Coding::Identity);
  EXPECT_EQ(accept.choose(std::array{Coding::Zstd}), std::nullopt);
  EXPECT_EQ(accept.choose({}), std::nullopt);
  EXPECT_TRUE(accept.accepts(Coding::Brotli));
  EXPECT_TRUE(accept.accepts(Coding::Identity));
  EXPECT_FALSE(accept.accepts(Coding::Zstd));
}

// ---- A model: names and weights as they were before they became text.

RC_GTEST_PROP(AcceptEncoding, AgreesWithANaiveReading, ()) {
  std::map<std::string, int> weights;  // thousandths
  std::string field;
  const auto count = *rc::gen::inRange(0, 6);
  for (int i = 0; i < count; ++i) {
    const auto name =
        *rc::gen::element<std::string>("br", "zstd", "gzip", "identity", "*", "other");
    const auto weight = *rc::gen::element(0, 1, 2, 500, 501, 999, 1000);
    const auto known = weights.find(name);
    weights[name] = known == weights.end() ? weight : std::min(known->second, weight);
    std::string digits = std::to_string(1000 + weight).substr(1);
    const std::string q = weight == 1000 ? "1" : "0." + digits;
    if (!field.empty()) field += *rc::gen::element<std::string>(",", ", ", " ,\t, ");
    field += name + *rc::gen::element<std::string>(";q=", " ; Q=") + q;
    field += *rc::gen::element<std::string>("", ", br;bad, zstd;q=7");
  }
  RC_LOG() << field << '\n';

  // An identity that is not spoken of ranks below everything that is, at half a thousandth.
  const auto twice_weight = [&weights](const std::string& name) {
    if (weights.contains(name)) return 2 * weights[name];
    if (weights.contains("*")) return 2 * weights["*"];
    return name == "identity" ? 1 : 0;
  };
  std::string best = "nothing";
  int best_weight = 0;
  for (const char* const name : {"br", "zstd", "gzip", "identity"}) {
    if (twice_weight(name) <= best_weight) continue;
    best = name;
    best_weight = twice_weight(name);
  }
  RC_ASSERT(chosen(field) == best);
}

RC_GTEST_PROP(AcceptEncoding, SendsWhatIsUnderstoodToWhoSendsNoise, (const std::string& noise)) {
  RC_PRE(noise.find('*') == std::string::npos);
  RC_PRE(noise.find("br") == std::string::npos);
  RC_ASSERT(chosen(noise) == "identity");
}

}  // namespace
}  // namespace aws

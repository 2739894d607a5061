#include "http/accept.h"

#include <gtest/gtest.h>

#include <iterator>
#include <string>
#include <string_view>

namespace aws {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kHtml = "text/html";
// What browsers send for a navigation.
constexpr std::string_view kBrowser =
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";

TEST(NamesMediaType, OnlyWhereTheTypeItselfStands) {
  const struct {
    std::string_view accept;
    bool names;
  } rows[] = {{"text/html", true},
              {"TEXT/Html", true},
              {"image/png, text/html", true},
              {"image/png,text/html;q=0.1", true},
              {" \t text/html \t ; \t q=0.001 ", true},
              {",, ,text/html,", true},
              {kBrowser, true},
              {"", false},
              {",", false},
              {"*/*", false},
              {"text/*", false},
              {"text/htm", false},
              {"text/html5", false},
              {"xtext/html", false},
              {"text", false},
              {"image/*, text/plain", false}};
  for (const auto& row : rows)
    EXPECT_EQ(names_media_type(row.accept, kHtml), row.names) << row.accept;
}

TEST(NamesMediaType, NotWhereItIsRefused) {
  for (const std::string_view accept : {"text/html;q=0", "text/html;q=0.000", "text/html;Q=0",
                                        "*/*, text/html;q=0", "text/html;charset=utf-8;q=0"}) {
    EXPECT_FALSE(names_media_type(accept, kHtml)) << accept;
  }
}

// A weight that is none says nothing, so nothing is concluded from it.
TEST(NamesMediaType, NotWhereItsWeightIsMalformed) {
  for (const std::string_view accept :
       {"text/html;q=", "text/html;q=2", "text/html;q=-1", "text/html;q=x", "text/html;q=0.5x",
        "text/html;q=nan", "text/html;q=inf", "text/html;q=0,5", "text/html;q= 1"}) {
    EXPECT_FALSE(names_media_type(accept, kHtml)) << accept;
  }
}

TEST(Prefers, WhatWeighsMore) {
  const struct {
    std::string_view accept;
    bool json;
    bool html;
  } rows[] = {{"application/json", true, false},
              {"application/json, text/html", false, false},
              {"application/json, text/html;q=0.9", true, false},
              {"application/json;q=0.5, text/html;q=0.9", false, true},
              {"application/json;q=0, text/html;q=0", false, false},
              {"text/html;q=0.9, application/json", true, false},
              {"", false, false},
              {"*/*", false, false},
              {"image/png", false, false},
              {kBrowser, false, true},
              {"application/json, */*;q=0.1", true, false},
              {"application/*", true, false},
              {"text/*, application/json;q=0.2", false, true},
              {"*/*;q=0.5, application/json;q=0.4", false, true}};
  for (const auto& row : rows) {
    EXPECT_EQ(prefers(row.accept, kJson, kHtml), row.json) << row.accept;
    EXPECT_EQ(prefers(row.accept, kHtml, kJson), row.html) << row.accept;
  }
}

// RFC 9110 section 12.5.1: the most specific range that matches has precedence, wherever it stands.
TEST(Prefers, ByTheClosestRange) {
  for (const std::string_view accept :
       {"*/*;q=0.9, application/*;q=0.8, application/json;q=0.1, text/html;q=0.2",
        "application/json;q=0.1, text/html;q=0.2, application/*;q=0.8, */*;q=0.9",
        "application/*;q=0.1, */*;q=0.9", "*/*;q=0.9, application/*;q=0.1"}) {
    EXPECT_TRUE(prefers(accept, kHtml, kJson)) << accept;
    EXPECT_FALSE(prefers(accept, kJson, kHtml)) << accept;
  }
}

TEST(Prefers, NoTypeToItself) {
  for (const std::string_view accept : {"", "*/*", "application/json", kBrowser.data()})
    EXPECT_FALSE(prefers(accept, kJson, kJson)) << accept;
}

TEST(Accept, OfAnyBytesIsReadToItsEnd) {
  constexpr std::string_view kPieces[] = {",", ";",         "q",   "=",  "0.5", "*/*", "text/html",
                                          " ", "text/html", ";q=", "\"", "/",   "1",   "\xff"};
  std::size_t state = 1;
  for (int i = 0; i < 20'000; ++i) {
    std::string accept;
    for (std::size_t length = state >> 60; length > 0; --length) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      accept += kPieces[(state >> 33) % std::size(kPieces)];
    }
    state = state * 6364136223846793005U + 1442695040888963407U;
    EXPECT_FALSE(prefers(accept, kHtml, kJson) && prefers(accept, kJson, kHtml)) << accept;
    if (names_media_type(accept, kHtml)) {
      EXPECT_NE(accept.find(kHtml), std::string::npos) << accept;
    }
  }
}

}  // namespace
}  // namespace aws

// TestSite: a document root with a file of every kind that the tests ask for.
#pragma once

#include <string>

#include "os/aio.h"
#include "serve/resources.h"
#include "temp_folder.h"

namespace aws {

[[nodiscard]] inline Site site_at(const std::string& root) {
  Site site;
  site.root = root;
  return site;
}

class TestSite {
 public:
  TestSite() {
    folder_.write("index.html", "front page");
    folder_.write("secret.txt", "in no folder that is served");
    folder_.write("static/a.txt", "static a");
    folder_.write("static/empty.txt", "");
    folder_.write("static/big.bin", big);
    folder_.write("static/a b\xc3\xa4.txt", "odd name");
    folder_.write("static/folder/index.html", "index");
    folder_.make_folder("static/bare");
    folder_.make_folder("static/looped");
    folder_.link("static/looped/index.html", "index.html");
    folder_.link("static/outside.txt", "../../outside.txt");
    folder_.write("dynamic/a.txt", "dynamic a");
    folder_.write("dynamic/empty.txt", "");
    folder_.write("dynamic/three.bin", three_blocks);
    folder_.link("dynamic/linked.txt", "../static/a.txt");
  }

  // What an operator chooses who says nothing but where the root is.
  [[nodiscard]] Site site() const { return site_at(folder_.path().string()); }

  // Made once for all tests that do not change it.
  static const TestSite& shared() {
    static const TestSite site;
    return site;
  }
  static const Resources& resources() {
    static const Resources resources(shared().site());
    return resources;
  }

  const std::string big = pattern(1'200'000);
  const std::string three_blocks = pattern(2 * AioContext::kBlockSize + 1000);

 private:
  TempFolder folder_;
};

}  // namespace aws

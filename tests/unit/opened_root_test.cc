// The document root is looked up anew: by a loop, which may not sleep and keeps what it found for a
// second, and by helpers, which bring their loop what they found.
#include "serve/opened_root.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>

#include "faulty_sys.h"
#include "serve/document_root.h"
#include "serve/file_cache.h"
#include "temp_folder.h"

namespace aws {
namespace {

using Call = FaultySys::Call;

constexpr std::int64_t kSecondUs = 1'000'000;

// Two directories, and a link to the first.
class Tree : public TempFolder {
 public:
  Tree() {
    write("one/x", "one");
    write("two/x", "two!");
    link("current", "one");
  }
};

class OpenedRootTest : public testing::Test {
 protected:
  void turn_link(const std::string& target) const {
    std::filesystem::remove(tree_.path() / "current");
    tree_.link("current", target);
  }

  // The loop's, whose clock shows `now_us`; it calls all files old.
  Lookup lookup(std::int64_t now_us) {
    return {.sys = sys_,
            .may_sleep = false,
            .root = &cache_.root(),
            .cache = &cache_,
            .now = {now_us, std::int64_t{1} << 40, 0}};
  }

  // The size of x as the loop finds it: 3 for one, 4 for two; or -errno.
  off_t size_of_x(std::int64_t now_us) {
    Lookup loops = lookup(now_us);
    cache_.doubt();
    const OpenedFile opened = root_.open(loops, "x");
    would_sleep_ = loops.would_sleep;
    return opened.is_file() ? opened.status.st_size : -opened.error;
  }

  // A helper's errand, sent at `now_us`, as Opening does it.
  off_t size_by_helper(std::int64_t now_us) {
    OpenedRoot root;
    Lookup helpers{.sys = sys_, .root = &root, .now = {now_us, 0, 0}};
    const OpenedFile opened = root_.open(helpers, "x");
    cache_.adopt(std::move(root));
    return opened.is_file() ? opened.status.st_size : -opened.error;
  }

  Tree tree_;
  FaultySys sys_;
  FileCache cache_{10};
  DocumentRoot root_{(tree_.path() / "current").string()};
  bool would_sleep_ = false;
};

TEST_F(OpenedRootTest, IsLookedUpOnceASecond) {
  for (const std::int64_t now_us : {1L, 2L, kSecondUs}) {
    EXPECT_EQ(size_of_x(now_us), 3);
    EXPECT_EQ(sys_.count(Call::OpenDirectory), 1U);
  }
  EXPECT_EQ(size_of_x(kSecondUs + 1), 3);
  EXPECT_EQ(sys_.count(Call::OpenDirectory), 2U);
  EXPECT_EQ(sys_.count(Call::FileSystemOf), 0U) << "it is the one that the server began with";
  EXPECT_EQ(sys_.sleeps(), 0);
}

TEST_F(OpenedRootTest, KeepsItsFilesAsLongAsItIsTheSameDirectory) {
  EXPECT_EQ(size_of_x(1), 3);
  sys_.forget_calls();
  Lookup loops = lookup(kSecondUs);
  ASSERT_TRUE(root_.open(loops, "x").is_file());
  EXPECT_EQ(sys_.count(Call::OpenBeneath), 0U);
  cache_.root().looked_up_us = -kSecondUs;
  EXPECT_EQ(size_of_x(kSecondUs), 3);
  EXPECT_EQ(sys_.count(Call::OpenDirectory), 1U);
  EXPECT_EQ(sys_.count(Call::OpenBeneath), 0U) << "the file was not forgotten";
}

TEST_F(OpenedRootTest, IsAHelpersBusinessWhenItIsAnother) {
  EXPECT_EQ(size_of_x(1), 3);
  turn_link("two");
  EXPECT_EQ(size_of_x(kSecondUs), 3) << "a second is not over";
  EXPECT_EQ(size_of_x(kSecondUs + 1), -EAGAIN);
  EXPECT_TRUE(would_sleep_);
  EXPECT_EQ(size_by_helper(kSecondUs + 1), 4);
  sys_.forget_calls();
  EXPECT_EQ(size_of_x(kSecondUs + 2), 4) << "the loop has it from the helper";
  EXPECT_EQ(sys_.count(Call::OpenDirectory), 0U);
}

TEST_F(OpenedRootTest, OfAHelperIsNotAdoptedIfTheLoopsIsNewer) {
  OpenedRoot late;
  Lookup helpers{.sys = sys_, .root = &late, .now = {5, 0, 0}};
  turn_link("two");
  ASSERT_TRUE(root_.open(helpers, "x").is_file());
  turn_link("one");
  EXPECT_EQ(size_of_x(6), 3);
  cache_.adopt(std::move(late));
  EXPECT_EQ(size_of_x(7), 3);
}

TEST_F(OpenedRootTest, OfAHelperThatIsAnotherMakesTheFilesForgotten) {
  EXPECT_EQ(size_of_x(1), 3);
  turn_link("two");
  EXPECT_EQ(size_by_helper(2), 4);
  EXPECT_EQ(size_of_x(3), 4);
}

TEST_F(OpenedRootTest, ThatIsNotThereIsLookedForEachTime) {
  EXPECT_EQ(size_of_x(1), 3);
  std::filesystem::remove(tree_.path() / "current");
  EXPECT_EQ(size_of_x(kSecondUs + 1), -ENOENT);
  EXPECT_FALSE(would_sleep_);
  EXPECT_TRUE(cache_.empty());
  EXPECT_EQ(size_by_helper(kSecondUs + 2), -ENOENT);
  turn_link("one");
  EXPECT_EQ(size_of_x(kSecondUs + 3), 3);
}

TEST_F(OpenedRootTest, NeedsADescriptorThatTheFilesCanSpare) {
  for (const int error : {EMFILE, ENFILE}) {
    cache_.clear();
    cache_.root() = {};
    ASSERT_EQ(size_of_x(1), 3);
    sys_.fail_call(1, error, Call::OpenDirectory);
    EXPECT_EQ(size_of_x(kSecondUs + 1), 3);
    EXPECT_TRUE(sys_.fault_fired());
  }
}

TEST_F(OpenedRootTest, IsAHelpersBusinessWhereItsPathIsNotCached) {
  for (const int error : {EAGAIN, EINVAL, ENOSYS}) {
    sys_.fail_call(1, error, Call::OpenDirectory);
    EXPECT_EQ(size_of_x(1), -EAGAIN);
    EXPECT_TRUE(would_sleep_);
  }
}

TEST_F(OpenedRootTest, IsClosedWhenASecondIsOver) {
  const std::ptrdiff_t before = open_descriptors();
  EXPECT_EQ(size_of_x(1), 3);
  EXPECT_EQ(open_descriptors(), before + 2);
  EXPECT_EQ(cache_.next_expiry_us(), kSecondUs + 1);
  cache_.expire(kSecondUs);
  EXPECT_FALSE(cache_.empty());
  cache_.expire(kSecondUs + 1);
  EXPECT_TRUE(cache_.empty());
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(size_of_x(kSecondUs + 2), 3);
  EXPECT_EQ(sys_.count(Call::FileSystemOf), 0U);
}

TEST_F(OpenedRootTest, WithoutACacheIsLookedUpForEachBatchOfRequests) {
  FileCache none(0);
  for (const std::int64_t now_us : {5, 5, 6, 6}) {
    Lookup loops{.sys = sys_,
                 .may_sleep = false,
                 .root = &none.root(),
                 .cache = &none,
                 .now = {now_us, 0, 0}};
    EXPECT_TRUE(root_.open(loops, "x").is_file());
  }
  EXPECT_EQ(sys_.count(Call::OpenDirectory), 2U);
}

}  // namespace
}  // namespace aws

// Lookups of the document root: by a loop, which must not sleep and reuses a result for a second,
// and by threads of the pool, which pass their result to the loop.
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
  void switch_link(const std::string& target) const {
    std::filesystem::remove(tree_.path() / "current");
    tree_.link("current", target);
  }

  // A lookup by the loop at `now_us`. Its wall clock is so late that no file counts as fresh.
  Lookup lookup(std::int64_t now_us) {
    return {.sys = sys_,
            .may_sleep = false,
            .root = &cache_.root(),
            .cache = &cache_,
            .now = {now_us, std::int64_t{1} << 40, 0}};
  }

  // Returns the size of x as the loop finds it (3 in one, 4 in two), or -errno.
  off_t size_of_x(std::int64_t now_us) {
    Lookup in_loop = lookup(now_us);
    cache_.doubt();
    const OpenedFile opened = root_.open(in_loop, "x");
    would_sleep_ = in_loop.would_sleep;
    return opened.is_file() ? opened.status.st_size : -opened.error;
  }

  // Looks x up as a task of the pool that was queued at `now_us`, as Opening does.
  off_t size_by_task(std::int64_t now_us) {
    OpenedRoot root;
    Lookup in_task{.sys = sys_, .root = &root, .now = {now_us, 0, 0}};
    const OpenedFile opened = root_.open(in_task, "x");
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
  EXPECT_EQ(sys_.count(Call::FileSystemOf), 0U) << "the directory is the one of the start";
  EXPECT_EQ(sys_.sleeps(), 0);
}

TEST_F(OpenedRootTest, KeepsItsFilesAsLongAsItIsTheSameDirectory) {
  EXPECT_EQ(size_of_x(1), 3);
  sys_.forget_calls();
  Lookup in_loop = lookup(kSecondUs);
  ASSERT_TRUE(root_.open(in_loop, "x").is_file());
  EXPECT_EQ(sys_.count(Call::OpenBeneath), 0U);
  cache_.root().looked_up_us = -kSecondUs;
  EXPECT_EQ(size_of_x(kSecondUs), 3);
  EXPECT_EQ(sys_.count(Call::OpenDirectory), 1U);
  EXPECT_EQ(sys_.count(Call::OpenBeneath), 0U) << "the file was kept";
}

TEST_F(OpenedRootTest, IsLeftToTheThreadPoolIfItIsAnotherDirectory) {
  EXPECT_EQ(size_of_x(1), 3);
  switch_link("two");
  EXPECT_EQ(size_of_x(kSecondUs), 3) << "a second has not passed";
  EXPECT_EQ(size_of_x(kSecondUs + 1), -EAGAIN);
  EXPECT_TRUE(would_sleep_);
  EXPECT_EQ(size_by_task(kSecondUs + 1), 4);
  sys_.forget_calls();
  EXPECT_EQ(size_of_x(kSecondUs + 2), 4) << "the task passed its root to the loop";
  EXPECT_EQ(sys_.count(Call::OpenDirectory), 0U);
}

TEST_F(OpenedRootTest, OfATaskIsNotAdoptedIfTheLoopsIsNewer) {
  OpenedRoot late;
  Lookup in_task{.sys = sys_, .root = &late, .now = {5, 0, 0}};
  switch_link("two");
  ASSERT_TRUE(root_.open(in_task, "x").is_file());
  switch_link("one");
  EXPECT_EQ(size_of_x(6), 3);
  cache_.adopt(std::move(late));
  EXPECT_EQ(size_of_x(7), 3);
}

TEST_F(OpenedRootTest, OfATaskDropsTheFilesIfItIsAnotherDirectory) {
  EXPECT_EQ(size_of_x(1), 3);
  switch_link("two");
  EXPECT_EQ(size_by_task(2), 4);
  EXPECT_EQ(size_of_x(3), 4);
}

TEST_F(OpenedRootTest, ThatDoesNotExistIsLookedUpEachTime) {
  EXPECT_EQ(size_of_x(1), 3);
  std::filesystem::remove(tree_.path() / "current");
  EXPECT_EQ(size_of_x(kSecondUs + 1), -ENOENT);
  EXPECT_FALSE(would_sleep_);
  EXPECT_TRUE(cache_.empty());
  EXPECT_EQ(size_by_task(kSecondUs + 2), -ENOENT);
  switch_link("one");
  EXPECT_EQ(size_of_x(kSecondUs + 3), 3);
}

TEST_F(OpenedRootTest, TakesADescriptorFromTheFilesIfNoneIsLeft) {
  for (const int error : {EMFILE, ENFILE}) {
    cache_.clear();
    cache_.root() = {};
    ASSERT_EQ(size_of_x(1), 3);
    sys_.fail_call(1, error, Call::OpenDirectory);
    EXPECT_EQ(size_of_x(kSecondUs + 1), 3);
    EXPECT_TRUE(sys_.fault_fired());
  }
}

TEST_F(OpenedRootTest, IsLeftToTheThreadPoolIfItsPathIsNotCached) {
  for (const int error : {EAGAIN, EINVAL, ENOSYS}) {
    sys_.fail_call(1, error, Call::OpenDirectory);
    EXPECT_EQ(size_of_x(1), -EAGAIN);
    EXPECT_TRUE(would_sleep_);
  }
}

TEST_F(OpenedRootTest, IsClosedAfterASecond) {
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
    Lookup in_loop{.sys = sys_,
                   .may_sleep = false,
                   .root = &none.root(),
                   .cache = &none,
                   .now = {now_us, 0, 0}};
    EXPECT_TRUE(root_.open(in_loop, "x").is_file());
  }
  EXPECT_EQ(sys_.count(Call::OpenDirectory), 2U);
}

}  // namespace
}  // namespace aws

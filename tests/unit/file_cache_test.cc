#include "serve/file_cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "os/sys.h"
#include "temp_folder.h"

namespace aws {
namespace {

class FileCacheTest : public testing::Test {
 protected:
  // As DocumentRoot finds it.
  OpenedFile open(const std::string& name) {
    OpenedFile opened;
    opened.file = UniqueFd(::open((folder_.path() / name).c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(sys_.fstat(opened.file.get(), opened.status), 0);
    return opened;
  }
  // Once the file is `age` old, by its clock.
  void keep(FileCache& cache, const std::string& name, std::int64_t now_us = 0,
            std::chrono::milliseconds age = std::chrono::hours(1)) {
    folder_.write(name, "content of " + name);
    OpenedFile opened = open(name);
    const timespec& changed = opened.status.st_ctim;
    const std::int64_t ns = changed.tv_nsec + std::chrono::nanoseconds(age).count();
    cache.keep(name, opened, {now_us, changed.tv_sec + ns / 1'000'000'000, ns % 1'000'000'000});
  }
  bool has(FileCache& cache, const std::string& name, std::int64_t now_us = 0) {
    cache.doubt();
    const OpenedFile found = cache.find(sys_, name, now_us);
    EXPECT_EQ(found.file.get() >= 0, found.cached != nullptr);
    return found.is_file();
  }
  // Until the clock that stamps files shows another time than in `status`.
  void wait_for_a_tick(const struct stat& status) {
    OpenedFile ticking;
    do {
      folder_.write("clock", "");
      ticking = open("clock");
    } while (ticking.status.st_mtim.tv_nsec == status.st_mtim.tv_nsec);
  }
  std::unique_ptr<ResponseImage> image_of_bytes(std::size_t size) {
    return make_image(sys_, std::string(size, 'h'), -1, 0, 0);
  }

  Sys sys_;
  TempFolder folder_;
};

TEST_F(FileCacheTest, FindsWhatItKeepsForASecond) {
  FileCache cache(2);
  keep(cache, "a", 100);
  EXPECT_FALSE(has(cache, "b", 100));
  EXPECT_TRUE(has(cache, "a", 100));
  EXPECT_TRUE(has(cache, "a", 100 + FileCache::kLifeUs - 1));
  EXPECT_FALSE(has(cache, "a", 100 + FileCache::kLifeUs));
  EXPECT_FALSE(has(cache, "a", 100)) << "it was dropped";
}

TEST_F(FileCacheTest, KeepsNothingWithoutRoom) {
  FileCache cache(0);
  keep(cache, "a");
  EXPECT_FALSE(has(cache, "a"));
  EXPECT_TRUE(cache.empty());
}

// Two renames within one tick of its clock would leave nothing different: times, links and all.
TEST_F(FileCacheTest, KeepsNoFileWhoseNextChangeMightNotShow) {
  FileCache cache(2);
  keep(cache, "a", 0, std::chrono::milliseconds(19));
  EXPECT_TRUE(cache.empty());
}

TEST_F(FileCacheTest, DropsTheOldestForWantOfRoom) {
  FileCache cache(2);
  for (const char* const name : {"a", "b", "c"})
    keep(cache, name);
  EXPECT_FALSE(has(cache, "a"));
  EXPECT_TRUE(has(cache, "b"));
  EXPECT_TRUE(has(cache, "c"));
}

TEST_F(FileCacheTest, ExpiresInOrder) {
  FileCache cache(4);
  keep(cache, "a", 0);
  keep(cache, "b", 10);
  EXPECT_EQ(cache.next_expiry_us(), FileCache::kLifeUs);
  cache.expire(FileCache::kLifeUs);
  EXPECT_EQ(cache.next_expiry_us(), FileCache::kLifeUs + 10);
  cache.expire(FileCache::kLifeUs + 10);
  EXPECT_TRUE(cache.empty());
}

TEST_F(FileCacheTest, SeesEveryChangeOfTheFileItself) {
  const auto changes = {
      +[](const std::filesystem::path& file) { std::filesystem::remove(file); },
      +[](const std::filesystem::path& file) {
        std::filesystem::rename(file, file.string() + "2");
      },
      +[](const std::filesystem::path& file) { std::filesystem::resize_file(file, 3); },
      +[](const std::filesystem::path& file) {
        std::filesystem::permissions(file, std::filesystem::perms::owner_read);
      },
      +[](const std::filesystem::path& file) {
        std::filesystem::create_hard_link(file, file.string() + "3");
      },
  };
  for (const auto change : changes) {
    FileCache cache(2);
    keep(cache, "a");
    ASSERT_TRUE(has(cache, "a"));
    change(folder_.path() / "a");
    EXPECT_FALSE(has(cache, "a"));
    std::filesystem::remove(folder_.path() / "a");
  }
}

// Requests that are here already were sent before.
TEST_F(FileCacheTest, AsksTheKernelOnceForAllRequestsThatCameTogether) {
  FileCache cache(2);
  keep(cache, "a");
  std::filesystem::remove(folder_.path() / "a");
  EXPECT_TRUE(cache.find(sys_, "a", 0).is_file()) << "it was opened after they came";
  cache.doubt();
  EXPECT_FALSE(cache.find(sys_, "a", 0).is_file());

  keep(cache, "b");
  ASSERT_TRUE(has(cache, "b"));
  std::filesystem::remove(folder_.path() / "b");
  EXPECT_TRUE(cache.find(sys_, "b", 0).is_file()) << "it was looked at after they came";
  EXPECT_FALSE(has(cache, "b"));
}

TEST_F(FileCacheTest, KnowsNothingOfTheFolderUntilTold) {
  FileCache cache(2);
  keep(cache, "a");
  EXPECT_FALSE(cache.folder_is_unchanged(sys_, *cache.find(sys_, "a", 0).cached));
}

TEST_F(FileCacheTest, SeesEveryChangeOfTheFolder) {
  folder_.write("present", "");
  const auto changes = {
      +[](const std::filesystem::path& folder) { std::ofstream(folder / "made"); },
      +[](const std::filesystem::path& folder) { std::filesystem::remove(folder / "made"); },
      +[](const std::filesystem::path& folder) {
        std::filesystem::rename(folder / "present", folder / "renamed");
      },
      +[](const std::filesystem::path& folder) {
        std::filesystem::create_symlink("renamed", folder / "link");
      },
  };
  for (const auto change : changes) {
    FileCache cache(2);
    keep(cache, "a");
    CachedFile& file = *cache.find(sys_, "a", 0).cached;
    OpenedFile folder = open(".");
    cache.keep_folder(file, folder);
    EXPECT_TRUE(cache.folder_is_unchanged(sys_, file));
    wait_for_a_tick(folder.status);
    change(folder_.path());
    EXPECT_TRUE(cache.folder_is_unchanged(sys_, file)) << "no request came since it was seen";
    cache.doubt();
    EXPECT_FALSE(cache.folder_is_unchanged(sys_, file));
    EXPECT_FALSE(file.folder.fd) << "what is known to have changed is not asked for again";
  }
}

TEST_F(FileCacheTest, HoldsOneDescriptorOfAFolder) {
  FileCache cache(2);
  for (const char* const name : {"a", "b"})
    keep(cache, name);
  CachedFile& a = *cache.find(sys_, "a", 0).cached;
  CachedFile& b = *cache.find(sys_, "b", 0).cached;
  cache.keep_folder(a, open("."));
  cache.keep_folder(b, open("."));
  const int number = a.folder.fd.get();
  EXPECT_EQ(number, b.folder.fd.get());
  folder_.make_folder("other");
  cache.keep_folder(b, open("other"));
  EXPECT_NE(number, b.folder.fd.get());
  EXPECT_EQ(number, a.folder.fd.get());
  cache.clear();
  EXPECT_EQ(::fcntl(number, F_GETFD), -1) << "it is kept no longer than the files in it";
}

TEST_F(FileCacheTest, ClosesAFolderWithTheLastFileInIt) {
  FileCache cache(3);
  folder_.make_folder("other");
  for (const char* const name : {"a", "b"})
    keep(cache, name);
  keep(cache, "c", FileCache::kLifeUs / 2);
  CachedFile& a = *cache.find(sys_, "a", 0).cached;
  CachedFile& b = *cache.find(sys_, "b", 0).cached;
  cache.keep_folder(a, open("other"));
  cache.keep_folder(b, open("other"));
  cache.keep_folder(*cache.find(sys_, "c", 0).cached, open("."));
  const int other = a.folder.fd.get();
  cache.keep_folder(a, open("."));
  EXPECT_NE(::fcntl(other, F_GETFD), -1) << "b is still in it";
  cache.expire(FileCache::kLifeUs);
  ASSERT_FALSE(cache.empty());
  EXPECT_EQ(::fcntl(other, F_GETFD), -1);
}

TEST_F(FileCacheTest, ClosesAFolderThatItsFileIsNotFoundInAnyMore) {
  FileCache cache(1);
  keep(cache, "a");
  CachedFile& file = *cache.find(sys_, "a", 0).cached;
  folder_.make_folder("other");
  OpenedFile now = open(".");
  cache.keep_folder(file, open("other"));
  const int other = file.folder.fd.get();
  cache.keep_folder(file, std::move(now));
  EXPECT_EQ(::fcntl(other, F_GETFD), -1);
}

// More than there are places for: some share one.
TEST_F(FileCacheTest, TellsFoldersApart) {
  constexpr int kMany = 100;
  FileCache cache(kMany);
  for (int i = 0; i < kMany; ++i) {
    const std::string name = std::to_string(i);
    keep(cache, name);
    folder_.make_folder("in" + name);
    const OpenedFile folder = open("in" + name);
    CachedFile& file = *cache.find(sys_, name, 0).cached;
    cache.keep_folder(file, folder);
    struct stat status {};
    EXPECT_EQ(sys_.fstat(file.folder.fd.get(), status), 0);
    EXPECT_EQ(status.st_ino, folder.status.st_ino);
  }
}

TEST_F(FileCacheTest, ClosesAFolderThatChanged) {
  FileCache cache(1);
  keep(cache, "a");
  CachedFile& file = *cache.find(sys_, "a", 0).cached;
  const OpenedFile folder = open(".");
  cache.keep_folder(file, open("."));
  const int number = file.folder.fd.get();
  wait_for_a_tick(folder.status);
  folder_.write("new", "");
  cache.doubt();
  EXPECT_FALSE(cache.folder_is_unchanged(sys_, file));
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

TEST_F(FileCacheTest, LetsAFileLiveWhoseAnswerIsUnderWay) {
  FileCache cache(1);
  keep(cache, "a");
  OpenedFile used = cache.find(sys_, "a", 0);
  cache.clear();
  char byte = 0;
  EXPECT_EQ(::pread(used.file.get(), &byte, 1, 0), 1) << "still open";
  EXPECT_EQ(byte, 'c');
  const int number = used.file.get();
  used = OpenedFile();
  EXPECT_EQ(::fcntl(number, F_GETFD), -1) << "its last owner is gone";
}

TEST_F(FileCacheTest, BoundsTheMemoryOfImages) {
  FileCache cache(4, 100);
  for (const char* const name : {"a", "b"})
    keep(cache, name);
  CachedFile::Image& a = cache.find(sys_, "a", 0).cached->images[0];
  CachedFile::Image& b = cache.find(sys_, "b", 0).cached->images[1];
  EXPECT_FALSE(cache.keep_image(a, nullptr));
  EXPECT_TRUE(cache.has_room(a, 100));
  EXPECT_FALSE(cache.has_room(a, 101));
  EXPECT_TRUE(cache.keep_image(a, image_of_bytes(60)));
  EXPECT_TRUE(cache.has_room(a, 100)) << "in the place of the older one";
  EXPECT_FALSE(cache.has_room(b, 41));
  EXPECT_FALSE(cache.keep_image(b, image_of_bytes(60)));
  EXPECT_EQ(b.made, nullptr);
  EXPECT_TRUE(cache.keep_image(a, image_of_bytes(100))) << "the older one makes room";
  EXPECT_TRUE(cache.keep_image(a, image_of_bytes(10)));
  EXPECT_TRUE(cache.keep_image(b, image_of_bytes(90)));
  cache.clear();
  keep(cache, "a");
  EXPECT_TRUE(cache.keep_image(cache.find(sys_, "a", 0).cached->images[2], image_of_bytes(100)));
}

}  // namespace
}  // namespace aws

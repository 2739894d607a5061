#include "serve/unsized_file.h"

#include <gtest/gtest.h>
#include <linux/magic.h>

#include <optional>
#include <string>
#include <vector>

#include "disk.h"
#include "os/file_system.h"
#include "serve/document_root.h"
#include "serve/file_cache.h"
#include "temp_folder.h"

namespace aws {
namespace {

using Framing = UnsizedBody::Framing;
using Call = FaultySys::Call;

TEST(FileSystem, OfTheKernelsOwnKindHidesEverySize) {
  for (const std::int64_t type :
       {PROC_SUPER_MAGIC, SYSFS_MAGIC, DEBUGFS_MAGIC, CGROUP2_SUPER_MAGIC}) {
    EXPECT_TRUE(hides_size(type, 0));
    EXPECT_TRUE(hides_size(type, 4096));
  }
}

TEST(FileSystem, OfAnotherProgramHidesASizeThatIsSaidToBeZero) {
  for (const std::int64_t type : {FUSE_SUPER_MAGIC, V9FS_MAGIC}) {
    EXPECT_TRUE(hides_size(type, 0));
    EXPECT_FALSE(hides_size(type, 1));
  }
}

TEST(FileSystem, OfAnyOtherKindHidesNothing) {
  for (const std::int64_t type :
       {std::int64_t{EXT4_SUPER_MAGIC}, std::int64_t{TMPFS_MAGIC}, std::int64_t{-EIO}}) {
    EXPECT_FALSE(hides_size(type, 0));
    EXPECT_FALSE(hides_size(type, 4096));
  }
}

// ---- read_on()

class ReadOnTest : public testing::Test {
 protected:
  int read(std::size_t size, std::size_t most, std::string& into, off_t offset = 0) {
    const UniqueFd file = open_file(folder_.write("file", pattern(size)));
    sys_.let_helpers_work(true);
    return read_on(sys_, file.get(), offset, most, into);
  }

  FaultySys sys_;
  TempFolder folder_;
};

TEST_F(ReadOnTest, StopsAtTheEndOrAtTheMost) {
  for (const std::size_t size : {0, 1, 4096, 300'000}) {
    for (const std::size_t limit : {std::size_t{1000}, FaultySys::kNoLimit}) {
      sys_.read_limit = limit;
      std::string bytes = "before";
      EXPECT_EQ(read(size, size + 1, bytes), 0);
      EXPECT_EQ(bytes, "before" + pattern(size));
      bytes.clear();
      EXPECT_EQ(read(size, size, bytes), 1) << "what follows is not known";
      EXPECT_EQ(bytes, pattern(size));
    }
  }
}

TEST_F(ReadOnTest, BeginsWhereItIsTold) {
  std::string bytes;
  EXPECT_EQ(read(1000, 1000, bytes, 990), 0);
  EXPECT_EQ(bytes, pattern(1000).substr(990));
}

TEST_F(ReadOnTest, PassesErrorsOnAndTakesWouldBlockForTheEnd) {
  std::string bytes;
  sys_.read_limit = 100;
  sys_.fail_call(3, EIO, Call::Pread);
  EXPECT_EQ(read(1000, 1000, bytes), -EIO);
  EXPECT_EQ(bytes.size(), 200U);
  sys_.fail_call(3, EAGAIN, Call::Pread);
  EXPECT_EQ(read(1000, 1000, bytes), 0);
  EXPECT_EQ(bytes.size(), 400U);
}

// ---- UnsizedBody

class UnsizedBodyTest : public testing::Test {
 protected:
  UnsizedBody body(std::size_t size, std::size_t begun, Framing framing) {
    content_ = pattern(size);
    return {disk_.sys,
            disk_.threads,
            open_file(folder_.write("file", content_)),
            content_.substr(0, begun),
            framing,
            completion_,
            slots_.take()};
  }

  // Pumps until the body has ended; gives the client room now and then.
  Pump pump_all(UnsizedBody& body) {
    for (int i = 0; i < 100'000; ++i) {
      const Pump result = body.pump(socket_.get());
      if (result == Pump::Done || result == Pump::Failed) return result;
      const std::vector<Completion*> expected(result == Pump::AwaitDisk ? 1 : 0, &completion_);
      EXPECT_EQ(result == Pump::AwaitDisk ? disk_.turn() : std::vector<Completion*>(), expected);
    }
    return Pump::AwaitSocket;
  }

  const FaultySys::Peer& peer() { return disk_.sys.peer(socket_.get()); }

  Disk disk_;
  TestCompletion completion_;
  ListingSlots slots_{1};
  UniqueFd socket_ = disk_.sys.connect();
  TempFolder folder_;
  std::string content_;
};

std::string unchunked(std::string_view text) {
  std::string whole;
  for (;;) {
    const std::size_t line = text.find("\r\n");
    const std::size_t size = std::stoul(std::string(text.substr(0, line)), nullptr, 16);
    text.remove_prefix(line + 2);
    if (size == 0) return text == "\r\n" ? whole : "no end: " + std::string(text);
    whole += text.substr(0, size);
    if (text.substr(size, 2) != "\r\n") return "no end of a chunk";
    text.remove_prefix(size + 2);
  }
}

TEST_F(UnsizedBodyTest, SendsWhatWasReadAndNothingElse) {
  UnsizedBody whole = body(700'000, 700'000, Framing::Length);
  EXPECT_EQ(whole.pump(socket_.get()), Pump::AwaitSocket) << "others have their turn";
  EXPECT_EQ(pump_all(whole), Pump::Done);
  EXPECT_EQ(peer().output, content_);
  EXPECT_FALSE(peer().held_back);
  EXPECT_EQ(disk_.sys.count(Call::Pread), 0U);
}

TEST_F(UnsizedBodyTest, ReadsOnWhereTheBeginningEnds) {
  for (const std::size_t rest : {0, 1, 256 * 1024, 256 * 1024 + 1, 800'000}) {
    for (const Framing framing : {Framing::Chunks, Framing::Connection}) {
      socket_ = disk_.sys.connect();
      UnsizedBody body = this->body(1000 + rest, 1000, framing);
      EXPECT_EQ(pump_all(body), Pump::Done);
      EXPECT_EQ(framing == Framing::Chunks ? unchunked(peer().output) : peer().output, content_);
      EXPECT_EQ(body.sent(), peer().output.size());
      EXPECT_FALSE(peer().held_back && framing == Framing::Chunks) << "the end is pushed";
    }
  }
}

TEST_F(UnsizedBodyTest, ReadsNothingBeforeItsClientHasTakenWhatWasRead) {
  UnsizedBody body = this->body(500'000, 1000, Framing::Chunks);
  disk_.sys.peer(socket_.get()).room = 500;
  EXPECT_EQ(body.pump(socket_.get()), Pump::AwaitSocket);
  EXPECT_EQ(body.pump(socket_.get()), Pump::AwaitSocket);
  EXPECT_EQ(disk_.threads.counters().tasks, 0U);
  disk_.sys.peer(socket_.get()).room = FaultySys::kNoLimit;
  EXPECT_EQ(pump_all(body), Pump::Done);
  EXPECT_EQ(unchunked(peer().output), content_);
}

TEST_F(UnsizedBodyTest, HoldsASlotAsLongAsItLives) {
  {
    const UnsizedBody body = this->body(10, 10, Framing::Length);
    EXPECT_EQ(slots_.take(), nullptr);
  }
  EXPECT_NE(slots_.take(), nullptr);
}

// The n-th call fails, for every n and every error: the client sees a whole body or a broken one.
TEST_F(UnsizedBodyTest, NeverTakesAnErrorForTheEnd) {
  for (const Call kind : {Call::Send, Call::Pread}) {
    for (const int error : legal_errors(kind)) {
      if (error == EAGAIN) continue;
      for (int n = 1;; ++n) {
        socket_ = disk_.sys.connect();
        UnsizedBody body = this->body(600'000, 1000, Framing::Chunks);
        disk_.sys.fail_call(n, error, kind);
        const Pump result = pump_all(body);
        if (!disk_.sys.fault_fired()) {
          EXPECT_EQ(result, Pump::Done);
          break;
        }
        EXPECT_EQ(result, Pump::Failed) << error;
        EXPECT_FALSE(peer().output.ends_with("0\r\n\r\n"));
        ASSERT_LT(n, 100);
      }
    }
  }
}

// ---- How a file comes to be taken for one

class UnsizedLookupTest : public testing::Test {
 protected:
  OpenedFile open(const std::string& path) {
    Lookup lookup{
        .sys = sys_, .may_sleep = may_sleep_, .cache = &cache_, .now = {0, 2'000'000'000, 0}};
    OpenedFile opened = root_.open(lookup, path);
    would_sleep_ = lookup.would_sleep;
    return opened;
  }

  Sys sys_;
  FileCache cache_{10};
  DocumentRoot root_{"/"};
  bool may_sleep_ = true;
  bool would_sleep_ = false;
};

TEST_F(UnsizedLookupTest, KnowsTheKernelsFilesAndKeepsNoneOfThem) {
  if (open("proc/version").error != 0) GTEST_SKIP() << "there is no /proc here";
  EXPECT_TRUE(open("proc/version").hides_size);
  EXPECT_TRUE(cache_.empty());
}

TEST_F(UnsizedLookupTest, LeavesTheQuestionToAHelper) {
  may_sleep_ = false;
  const OpenedFile opened = open("proc/filesystems");
  EXPECT_TRUE(would_sleep_);
  EXPECT_EQ(opened.error, EAGAIN);
  EXPECT_FALSE(opened.file);
  EXPECT_TRUE(cache_.empty());
}

TEST(UnsizedLookup, AsksNothingAboutTheRootsOwnFileSystem) {
  const TempFolder folder;
  folder.write("empty", "");
  const DocumentRoot root(folder.path().string());
  FaultySys sys;
  Lookup lookup{.sys = sys, .may_sleep = false};
  const OpenedFile opened = root.open(lookup, "empty");
  EXPECT_TRUE(opened.is_file());
  EXPECT_FALSE(opened.hides_size || lookup.would_sleep);
  EXPECT_EQ(sys.count(Call::FileSystemOf), 0U);
}

}  // namespace
}  // namespace aws

#include "serve/block_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <string>
#include <vector>

#include "disk.h"
#include "temp_folder.h"

namespace aws {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t kBlock = AioContext::kBlockSize;
using Fetch = BlockReader::Fetch;

class BlockReaderTest : public testing::Test {
 protected:
  BlockReaderTest()
      : content_(pattern(4 * kBlock + 1000)), name_(folder_.write("file", content_)) {}

  // Fetches until there is something else to do than to wait for the disk.
  Fetch fetch(BlockReader& reader) {
    for (;;) {
      const Fetch result = reader.fetch();
      if (result != Fetch::AwaitDisk) return result;
      std::vector<Completion*> ready;
      while (ready.empty())
        ready = disk_.turn();
      EXPECT_THAT(ready, ElementsAre(&completion_));
    }
  }

  // All bytes of the part, used up `step` at a time.
  std::string read_all(BlockReader& reader, std::size_t step = kBlock) {
    std::string bytes;
    while (fetch(reader) == Fetch::Ready) {
      const std::string_view some = reader.bytes().substr(0, step);
      EXPECT_FALSE(some.empty());
      bytes += some;
      reader.use(some.size());
    }
    return bytes;
  }

  // Takes every block that can be had, as other readers might.
  void take_all_blocks() {
    std::deque<AioRead> others;
    for (int i = 0; i < 4; ++i)
      others.emplace_back(aio_, completion_).start(other_.get(), 0, 1, ReadMode::NoWait);
    CompletionList ready;
    aio_.submit(ready);
    aio_.reap(ready);
    EXPECT_TRUE(std::all_of(others.begin(), others.end(), [](const auto& r) { return r.done(); }));
  }

  [[nodiscard]] UniqueFd file() const { return open_file(name_); }

  TestCompletion completion_;
  Disk disk_{4};
  FaultySys& sys_ = disk_.sys;
  AioContext& aio_ = disk_.aio;
  TempFolder folder_;
  std::string content_;
  std::string name_;
  UniqueFd other_ = open_file(folder_.write("other", "x"));
};

TEST_F(BlockReaderTest, ReadsExactlyThePartItIsAimedAt) {
  BlockReader reader(disk_.io, file(), completion_);
  for (const std::size_t offset : {std::size_t{0}, std::size_t{1}, kBlock - 1, kBlock}) {
    for (const std::size_t length : {std::size_t{1}, kBlock - 1, kBlock, kBlock + 1, 3 * kBlock}) {
      SCOPED_TRACE(std::to_string(offset) + " and " + std::to_string(length) + " more");
      reader.aim(static_cast<off_t>(offset), length);
      EXPECT_TRUE(read_all(reader, 100'000) == content_.substr(offset, length));
      EXPECT_EQ(fetch(reader), Fetch::End);
      EXPECT_EQ(aio_.blocks_in_use(), 0U);
    }
  }
}

TEST_F(BlockReaderTest, IsAtTheEndOfNothingAtOnce) {
  BlockReader reader(disk_.io, file(), completion_);
  EXPECT_EQ(reader.fetch(), Fetch::End);
  reader.aim(5, 0);
  EXPECT_EQ(reader.fetch(), Fetch::End);
  EXPECT_EQ(sys_.count(FaultySys::Call::AioSubmit), 0U);
}

TEST_F(BlockReaderTest, HasTheSameBytesUntilTheyAreUsed) {
  BlockReader reader(disk_.io, file(), completion_);
  reader.aim(0, 2 * kBlock);
  ASSERT_EQ(fetch(reader), Fetch::Ready);
  const std::string before(reader.bytes());
  ASSERT_EQ(fetch(reader), Fetch::Ready);
  EXPECT_TRUE(reader.bytes() == before);
  reader.use(10);
  EXPECT_TRUE(reader.bytes() == std::string_view(before).substr(10));
}

TEST_F(BlockReaderTest, TellsWhichBytesAreThePartsLast) {
  BlockReader reader(disk_.io, file(), completion_);
  reader.aim(0, 2 * kBlock + 5);
  std::vector<bool> last;
  while (fetch(reader) == Fetch::Ready) {
    last.push_back(reader.bytes_are_last());
    reader.use(reader.bytes().size());
  }
  EXPECT_EQ(last, (std::vector<bool>{false, false, true}));
}

TEST_F(BlockReaderTest, BytesOfAReadThatCameShortAreNotTheLast) {
  sys_.read_limit = 70;
  BlockReader reader(disk_.io, file(), completion_);
  reader.aim(0, 100);
  ASSERT_EQ(fetch(reader), Fetch::Ready);
  EXPECT_EQ(reader.bytes().size(), 70U);
  EXPECT_FALSE(reader.bytes_are_last());
  reader.use(70);
  ASSERT_EQ(fetch(reader), Fetch::Ready);
  EXPECT_EQ(reader.bytes(), content_.substr(70, 30));
  EXPECT_TRUE(reader.bytes_are_last());
}

TEST_F(BlockReaderTest, ReadsOnFromWhereAReadCameShort) {
  for (const std::size_t cut : {1U, 7U, 4096U}) {
    sys_.read_limit = cut;
    const std::size_t length = cut == 4096 ? 2 * kBlock + 5 : 500;
    BlockReader reader(disk_.io, file(), completion_);
    reader.aim(3, length);
    EXPECT_TRUE(read_all(reader, 3000) == content_.substr(3, length)) << cut;
  }
}

// Whatever was read ahead of the old part is no byte of the new one.
TEST_F(BlockReaderTest, CanBeAimedAnewInAnyState) {
  for (const bool held : {false, true}) {
    for (int steps = 0; steps < 4; ++steps) {
      SCOPED_TRACE(steps);
      BlockReader reader(disk_.io, file(), completion_);
      reader.aim(0, 3 * kBlock);
      for (int i = 0; i < steps && fetch(reader) == Fetch::Ready; ++i)
        reader.use(i == 1 ? 100 : reader.bytes().size());
      sys_.holds_reads = held;
      if (held) (void)reader.fetch();
      CompletionList ready;
      aio_.submit(ready);
      ready.clear();
      reader.aim(static_cast<off_t>(2 * kBlock - 7), kBlock);
      sys_.holds_reads = false;
      sys_.finish_reads();
      EXPECT_TRUE(read_all(reader, 50'000) == content_.substr(2 * kBlock - 7, kBlock));
    }
  }
  EXPECT_EQ(aio_.blocks_in_use(), 0U);
}

TEST_F(BlockReaderTest, LendsItsBlocksAndReadsAnewWhatTheyHeld) {
  BlockReader reader(disk_.io, file(), completion_);
  reader.aim(0, 4 * kBlock);
  std::string bytes;
  for (std::size_t step = 1; fetch(reader) == Fetch::Ready; step = step * 3 + 1000) {
    const std::string some(reader.bytes().substr(0, step));
    bytes += some;
    reader.use(some.size());
    reader.lend_blocks();
    take_all_blocks();
  }
  EXPECT_TRUE(bytes == content_.substr(0, 4 * kBlock));
}

TEST_F(BlockReaderTest, ReadsNothingTwiceThatNobodyTook) {
  BlockReader reader(disk_.io, file(), completion_);
  reader.aim(0, 2 * kBlock);
  while (fetch(reader) == Fetch::Ready) {
    reader.use(std::min<std::size_t>(reader.bytes().size(), 32 * 1024));
    reader.lend_blocks();
  }
  EXPECT_LE(sys_.count(FaultySys::Call::AioSubmit), 2U);
}

TEST_F(BlockReaderTest, ReadsNothingAheadOfWhatIsInMemory) {
  BlockReader reader(disk_.io, file(), completion_);
  reader.aim(0, 3 * kBlock);
  ASSERT_EQ(fetch(reader), Fetch::Ready);
  EXPECT_EQ(aio_.blocks_in_use(), 1U);
  EXPECT_EQ(aio_.counters().reads, 1U);
}

TEST_F(BlockReaderTest, FailsWhereTheFileEndsTooSoon) {
  for (const std::size_t left : {std::size_t{0}, std::size_t{100}, kBlock, kBlock + 1}) {
    SCOPED_TRACE(left);
    const std::string name = folder_.write("short", content_.substr(0, left));
    BlockReader reader(disk_.io, open_file(name), completion_);
    reader.aim(0, 3 * kBlock);
    EXPECT_TRUE(read_all(reader) == content_.substr(0, left)) << "nothing is made up";
    EXPECT_EQ(reader.failure(), Failure::FileShrank);
  }
}

TEST_F(BlockReaderTest, FailsWhereTheDiskDoes) {
  for (int n = 1; n <= 3; ++n) {
    BlockReader reader(disk_.io, file(), completion_);
    reader.aim(0, 3 * kBlock);
    sys_.fail_read(n, EIO);
    EXPECT_TRUE(read_all(reader) == content_.substr(0, static_cast<std::size_t>(n - 1) * kBlock));
    EXPECT_EQ(fetch(reader), Fetch::Failed);
    EXPECT_EQ(reader.failure(), Failure::ReadError);
  }
  EXPECT_EQ(aio_.blocks_in_use(), 0U);
}

TEST_F(BlockReaderTest, ClosesItsFileAndLeavesNoBlockTaken) {
  const std::ptrdiff_t before = open_descriptors();
  {
    BlockReader reader(disk_.io, file(), completion_);
    reader.aim(0, 3 * kBlock);
    ASSERT_EQ(fetch(reader), Fetch::Ready);
  }
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(aio_.blocks_in_use(), 0U);
}

// ---- Not in memory

class ColdBlockReaderTest : public BlockReaderTest {
 protected:
  ColdBlockReaderTest() { sys_.pages.cold = true; }
  ~ColdBlockReaderTest() override {
    EXPECT_EQ(sys_.sleeps(), 0);
    EXPECT_EQ(aio_.blocks_in_use(), 0U);
  }

  const DiskIo::Counters& windows_ = disk_.io.counters();
};

TEST_F(ColdBlockReaderTest, HasTheDiskAskedOnlyForWhatIsMissing) {
  BlockReader reader(disk_.io, file(), completion_);
  reader.aim(0, 2 * kBlock);
  sys_.pages.take_in(other_.get(), 0, 1);
  const UniqueFd same = file();
  sys_.pages.take_in(same.get(), 0, 2 * kBlock);
  EXPECT_TRUE(read_all(reader) == content_.substr(0, 2 * kBlock));
  EXPECT_EQ(sys_.count(FaultySys::Call::Probe), 0U) << "the read itself tells";
  EXPECT_EQ(sys_.count(FaultySys::Call::ReadAhead), 0U);
}

TEST_F(ColdBlockReaderTest, ReadsWhatIsMissingOnceItIsAnnounced) {
  BlockReader reader(disk_.io, file(), completion_);
  reader.aim(777, 3 * kBlock);
  EXPECT_TRUE(read_all(reader, 100'000) == content_.substr(777, 3 * kBlock));
  EXPECT_EQ(windows_.announced, 1U);
  EXPECT_EQ(windows_.ahead, 2U);
  EXPECT_EQ(windows_.to_helper, 0U);
  EXPECT_EQ(aio_.counters().on_helper, 0U);
}

// A refused read brings in its own pages and no more: these must not look like the whole file.
TEST_F(ColdBlockReaderTest, HasWholeStepsBroughtInForAByte) {
  constexpr off_t kStep = 64 * 1024;
  const UniqueFd same = file();
  BlockReader reader(disk_.io, file(), completion_);
  reader.aim(kStep + 5, 1);
  EXPECT_EQ(reader.fetch(), Fetch::AwaitDisk);
  disk_.turn();
  sys_.pages.take_in(same.get(), kStep, 1);
  EXPECT_EQ(read_all(reader), content_.substr(kStep + 5, 1));
  sys_.pages.arrive(same.get(), sys_.pages.time());
  EXPECT_EQ(sys_.pages.resident(same.get(), kStep, kStep), std::size_t{kStep});
}

TEST_F(ColdBlockReaderTest, ReadsWhatIsHereAndThereOnly) {
  for (std::size_t hole = 0; hole < 4 * kBlock; hole += 100'000) {
    SCOPED_TRACE(hole);
    sys_.pages.evict();
    const UniqueFd same = file();
    sys_.pages.take_in(same.get(), 0, hole);
    sys_.pages.take_in(same.get(), static_cast<off_t>(hole + 70'000), 4 * kBlock);
    BlockReader reader(disk_.io, file(), completion_);
    reader.aim(0, 4 * kBlock);
    EXPECT_TRUE(read_all(reader, 50'000) == content_.substr(0, 4 * kBlock));
  }
}

TEST_F(ColdBlockReaderTest, ReadsWhateverTheDiskIsLike) {
  const struct {
    const char* name;
    void (*spoil)(FaultySys&);
    std::uint64_t DiskIo::Counters::*counter;
  } disks[] = {
      {"never comes", [](FaultySys& sys) { sys.pages.loses_readahead = true; },
       &DiskIo::Counters::gave_up},
      {"dirty", [](FaultySys& sys) { sys.direct_error = EAGAIN; }, &DiskIo::Counters::refused},
      {"no O_DIRECT", [](FaultySys& sys) { sys.lacks_direct = true; },
       &DiskIo::Counters::no_direct},
  };
  for (const auto& disk : disks) {
    SCOPED_TRACE(disk.name);
    sys_.pages.evict();
    disk.spoil(sys_);
    const std::uint64_t before = windows_.*disk.counter;
    BlockReader reader(disk_.io, file(), completion_);
    reader.aim(5, 3 * kBlock);
    EXPECT_TRUE(read_all(reader, 77'777) == content_.substr(5, 3 * kBlock));
    EXPECT_EQ(windows_.*disk.counter - before, 3U) << "once a window";
  }
}

// Memory may be so short that what a helper has read is gone before io_submit(2) gets to it.
TEST_F(ColdBlockReaderTest, HasAHelperReadIntoItsBlockWhatIsAlwaysGone) {
  sys_.lacks_direct = true;
  BlockReader reader(disk_.io, file(), completion_);
  reader.aim(0, kBlock);
  Fetch result = Fetch::AwaitDisk;
  for (int rounds = 0; rounds < 100 && result == Fetch::AwaitDisk; ++rounds) {
    result = reader.fetch();
    sys_.pages.evict();
    if (result == Fetch::AwaitDisk) disk_.turn();
  }
  ASSERT_EQ(result, Fetch::Ready);
  EXPECT_TRUE(reader.bytes() == content_.substr(0, kBlock));
  EXPECT_EQ(aio_.counters().on_helper, 1U + 1U) << "one for the window, one for the bytes";
}

TEST_F(ColdBlockReaderTest, HasAHelperReadWhereNothingTellsWhatIsInMemory) {
  sys_.lacks_nowait = true;
  sys_.file_system = OVERLAYFS_SUPER_MAGIC;
  BlockReader reader(disk_.io, file(), completion_);
  reader.aim(5, 3 * kBlock);
  EXPECT_TRUE(read_all(reader, 77'777) == content_.substr(5, 3 * kBlock));
  EXPECT_EQ(aio_.counters().on_helper, 3U) << "and straight into its blocks";
  reader.aim(0, 3 * kBlock);
  ASSERT_EQ(fetch(reader), Fetch::Ready);
  EXPECT_EQ(aio_.blocks_in_use(), 2U) << "one is read while another is used";
  EXPECT_EQ(sys_.count(FaultySys::Call::FileSystemOf), 1U);
}

TEST_F(ColdBlockReaderTest, ReadsAsItIsAFileSystemInMemory) {
  sys_.pages.cold = false;
  sys_.lacks_nowait = true;
  sys_.file_system = TMPFS_MAGIC;
  BlockReader reader(disk_.io, file(), completion_);
  reader.aim(5, 3 * kBlock);
  EXPECT_TRUE(read_all(reader, 77'777) == content_.substr(5, 3 * kBlock));
  EXPECT_EQ(aio_.counters().on_helper, 0U);
  EXPECT_EQ(windows_.memory_files, 1U);
  EXPECT_EQ(windows_.silent, 0U);
}

TEST_F(ColdBlockReaderTest, FailsWhereTheDiskDoes) {
  sys_.lacks_direct = true;
  for (int n = 1; n <= 4; ++n) {
    SCOPED_TRACE(n);
    sys_.pages.evict();
    BlockReader reader(disk_.io, file(), completion_);
    reader.aim(0, 2 * kBlock);
    sys_.fail_read(n, EIO);
    const std::string got = read_all(reader);
    EXPECT_TRUE(content_.starts_with(got));
    EXPECT_EQ(fetch(reader), Fetch::Failed);
    EXPECT_EQ(reader.failure(), Failure::ReadError);
  }
}

TEST_F(ColdBlockReaderTest, FailsWhereTheFileShrankWhileItWaited) {
  BlockReader reader(disk_.io, file(), completion_);
  reader.aim(0, 3 * kBlock);
  ASSERT_EQ(reader.fetch(), Fetch::AwaitDisk);
  ASSERT_EQ(::truncate(name_.c_str(), kBlock + 10), 0);
  EXPECT_TRUE(read_all(reader) == content_.substr(0, kBlock + 10));
  EXPECT_EQ(reader.failure(), Failure::FileShrank);
}

TEST_F(ColdBlockReaderTest, LeavesNothingBehindWhereverItIsCutShort) {
  for (const bool direct : {true, false}) {
    for (int turns = 0; turns < 8; ++turns) {
      for (const bool held : {true, false}) {
        SCOPED_TRACE(std::to_string(turns) + (direct ? " direct" : ""));
        sys_.pages.evict();
        sys_.lacks_direct = !direct;
        disk_.holds_tasks = false;
        {
          BlockReader reader(disk_.io, file(), completion_);
          reader.aim(0, 4 * kBlock);
          for (int i = 0; i <= turns; ++i) {
            sys_.holds_reads = disk_.holds_tasks = held && i == turns;
            if (reader.fetch() == Fetch::Ready) reader.use(reader.bytes().size());
            disk_.turn();
          }
          if (completion_.has_pending_work()) {
            CompletionList ready;
            disk_.finish_tasks(ready);
            ready.clear();
          }
        }
        sys_.holds_reads = disk_.holds_tasks = false;
        sys_.finish_reads();
        EXPECT_THAT(disk_.turn(), IsEmpty());
        EXPECT_EQ(aio_.reads_in_flight(), 0U);
        EXPECT_EQ(aio_.blocks_in_use(), 0U);
      }
    }
  }
}

}  // namespace
}  // namespace aws

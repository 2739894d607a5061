// Every way in which a window of a file comes into memory, and the counter that tells of it. What
// would have made the loop sleep is counted, too, and must stay at zero throughout.
#include "os/residency.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <unistd.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "disk.h"
#include "temp_folder.h"

namespace aws {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Call = FaultySys::Call;
constexpr off_t kWindow = Residency::kWindow;

class ResidencyTest : public testing::Test {
 protected:
  ResidencyTest() {
    sys_.pages.cold = true;
    residency_.aim(0, kSize);
  }
  ~ResidencyTest() override {
    EXPECT_EQ(sys_.sleeps(), 0);
    EXPECT_EQ(disk_.aio.counters().reads, 0U) << "sentinels take no blocks";
  }

  // The completions of a turn of the disk.
  std::vector<Completion*> turn() { return disk_.turn(); }

  // Asks until the bytes are there, as their owner does whenever it is notified.
  std::int64_t await(Residency& residency, off_t offset) {
    for (int rounds = 0; rounds < 100; ++rounds) {
      const std::int64_t ready = residency.ready(offset, kWindow);
      if (ready != 0) return ready;
      EXPECT_THAT(turn(), ElementsAre(&completion_));
    }
    ADD_FAILURE() << "never there";
    return 0;
  }

  // All windows of the file, one after the other.
  void await_all(Residency& residency) {
    for (off_t offset = 0; offset < kSize; offset += kWindow)
      EXPECT_EQ(await(residency, offset), std::min(kWindow, kSize - offset));
  }

  static constexpr off_t kSize = 10 * kWindow + 12'345;
  TestCompletion completion_;
  Disk disk_;
  FaultySys& sys_ = disk_.sys;
  const DiskIo::Counters& counters_ = disk_.io.counters();
  TempFolder folder_;
  std::string name_ = folder_.write("file", pattern(kSize));
  UniqueFd file_ = open_file(name_);
  Residency residency_{disk_.io, file_.get(), completion_};
};

// ---- In memory

TEST_F(ResidencyTest, OfAFileInMemoryCostsProbesOnly) {
  sys_.pages.cold = false;
  await_all(residency_);
  EXPECT_EQ(counters_.resident, 11U);
  EXPECT_EQ(counters_.announced + counters_.ahead + counters_.to_helper, 0U);
  EXPECT_EQ(sys_.count(Call::Probe), sys_.calls().size());
}

TEST_F(ResidencyTest, IsOfAsManyWindowsAsAreWantedAndThere) {
  sys_.pages.cold = false;
  EXPECT_EQ(residency_.ready(5, 3 * kWindow), 3 * kWindow);
  EXPECT_EQ(residency_.ready(5, 10), 10);
  residency_.forget();
  sys_.pages.cold = true;
  sys_.pages.take_in(file_.get(), 0, 2 * kWindow);
  EXPECT_EQ(residency_.ready(0, kSize), 2 * kWindow);
  EXPECT_EQ(sys_.count(Call::ReadAhead), 0U) << "nobody waits for the third yet";
  EXPECT_EQ(await(residency_, 2 * kWindow), kWindow);
}

TEST_F(ResidencyTest, LastsForAWindowUntilItIsForgotten) {
  sys_.pages.cold = false;
  EXPECT_EQ(residency_.ready(0, kWindow), kWindow);
  sys_.forget_calls();
  EXPECT_EQ(residency_.ready(1000, kWindow), kWindow - 1000);
  EXPECT_THAT(sys_.calls(), IsEmpty());
  residency_.forget();
  sys_.pages.cold = true;
  EXPECT_EQ(residency_.ready(1000, kWindow), 0) << "it was thrown out meanwhile";
  EXPECT_EQ(await(residency_, 1000), kWindow - 1000);
}

TEST_F(ResidencyTest, IsOfWhatTheAimCovers) {
  sys_.pages.cold = false;
  residency_.aim(777, 1000);
  EXPECT_EQ(residency_.ready(777, kWindow), 1000);
  EXPECT_EQ(residency_.ready(1776, kWindow), 1);
  residency_.aim(kWindow - 10, static_cast<std::uint64_t>(kWindow) + 5);
  EXPECT_EQ(residency_.ready(kWindow - 10, kWindow), kWindow) << "windows begin where the aim does";
  EXPECT_EQ(residency_.ready(2 * kWindow - 10, kWindow), 5);
}

// ---- Announced

TEST_F(ResidencyTest, OfAColdWindowIsAnnouncedBySentinel) {
  sys_.holds_reads = true;
  EXPECT_EQ(residency_.ready(0, kWindow), 0);
  EXPECT_EQ(counters_.announced, 1U);
  EXPECT_EQ(sys_.count(Call::ReadAhead), 1U);
  EXPECT_THAT(turn(), IsEmpty()) << "the disk takes its time";
  EXPECT_EQ(sys_.reads_held(), 1U);
  sys_.finish_reads();
  EXPECT_THAT(turn(), ElementsAre(&completion_));
  EXPECT_EQ(residency_.ready(0, kWindow), kWindow);
  EXPECT_EQ(counters_.again, 0U);
  EXPECT_EQ(counters_.resident, 0U) << "that counts what was there when it was first looked at";
}

TEST_F(ResidencyTest, OfAWholeColdFileIsWaitedForOnceAndThenReadAhead) {
  await_all(residency_);
  EXPECT_EQ(counters_.announced, 1U);
  EXPECT_EQ(counters_.ahead, 10U);
  EXPECT_EQ(counters_.again + counters_.to_helper, 0U);
  EXPECT_EQ(sys_.count(Call::ReopenDirect), 1U);
  EXPECT_EQ(sys_.count(Call::ReadAhead), 11U);
}

// What was asked for by single bytes must not look like the whole file.
TEST_F(ResidencyTest, OfAByteHereAndThereIsNotTakenForThatOfTheFile) {
  constexpr off_t kStep = 64 * 1024;
  for (off_t offset = 0; offset < kSize; offset += kStep) {
    residency_.aim(offset, 1);
    EXPECT_EQ(await(residency_, offset), 1);
    residency_.aim(std::min(offset + kStep, kSize) - 1, 1);
    EXPECT_EQ(await(residency_, std::min(offset + kStep, kSize) - 1), 1);
  }
  EXPECT_EQ(sys_.pages.resident(file_.get(), 0, kSize), std::size_t{kSize});
}

TEST_F(ResidencyTest, LooksEightWindowsAheadAndNoFurther) {
  ASSERT_EQ(await(residency_, 0), kWindow);
  EXPECT_EQ(counters_.ahead, 8U);
  sys_.holds_reads = true;
  turn();
  EXPECT_EQ(sys_.reads_held(), 8U);
  EXPECT_EQ(residency_.ready(kWindow, kWindow), 0);
  EXPECT_THAT(turn(), IsEmpty());
  EXPECT_EQ(counters_.announced, 1U) << "this one is on its way already";
  sys_.finish_reads(1);
  EXPECT_THAT(turn(), ElementsAre(&completion_));
  EXPECT_EQ(residency_.ready(kWindow, kWindow), kWindow);
  EXPECT_EQ(counters_.ahead, 9U);
}

TEST_F(ResidencyTest, ProbesEachWindowOnceAheadOfItsNeed) {
  sys_.pages.take_in(file_.get(), kWindow, kSize - kWindow);
  ASSERT_EQ(await(residency_, 0), kWindow);
  sys_.forget_calls();
  EXPECT_EQ(residency_.ready(kWindow, kWindow), kWindow);
  EXPECT_EQ(sys_.count(Call::Probe), 5U + 5U) << "of this window, and of the ninth";
  EXPECT_EQ(counters_.ahead, 0U);
}

TEST_F(ResidencyTest, OfWhatIsColdInTheMiddleIsAnnouncedThere) {
  sys_.pages.take_in(file_.get(), 0, 2 * kWindow);
  EXPECT_EQ(residency_.ready(0, kWindow), kWindow);
  EXPECT_EQ(residency_.ready(kWindow, kWindow), kWindow);
  EXPECT_EQ(counters_.ahead, 0U) << "a hot file costs one probe a window, and no look ahead";
  EXPECT_EQ(residency_.ready(2 * kWindow, kWindow), 0);
  EXPECT_EQ(counters_.announced, 1U);
  EXPECT_EQ(await(residency_, 2 * kWindow), kWindow);
}

TEST_F(ResidencyTest, ThatWasLostOnTheWayIsAskedForAgain) {
  ASSERT_EQ(residency_.ready(0, kWindow), 0);
  ASSERT_THAT(turn(), ElementsAre(&completion_));
  sys_.pages.evict();  // between the announcement and the probe
  EXPECT_EQ(residency_.ready(0, kWindow), 0);
  EXPECT_EQ(counters_.again, 1U);
  EXPECT_THAT(turn(), ElementsAre(&completion_));
  EXPECT_EQ(residency_.ready(0, kWindow), kWindow);
  EXPECT_EQ(counters_.to_helper, 0U);
}

TEST_F(ResidencyTest, SurvivesAFileThatWasTruncated) {
  ASSERT_EQ(residency_.ready(0, kWindow), 0);
  ASSERT_EQ(::truncate(name_.c_str(), 0), 0);
  ASSERT_THAT(turn(), ElementsAre(&completion_));
  EXPECT_EQ(residency_.ready(0, kWindow), kWindow) << "to read nothing takes no time";
}

TEST_F(ResidencyTest, CanBeAimedElsewhereWhileItIsAwaited) {
  sys_.holds_reads = true;
  ASSERT_EQ(residency_.ready(0, kWindow), 0);
  turn();
  residency_.aim(3 * kWindow, 100);
  EXPECT_EQ(residency_.ready(3 * kWindow, kWindow), 0);
  sys_.holds_reads = false;
  sys_.finish_reads();
  EXPECT_EQ(await(residency_, 3 * kWindow), 100);
  EXPECT_EQ(counters_.announced, 2U);
  EXPECT_EQ(disk_.aio.blocks_in_use(), 0U);
}

TEST_F(ResidencyTest, ReportsNobodyWhoHasLeft) {
  sys_.holds_reads = true;
  {
    Residency leaver(disk_.io, file_.get(), completion_);
    leaver.aim(0, kSize);
    ASSERT_EQ(leaver.ready(0, kWindow), 0);
    turn();
  }
  EXPECT_EQ(disk_.aio.reads_in_flight(), 1U);
  sys_.finish_reads();
  EXPECT_THAT(turn(), IsEmpty());
  EXPECT_EQ(disk_.aio.blocks_in_use(), 0U);
}

// ---- By a helper, for one reason or another

TEST_F(ResidencyTest, ThatNeverComesIsAHelpersBusinessAfterThreeRounds) {
  sys_.pages.loses_readahead = true;
  ASSERT_EQ(await(residency_, 0), kWindow);
  EXPECT_EQ(counters_.announced, 1U);
  EXPECT_EQ(counters_.again, 2U);
  EXPECT_EQ(counters_.gave_up, 1U);
  EXPECT_EQ(counters_.to_helper, 1U);
  EXPECT_EQ(sys_.count(Call::ReadAhead), 4U + 8U) << "three rounds, the helper, and eight windows";
}

// Else a machine that is short of memory would never get to send anything.
TEST_F(ResidencyTest, ThatAHelperBroughtIsTrusted) {
  sys_.lacks_direct = true;
  ASSERT_EQ(residency_.ready(0, kWindow), 0);
  ASSERT_THAT(turn(), ElementsAre(&completion_));
  sys_.pages.evict();
  EXPECT_EQ(residency_.ready(0, kWindow), kWindow);
}

TEST_F(ResidencyTest, OfAFileThatIsBeingWrittenIsAHelpersBusiness) {
  for (const int error : {EAGAIN, EIO, EINVAL}) {
    SCOPED_TRACE(error);
    sys_.pages.evict();
    sys_.direct_error = error;
    const DiskIo::Counters before = counters_;
    Residency residency(disk_.io, file_.get(), completion_);
    residency.aim(0, kSize);
    await_all(residency);
    EXPECT_EQ(counters_.announced - before.announced, 1U);
    EXPECT_EQ(counters_.ahead - before.ahead, 10U);
    EXPECT_EQ(counters_.refused - before.refused, 11U);
    EXPECT_EQ(counters_.to_helper - before.to_helper, 11U);
  }
}

TEST_F(ResidencyTest, WithoutDirectReadsIsAHelpersBusiness) {
  sys_.lacks_direct = true;
  await_all(residency_);
  EXPECT_EQ(counters_.no_direct, 11U);
  EXPECT_EQ(counters_.to_helper, 11U);
  EXPECT_EQ(counters_.announced + counters_.ahead, 0U);
  EXPECT_EQ(sys_.count(Call::ReopenDirect), 1U) << "to ask once is enough";
}

TEST_F(ResidencyTest, PassesOnWhyTheHelperCouldNotRead) {
  sys_.lacks_direct = true;
  sys_.fail_read(1, EIO);
  EXPECT_EQ(await(residency_, 0), -EIO);
}

TEST_F(ResidencyTest, LeavesNothingBehindWhenItsOwnerLeavesAHelper) {
  sys_.lacks_direct = true;
  disk_.holds_tasks = true;
  TestCompletion owner;
  {
    Residency leaver(disk_.io, file_.get(), owner);
    leaver.aim(0, kSize);
    ASSERT_EQ(leaver.ready(0, kWindow), 0);
    EXPECT_TRUE(owner.has_pending_work());
  }
  EXPECT_TRUE(owner.has_pending_work()) << "it still reads from the owner's file";
  disk_.holds_tasks = false;
  EXPECT_THAT(turn(), IsEmpty());
  EXPECT_FALSE(owner.has_pending_work());
  EXPECT_EQ(disk_.aio.blocks_in_use(), 0U);
}

// ---- File systems that do not tell

TEST_F(ResidencyTest, OnAFileSystemThatLacksNowaitIsAHelpersBusiness) {
  sys_.lacks_nowait = true;
  sys_.file_system = OVERLAYFS_SUPER_MAGIC;
  EXPECT_EQ(residency_.read_mode(), ReadMode::NoWait) << "nobody has tried yet";
  await_all(residency_);
  EXPECT_EQ(counters_.silent, 11U);
  EXPECT_EQ(counters_.to_helper, 11U);
  EXPECT_EQ(residency_.read_mode(), ReadMode::OnHelper);
  EXPECT_EQ(sys_.count(Call::ReopenDirect), 0U);
}

TEST_F(ResidencyTest, AsksWhatADeviceIsOnce) {
  sys_.lacks_nowait = true;
  await_all(residency_);
  sys_.pages.evict();
  Residency other(disk_.io, file_.get(), completion_);
  other.aim(0, kSize);
  await_all(other);
  EXPECT_EQ(sys_.count(Call::FileSystemOf), 1U);
  EXPECT_EQ(counters_.silent, 22U);
}

TEST_F(ResidencyTest, OnAFileSystemInMemoryIsGiven) {
  for (const std::int64_t type :
       {std::int64_t{TMPFS_MAGIC}, std::int64_t{RAMFS_MAGIC}, std::int64_t{HUGETLBFS_MAGIC}}) {
    Disk disk;
    disk.sys.lacks_nowait = true;
    disk.sys.file_system = type;
    Residency residency(disk.io, file_.get(), completion_);
    residency.aim(0, kSize);
    EXPECT_EQ(residency.ready(0, kWindow), 0) << "what it is, a helper finds out";
    EXPECT_THAT(disk.turn(), ElementsAre(&completion_));
    for (off_t offset = 0; offset < kSize; offset += kWindow)
      EXPECT_GT(residency.ready(offset, kWindow), 0);
    EXPECT_EQ(residency.read_mode(), ReadMode::MayWait);
    EXPECT_EQ(disk.io.counters().memory_files, 1U);
    EXPECT_EQ(disk.io.counters().to_helper, 0U);
    EXPECT_EQ(disk.sys.count(Call::Pread), 0U);
  }
}

// statfs(2) may fail; then nothing is known, and that is the careful side.
TEST_F(ResidencyTest, OnAFileSystemThatCannotBeAskedIsAHelpersBusiness) {
  sys_.lacks_nowait = true;
  sys_.fail_call(1, EIO, Call::FileSystemOf);
  await_all(residency_);
  EXPECT_EQ(counters_.silent, 11U);
}

// ---- Edges

constexpr off_t kMost = std::numeric_limits<off_t>::max();
constexpr std::uint64_t kEndless = std::numeric_limits<std::uint64_t>::max();

// A file may be 2^63 - 1 bytes long: no offset stands behind its last block, or a window further
// on.
TEST_F(ResidencyTest, ComesToTheEndOfTheLargestFile) {
  const UniqueFd file = sparse_file(kMost);
  for (const bool cold : {false, true}) {
    sys_.pages.cold = cold;
    for (const off_t size :
         {off_t{1}, off_t{16}, off_t{4096}, kWindow - 1, kWindow, 9 * kWindow + 5}) {
      Residency residency(disk_.io, file.get(), completion_);
      residency.aim(kMost - size, static_cast<std::uint64_t>(size));
      for (off_t done = 0; done < size; done += kWindow)
        EXPECT_EQ(await(residency, kMost - size + done), std::min(kWindow, size - done)) << cold;
    }
  }
}

TEST_F(ResidencyTest, KnowsTheWindowsOfTheLargestFile) {
  const UniqueFd file = sparse_file(kMost);
  Residency residency(disk_.io, file.get(), completion_);
  residency.aim(0, kMost);
  const off_t last = (kMost - 1) / kWindow * kWindow;
  for (const off_t offset : {off_t{0}, kWindow << 31, kWindow << 44, last - kWindow, last})
    EXPECT_EQ(await(residency, offset), std::min(kWindow, kMost - offset)) << offset;
}

TEST_F(ResidencyTest, GivesNoMoreThanTheAimHoweverMuchIsWanted) {
  sys_.pages.cold = false;
  residency_.aim(5, 2 * kWindow);
  for (const std::uint64_t wanted : {kEndless, static_cast<std::uint64_t>(kMost)}) {
    residency_.forget();
    EXPECT_EQ(residency_.ready(7, wanted), 2 * kWindow - 2);
  }
}

// ---- Limits

TEST_F(ResidencyTest, WaitsForASentinelsPlaceInTurn) {
  TestCompletion owners[3];
  Disk disk(8, 1);
  disk.sys.pages.cold = true;
  disk.sys.holds_reads = true;
  std::vector<std::unique_ptr<Residency>> all;
  for (TestCompletion& owner : owners) {
    all.push_back(std::make_unique<Residency>(disk.io, file_.get(), owner));
    all.back()->aim(0, 100);
    EXPECT_EQ(all.back()->ready(0, kWindow), 0);
  }
  EXPECT_EQ(disk.aio.counters().waited, 2U);
  for (std::size_t i = 0; i < 3; ++i) {
    disk.turn();
    EXPECT_EQ(disk.sys.reads_held(), 1U);
    disk.sys.finish_reads();
    EXPECT_THAT(disk.turn(), ElementsAre(&owners[i]));
    EXPECT_EQ(all[i]->ready(0, kWindow), 100);
  }
  EXPECT_EQ(disk.sys.sleeps(), 0);
}

TEST_F(ResidencyTest, IsNobodysConcernInThePlainEngine) {
  Disk disk(8, 8, 8, Engine::Plain);
  disk.sys.pages.cold = true;
  Residency residency(disk.io, file_.get(), completion_);
  residency.aim(0, kSize);
  EXPECT_EQ(residency.ready(0, kWindow), kWindow);
  EXPECT_EQ(residency.read_mode(), ReadMode::MayWait);
  EXPECT_THAT(disk.sys.calls(), IsEmpty());
}

TEST_F(ResidencyTest, LeavesNoDescriptorBehind) {
  const std::ptrdiff_t before = open_descriptors();
  {
    Residency residency(disk_.io, file_.get(), completion_);
    residency.aim(0, kSize);
    await_all(residency);
    EXPECT_EQ(open_descriptors(), before + 1) << "the file once more, for direct reads";
  }
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace aws

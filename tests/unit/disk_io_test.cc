#include "os/disk_io.h"

#include <gtest/gtest.h>

#include <limits>

#include "disk.h"
#include "temp_folder.h"

namespace aws {
namespace {

using Answer = DiskIo::Answer;

constexpr off_t kPage = 4096;

class DiskIoTest : public testing::Test {
 protected:
  DiskIoTest() { disk_.sys.pages.cold = true; }

  void take_in(off_t begin, off_t end) {
    disk_.sys.pages.take_in(file_.get(), begin, static_cast<std::size_t>(end - begin));
  }
  Answer probe(off_t begin, off_t end) { return disk_.io.probe(file_.get(), begin, end); }

  Disk disk_;
  TempFolder folder_;
  UniqueFd file_ = open_file(folder_.write("file", pattern(100 * kPage)));
};

TEST_F(DiskIoTest, CallsResidentWhatIsInMemoryFromEndToEnd) {
  EXPECT_EQ(probe(0, 50 * kPage), Answer::Missing);
  take_in(0, 50 * kPage);
  EXPECT_EQ(probe(0, 50 * kPage), Answer::Resident);
  EXPECT_EQ(probe(0, 1), Answer::Resident);
  EXPECT_EQ(probe(50 * kPage - 1, 50 * kPage), Answer::Resident);
  EXPECT_EQ(probe(49 * kPage, 50 * kPage + 1), Answer::Missing) << "one byte of the next page";
  EXPECT_EQ(probe(50 * kPage, 51 * kPage), Answer::Missing);
}

// 64 KiB is the step: what is smaller than that is not promised to be seen.
TEST_F(DiskIoTest, SeesAGapOf64KiBWhereverItIs) {
  constexpr off_t kStep = 16 * kPage;
  for (off_t gap = 0; gap <= 64 * kPage; gap += kPage) {
    disk_.sys.pages.evict();
    take_in(0, gap);
    take_in(gap + kStep, 100 * kPage);
    EXPECT_EQ(probe(0, 64 * kPage + 1), Answer::Missing) << gap;
  }
}

// Else a client could have single bytes sent to it, and so bring in just the pages that are looked
// at when somebody asks for all.
TEST_F(DiskIoTest, ReadsAheadWholeStepsSoThatAByteOfOneTellsOfAllOfIt) {
  constexpr off_t kStep = 16 * kPage;
  const auto read_ahead = [this](off_t begin, off_t end) {
    disk_.sys.pages.evict();
    disk_.io.read_ahead(file_.get(), begin, end);
    disk_.sys.pages.arrive(file_.get(), disk_.sys.pages.time());
  };
  read_ahead(kStep + 1, kStep + 2);
  EXPECT_EQ(disk_.sys.pages.resident(file_.get(), kStep, 2 * kStep), std::size_t{kStep});
  EXPECT_EQ(probe(0, 2 * kStep), Answer::Missing);
  read_ahead(kStep - 1, 5 * kStep + 1);
  EXPECT_EQ(disk_.sys.pages.resident(file_.get(), 0, 6 * kStep), std::size_t{6 * kStep});
}

// The sum of an offset and a step there is no offset any more.
TEST_F(DiskIoTest, KnowsTheEndOfTheLargestFile) {
  constexpr off_t kMost = std::numeric_limits<off_t>::max();
  const UniqueFd file = sparse_file(kMost);
  for (const off_t size : {off_t{1}, kPage, 16 * kPage, 64 * kPage + 1}) {
    disk_.sys.pages.evict();
    EXPECT_EQ(disk_.io.probe(file.get(), kMost - size, kMost), Answer::Missing) << size;
    disk_.io.read_ahead(file.get(), kMost - size, kMost);
    disk_.sys.pages.arrive(file.get(), disk_.sys.pages.time());
    EXPECT_EQ(disk_.io.probe(file.get(), kMost - size, kMost), Answer::Resident) << size;
  }
}

TEST_F(DiskIoTest, AsksAboutAPageOfASmallFileOnce) {
  take_in(0, kPage);
  disk_.sys.forget_calls();
  EXPECT_EQ(probe(10, 4000), Answer::Resident);
  EXPECT_EQ(disk_.sys.calls().size(), 1U);
}

TEST_F(DiskIoTest, CallsResidentWhatLiesBeyondTheEnd) {
  EXPECT_EQ(probe(100 * kPage, 200 * kPage), Answer::Resident);
  take_in(0, 100 * kPage);
  EXPECT_EQ(probe(0, 200 * kPage), Answer::Resident);
}

TEST_F(DiskIoTest, KnowsNothingWhereTheFileSystemDoesNotTell) {
  disk_.sys.lacks_nowait = true;
  EXPECT_EQ(probe(0, 1), Answer::Unknown);
}

TEST_F(DiskIoTest, CallsMissingWhatCannotBeRead) {
  take_in(0, kPage);
  disk_.sys.fail_call(1, EIO, FaultySys::Call::Probe);
  EXPECT_EQ(probe(0, kPage), Answer::Missing);
}

TEST_F(DiskIoTest, RemembersTheMediaOfDevices) {
  DiskIo& disk = disk_.io;
  EXPECT_FALSE(disk.medium_of(1));
  disk.learn(1, Medium::LacksNowait);
  disk.learn(2, Medium::Memory);
  EXPECT_EQ(disk.medium_of(1), Medium::LacksNowait);
  EXPECT_EQ(disk.medium_of(2), Medium::Memory);
  EXPECT_FALSE(disk.medium_of(3));
}

// Mounts come and go, and each has a number of its own.
TEST_F(DiskIoTest, RemembersALimitedNumberOfMedia) {
  std::size_t known = 0;
  for (dev_t device = 0; device < 1000; ++device)
    disk_.io.learn(device, Medium::LacksNowait);
  for (dev_t device = 0; device < 1000; ++device)
    known += disk_.io.medium_of(device) ? 1 : 0;
  EXPECT_GE(known, 1U);
  EXPECT_LE(known, 64U);
  EXPECT_EQ(disk_.io.medium_of(999), Medium::LacksNowait) << "the last one";
}

}  // namespace
}  // namespace aws

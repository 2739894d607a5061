#include "server/disk_counters.h"

#include <gtest/gtest.h>

#include <cstring>

namespace aws {
namespace {

// Every counter has a number of its own.
DiskCounters numbered() {
  DiskCounters counters;
  counters.windows = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  counters.aio = {11, 12, 13, 14, 15};
  counters.threads = {16, 17};
  counters.openings = 18;
  return counters;
}

TEST(DiskCounters, AreSummedUpInOneLine) {
  EXPECT_EQ(summary(numbered()),
            "windows: 1 resident, 2 announced, 3 ahead, 4 again, 5 to helper, 6 refused, "
            "7 no direct, 8 gave up, 9 silent, 10 memory files; "
            "reads: 11 started, 12 at once, 13 waited, 14 on helper, 15 ring full; "
            "helpers: 16 tasks, 17 queued; openings: 18 off the loop");
}

TEST(DiskCounters, AreNotMentionedWhereTheyAreZero) {
  EXPECT_EQ(summary({}), "");
  DiskCounters counters;
  counters.windows.again = 7;
  EXPECT_EQ(summary(counters), "windows: 7 again");
  counters.openings = 3;
  EXPECT_EQ(summary(counters), "windows: 7 again; openings: 3 off the loop");
  counters.windows = {};
  counters.threads.queued = 2;
  EXPECT_EQ(summary(counters), "helpers: 2 queued; openings: 3 off the loop");
}

// A counter that is forgotten in the sum would be a zero there.
TEST(DiskCounters, OfSeveralLoopsAreAddedEachToItsOwn) {
  static_assert(sizeof(DiskCounters) == 18 * sizeof(std::uint64_t));
  const DiskCounters once = numbered();
  DiskCounters sum = once;
  sum.add(once);
  for (std::size_t i = 0; i < 18; ++i) {
    std::uint64_t counter = 0;
    std::memcpy(&counter, reinterpret_cast<const char*>(&sum) + i * sizeof(counter),
                sizeof(counter));
    EXPECT_EQ(counter, 2 * (i + 1));
  }
}

}  // namespace
}  // namespace aws

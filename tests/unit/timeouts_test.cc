#include "loop/timeouts.h"

#include <gtest/gtest.h>

namespace aws {
namespace {

constexpr std::int64_t kStart_us = 5'000'000'000;

class Entry final : public TimeoutEntry {
 public:
  Entry() : TimeoutEntry(kNoTimeout, kStart_us) {}
  using TimeoutEntry::start_timeout;
};

class TimeoutsTest : public testing::Test {
 protected:
  // `entry` begins to wait `after_us` after the start.
  void start(Entry& entry, TimeoutKind kind, std::int64_t after_us) {
    entry.start_timeout(kind, kStart_us + after_us);
    timeouts_.restart(entry);
  }
  [[nodiscard]] TimeoutEntry* expired(std::int64_t after_us) const {
    return timeouts_.expired(kStart_us + after_us);
  }
  [[nodiscard]] std::int64_t next_deadline() const {
    return timeouts_.next_deadline_us() - kStart_us;
  }

  Timeouts timeouts_;
  const TimeoutKind short_ = timeouts_.add_kind(100);
  const TimeoutKind long_ = timeouts_.add_kind(1'000);
  Entry one_;
  Entry two_;
  Entry three_;
};

TEST_F(TimeoutsTest, HaveNothingToExpireAtFirst) {
  EXPECT_EQ(timeouts_.next_deadline_us(), Timeouts::kNever);
  EXPECT_EQ(timeouts_.expired(Timeouts::kNever - 1), nullptr);
  EXPECT_EQ(timeouts_.any(), nullptr);
  EXPECT_EQ(timeouts_.longest_waiting(short_), nullptr);
}

TEST_F(TimeoutsTest, GiveEachKindANumberOfItsOwn) {
  EXPECT_NE(short_, kNoTimeout);
  EXPECT_NE(long_, kNoTimeout);
  EXPECT_NE(short_, long_);
}

TEST_F(TimeoutsTest, ExpireWhenTheLimitHasPassedAndNotBefore) {
  start(one_, short_, 7);
  EXPECT_EQ(next_deadline(), 107);
  EXPECT_EQ(expired(106), nullptr);
  EXPECT_EQ(expired(107), &one_);
  EXPECT_EQ(expired(107), &one_) << "until it is restarted or gone";
  one_.unlink();
  EXPECT_EQ(expired(1'000'000), nullptr);
  EXPECT_EQ(timeouts_.next_deadline_us(), Timeouts::kNever);
}

TEST_F(TimeoutsTest, ExpireInTheOrderInWhichWaitingBegan) {
  start(two_, short_, 0);
  start(three_, short_, 1);
  start(one_, short_, 2);
  for (Entry* const entry : {&two_, &three_, &one_}) {
    EXPECT_EQ(timeouts_.longest_waiting(short_), entry);
    EXPECT_EQ(expired(500), entry);
    entry->unlink();
  }
}

TEST_F(TimeoutsTest, HaveALimitForEachKind) {
  start(one_, long_, 0);
  start(two_, short_, 0);
  EXPECT_EQ(next_deadline(), 100) << "the shorter one, though it came later";
  EXPECT_EQ(expired(100), &two_);
  two_.unlink();
  EXPECT_EQ(expired(999), nullptr);
  EXPECT_EQ(expired(1'000), &one_);
  EXPECT_EQ(next_deadline(), 1'000);
}

TEST_F(TimeoutsTest, ChangeTheKindOfAnEntryThatWaitsForSomethingElse) {
  start(one_, short_, 0);
  start(one_, long_, 50);
  EXPECT_EQ(timeouts_.longest_waiting(short_), nullptr);
  EXPECT_EQ(timeouts_.longest_waiting(long_), &one_);
  EXPECT_EQ(one_.timeout_kind(), long_);
  EXPECT_EQ(next_deadline(), 1'050);
}

TEST_F(TimeoutsTest, BeginAgainWithARestart) {
  start(one_, short_, 0);
  start(two_, short_, 10);
  timeouts_.restart(one_, kStart_us + 60);
  EXPECT_EQ(one_.waiting_since_us(), kStart_us + 60);
  EXPECT_EQ(expired(110), &two_) << "now it has waited longest";
  EXPECT_EQ(next_deadline(), 110);
  two_.unlink();
  EXPECT_EQ(expired(159), nullptr);
  EXPECT_EQ(expired(160), &one_);
}

TEST_F(TimeoutsTest, ExpireByALimitThatIsChangedLater) {
  start(one_, long_, 0);
  timeouts_.set_limit(long_, 10);
  EXPECT_EQ(next_deadline(), 10);
  EXPECT_EQ(expired(10), &one_);
  timeouts_.set_limit(long_, Timeouts::kNever);
  EXPECT_EQ(expired(1'000'000), nullptr);
}

TEST_F(TimeoutsTest, NeverExpireWithoutALimit) {
  const TimeoutKind never = timeouts_.add_kind(Timeouts::kNever);
  start(one_, never, 0);
  start(two_, kNoTimeout, 0);
  EXPECT_EQ(timeouts_.next_deadline_us(), Timeouts::kNever);
  EXPECT_EQ(timeouts_.expired(Timeouts::kNever - 1), nullptr);
  EXPECT_NE(timeouts_.any(), nullptr) << "though they are there";
}

TEST_F(TimeoutsTest, FindAnyEntryThatIsLeft) {
  start(one_, kNoTimeout, 0);
  start(two_, long_, 0);
  int found = 0;
  while (TimeoutEntry* const entry = timeouts_.any()) {
    entry->unlink();
    ++found;
  }
  EXPECT_EQ(found, 2);
}

}  // namespace
}  // namespace aws

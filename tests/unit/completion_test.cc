#include "os/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "test_completion.h"

namespace aws {
namespace {

using testing::ElementsAre;

// Notes its number when it is notified, and does what the test wants then.
class Numbered final : public Completion {
 public:
  Numbered(std::vector<int>& notified, int number) : notified_(notified), number_(number) {}

  void ready() noexcept override {
    notified_.push_back(number_);
    if (then) then();
  }

  std::function<void()> then;

 private:
  std::vector<int>& notified_;
  const int number_;
};

class CompletionListTest : public testing::Test {
 protected:
  std::vector<int> notified_;
  Numbered one_{notified_, 1};
  Numbered two_{notified_, 2};
  Numbered three_{notified_, 3};
  CompletionList list_;
};

TEST_F(CompletionListTest, IsNotifiedInOrderAndEmptyAfterwards) {
  for (Numbered* const completion : {&two_, &one_, &three_})
    list_.push_back(*completion);
  notify_all(list_);
  EXPECT_THAT(notified_, ElementsAre(2, 1, 3));
  EXPECT_TRUE(list_.empty());
}

// Several reads of a session may be done at once.
TEST_F(CompletionListTest, NotifiesACompletionOnceHoweverOftenItBecameReady) {
  list_.push_back(one_);
  list_.push_back(two_);
  list_.push_back(one_);
  notify_all(list_);
  EXPECT_THAT(notified_, ElementsAre(2, 1));
}

TEST_F(CompletionListTest, LosesACompletionThatIsDestroyed) {
  auto leaver = std::make_unique<Numbered>(notified_, 4);
  list_.push_back(one_);
  list_.push_back(*leaver);
  list_.push_back(two_);
  leaver.reset();
  notify_all(list_);
  EXPECT_THAT(notified_, ElementsAre(1, 2));
}

// A session may end another one.
TEST_F(CompletionListTest, LosesACompletionThatIsDestroyedByTheOneBefore) {
  auto leaver = std::make_unique<Numbered>(notified_, 4);
  one_.then = [&] { leaver.reset(); };
  list_.push_back(one_);
  list_.push_back(*leaver);
  list_.push_back(two_);
  notify_all(list_);
  EXPECT_THAT(notified_, ElementsAre(1, 2));
}

TEST_F(CompletionListTest, NotifiesWhatBecomesReadyMeanwhile) {
  int rounds = 2;
  one_.then = [&] {
    if (--rounds > 0) list_.push_back(one_);
  };
  list_.push_back(one_);
  list_.push_back(two_);
  notify_all(list_);
  EXPECT_THAT(notified_, ElementsAre(1, 2, 1));
}

// ---- PendingWork

TEST(PendingWork, IsCountedByItsCompletion) {
  TestCompletion completion;
  EXPECT_FALSE(completion.has_pending_work());
  PendingWork first(completion);
  EXPECT_TRUE(completion.has_pending_work());
  {
    const PendingWork second(completion);
    first.finish();
    EXPECT_TRUE(completion.has_pending_work()) << "the second is left";
  }
  EXPECT_FALSE(completion.has_pending_work());
  first.finish();
  EXPECT_FALSE(completion.has_pending_work()) << "it had finished already";
}

TEST(PendingWork, IsTheSameWorkWhenItIsMoved) {
  TestCompletion completion;
  PendingWork moved;
  {
    PendingWork first(completion);
    moved = std::move(first);
    EXPECT_TRUE(completion.has_pending_work());
  }
  EXPECT_TRUE(completion.has_pending_work()) << "the empty token stood for nothing";
  PendingWork last(std::move(moved));
  moved.finish();  // NOLINT(bugprone-use-after-move): it is empty
  EXPECT_TRUE(completion.has_pending_work());
  last.finish();
  EXPECT_FALSE(completion.has_pending_work());
}

TEST(PendingWork, FinishesWhenOtherWorkTakesItsPlace) {
  TestCompletion one;
  TestCompletion two;
  PendingWork work(one);
  work = PendingWork(two);
  EXPECT_FALSE(one.has_pending_work());
  EXPECT_TRUE(two.has_pending_work());
  work = PendingWork();
  EXPECT_FALSE(two.has_pending_work());
}

#ifndef NDEBUG
TEST(PendingWorkDeathTest, MustFinishBeforeItsCompletionIsDestroyed) {
  EXPECT_DEATH(
      {
        auto completion = std::make_unique<TestCompletion>();
        PendingWork work(*completion);
        completion.reset();
      },
      "pending_ == 0");
}
#endif

}  // namespace
}  // namespace aws

#include "server/rush.h"

#include <gtest/gtest.h>

namespace aws {
namespace {

constexpr std::int64_t kSomeTime = 5'000'000'000;

class RushTest : public testing::Test {
 protected:
  void let_in(int arrivals) {
    for (int i = 0; i < arrivals; ++i)
      rush_.note_arrival(now_us_);
  }

  void pass(std::int64_t us) {
    now_us_ += us;
    rush_.judge(now_us_);
  }

  Rush rush_;
  std::int64_t now_us_ = kSomeTime;
};

TEST_F(RushTest, BeginsWithEnoughArrivalsInAWindow) {
  let_in(Rush::kFrom - 1);
  EXPECT_FALSE(rush_.is_on());
  let_in(1);
  EXPECT_TRUE(rush_.is_on());
}

TEST_F(RushTest, DoesNotAddUpWindows) {
  for (int i = 0; i < 20; ++i) {
    let_in(Rush::kFrom - 1);
    pass(Rush::kWindowUs);
  }
  EXPECT_FALSE(rush_.is_on());
}

TEST_F(RushTest, BeginsAnewWithTheFirstArrivalOfTheNextWindowUnasked) {
  let_in(Rush::kFrom - 1);
  now_us_ += Rush::kWindowUs;
  let_in(1);
  EXPECT_FALSE(rush_.is_on());
  let_in(Rush::kFrom - 1);
  EXPECT_TRUE(rush_.is_on());
}

TEST_F(RushTest, LastsAsLongAsEnoughCome) {
  let_in(Rush::kFrom);
  for (int i = 0; i < 20; ++i) {
    pass(Rush::kWindowUs);
    EXPECT_TRUE(rush_.is_on()) << i;
    let_in(Rush::kFrom);
  }
}

TEST_F(RushTest, EndsWithAWindowOfFewer) {
  let_in(Rush::kFrom);
  pass(Rush::kWindowUs);
  let_in(Rush::kFrom - 1);
  pass(Rush::kWindowUs - 1);
  EXPECT_TRUE(rush_.is_on()) << "the window is not over";
  pass(1);
  EXPECT_FALSE(rush_.is_on());
}

TEST_F(RushTest, TellsWhenItIsToBeJudged) {
  let_in(Rush::kFrom);
  EXPECT_EQ(rush_.next_judgement_us(), kSomeTime + Rush::kWindowUs);
}

}  // namespace
}  // namespace aws

#include "loop/defer_accept_policy.h"

#include <gtest/gtest.h>

namespace aws {
namespace {

constexpr std::int64_t kSomeTime = 5'000'000'000;

class DeferAcceptPolicyTest : public testing::Test {
 protected:
  void arrive(int arrivals) {
    for (int i = 0; i < arrivals; ++i)
      policy_.note_arrival(now_us_);
  }

  void pass(std::int64_t us) {
    now_us_ += us;
    policy_.update(now_us_);
  }

  DeferAcceptPolicy policy_;
  std::int64_t now_us_ = kSomeTime;
};

TEST_F(DeferAcceptPolicyTest, SwitchesOnWithEnoughArrivalsInAWindow) {
  arrive(DeferAcceptPolicy::kThreshold - 1);
  EXPECT_FALSE(policy_.is_on());
  arrive(1);
  EXPECT_TRUE(policy_.is_on());
}

TEST_F(DeferAcceptPolicyTest, DoesNotAddUpWindows) {
  for (int i = 0; i < 20; ++i) {
    arrive(DeferAcceptPolicy::kThreshold - 1);
    pass(DeferAcceptPolicy::kWindowUs);
  }
  EXPECT_FALSE(policy_.is_on());
}

TEST_F(DeferAcceptPolicyTest, StartsANewWindowWithAnArrivalAsWithAnUpdate) {
  arrive(DeferAcceptPolicy::kThreshold - 1);
  now_us_ += DeferAcceptPolicy::kWindowUs;
  arrive(1);
  EXPECT_FALSE(policy_.is_on());
  arrive(DeferAcceptPolicy::kThreshold - 1);
  EXPECT_TRUE(policy_.is_on());
}

TEST_F(DeferAcceptPolicyTest, StaysOnAsLongAsEnoughArrive) {
  arrive(DeferAcceptPolicy::kThreshold);
  for (int i = 0; i < 20; ++i) {
    pass(DeferAcceptPolicy::kWindowUs);
    EXPECT_TRUE(policy_.is_on()) << i;
    arrive(DeferAcceptPolicy::kThreshold);
  }
}

TEST_F(DeferAcceptPolicyTest, SwitchesOffAfterAWindowOfFewer) {
  arrive(DeferAcceptPolicy::kThreshold);
  pass(DeferAcceptPolicy::kWindowUs);
  arrive(DeferAcceptPolicy::kThreshold - 1);
  pass(DeferAcceptPolicy::kWindowUs - 1);
  EXPECT_TRUE(policy_.is_on()) << "the window is not over";
  pass(1);
  EXPECT_FALSE(policy_.is_on());
}

TEST_F(DeferAcceptPolicyTest, TellsWhenItIsToBeUpdated) {
  arrive(DeferAcceptPolicy::kThreshold);
  EXPECT_EQ(policy_.next_update_us(), kSomeTime + DeferAcceptPolicy::kWindowUs);
}

}  // namespace
}  // namespace aws

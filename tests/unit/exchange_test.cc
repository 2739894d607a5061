#include "server/exchange.h"

#include <gtest/gtest.h>

#include <string>

namespace aws {
namespace {

TEST(ExchangePool, GivesWhatWasGivenBackWithoutWhatItHeld) {
  ExchangePool pool;
  ExchangePool::Lease lease = pool.take();
  const Exchange* const first = lease.get();
  lease->head.assign(1000, 'h');
  lease->target = "/x";
  lease->response.head.status = 404;
  lease->received.append(std::string("GET "));
  lease.reset();
  lease = pool.take();
  ASSERT_EQ(lease.get(), first);
  EXPECT_GE(lease->head.capacity(), 1000U) << "its memory serves again";
  EXPECT_EQ(lease->head, "");
  EXPECT_EQ(lease->target, "");
  EXPECT_EQ(lease->response.head.status, 200);
  EXPECT_TRUE(lease->received.empty());
}

TEST(ExchangePool, KeepsNoLongTexts) {
  for (std::string Exchange::*const text : {&Exchange::head, &Exchange::target}) {
    ExchangePool pool;
    ExchangePool::Lease lease = pool.take();
    ((*lease).*text).assign(100'000, 'x');
    lease.reset();
    lease = pool.take();
    EXPECT_LT(((*lease).*text).capacity(), 100'000U);
  }
}

}  // namespace
}  // namespace aws

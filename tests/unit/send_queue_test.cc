#include "api/send_queue.h"

#include <gtest/gtest.h>

namespace aws {
namespace {

TEST(SendQueue, GivesBytesInOrderHoweverTheyAreTaken) {
  SendQueue queue;
  std::string sent;
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string bytes = std::to_string(i);
    queue.append(bytes);
    expected += bytes;
    const std::size_t size = std::min<std::size_t>(queue.size(), static_cast<std::size_t>(i % 5));
    sent += queue.bytes().substr(0, size);
    queue.take(size);
    EXPECT_EQ(queue.size(), expected.size() - sent.size());
  }
  sent += queue.bytes();
  queue.take(queue.size());
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(sent, expected);
}

TEST(SendQueue, IsEmptyAfterClear) {
  SendQueue queue;
  queue.append(std::string(100'000, 'x'));
  queue.take(1);
  queue.clear();
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.bytes(), "");
  queue.append("y");
  EXPECT_EQ(queue.bytes(), "y");
}

}  // namespace
}  // namespace aws

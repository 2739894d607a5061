#include "server/receive_buffer.h"

#include <gtest/gtest.h>

#include <string>

#include "temp_folder.h"

namespace aws {
namespace {

TEST(ReceiveBuffer, HoldsWhatCameInOrder) {
  ReceiveBuffer buffer;
  EXPECT_TRUE(buffer.empty());
  buffer.append(std::string("abc"));
  buffer.append(std::string("def"));
  EXPECT_EQ(buffer.bytes(), "abcdef");
  buffer.drop_front(2);
  EXPECT_EQ(buffer.bytes(), "cdef");
  buffer.truncate(3);
  EXPECT_EQ(buffer.bytes(), "cde");
  buffer.append(std::string("f"));
  EXPECT_EQ(buffer.bytes(), "cdef");
}

TEST(ReceiveBuffer, CostsNothingWhileEmpty) {
  ReceiveBuffer buffer;
  EXPECT_EQ(buffer.capacity(), 0U);
  const std::string bytes(1000, 'x');
  buffer.append(bytes);
  buffer.drop_front(1000);
  EXPECT_EQ(buffer.capacity(), 0U);
  buffer.append(bytes);
  buffer.truncate(0);
  EXPECT_EQ(buffer.capacity(), 0U);
}

TEST(ReceiveBuffer, IsNeverMoreThanTwiceWhatCame) {
  for (const std::size_t piece : {1U, 7U, 100U, 4096U, 16384U}) {
    ReceiveBuffer buffer;
    const std::string bytes(piece, 'x');
    for (std::size_t size = piece; size < 70'000; size += piece) {
      buffer.append(bytes);
      ASSERT_EQ(buffer.bytes().size(), size);
      ASSERT_LE(buffer.capacity(), 2 * size);
    }
  }
}

}  // namespace
}  // namespace aws

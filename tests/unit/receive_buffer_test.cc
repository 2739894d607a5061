#include "server/receive_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
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

TEST(ReceiveBuffer, KeepsLittleWhileEmpty) {
  ReceiveBuffer buffer;
  EXPECT_EQ(buffer.capacity(), 0U);
  for (const std::size_t size : {1U, 1000U, 1025U, 30'000U}) {
    const std::string bytes(size, 'x');
    buffer.append(bytes);
    buffer.drop_front(size);
    EXPECT_LE(buffer.capacity(), ReceiveBuffer::kSmall);
    buffer.append(bytes);
    buffer.clear();
    EXPECT_LE(buffer.capacity(), ReceiveBuffer::kSmall);
  }
}

TEST(ReceiveBuffer, HoldsARequestAfterTheOtherInTheSameMemory) {
  ReceiveBuffer buffer;
  buffer.append(std::string(100, 'x'));
  const char* const memory = buffer.bytes().data();
  for (const std::size_t size : {1U, 500U, 1024U, 7U}) {
    buffer.drop_front(buffer.bytes().size());
    buffer.append(std::string(size, 'x'));
    EXPECT_EQ(buffer.bytes().data(), memory);
  }
}

TEST(ReceiveBuffer, IsNeverMuchMoreThanTwiceWhatCame) {
  for (const std::size_t piece : {1U, 7U, 100U, 4096U, 16384U}) {
    ReceiveBuffer buffer;
    const std::string bytes(piece, 'x');
    for (std::size_t size = piece; size < 70'000; size += piece) {
      buffer.append(bytes);
      ASSERT_EQ(buffer.bytes().size(), size);
      ASSERT_LE(buffer.capacity(), std::max(2 * size, ReceiveBuffer::kSmall));
    }
  }
}

}  // namespace
}  // namespace aws

#include "os/intrusive_list.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace aws {
namespace {

struct Item : public Link {
  explicit Item(int n) : number(n) {}
  int number;
};

// Takes all elements out, from the front.
std::vector<int> emptied(IntrusiveList<Item>& list) {
  std::vector<int> numbers;
  while (Item* const item = list.front()) {
    numbers.push_back(item->number);
    item->unlink();
  }
  return numbers;
}

TEST(IntrusiveList, KeepsTheOrderOfArrival) {
  IntrusiveList<Item> list;
  Item one(1);
  Item two(2);
  Item three(3);
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.front(), nullptr);
  for (Item* const item : {&one, &two, &three})
    list.push_back(*item);
  EXPECT_FALSE(list.empty());
  EXPECT_EQ(list.front(), &one);
  EXPECT_EQ(emptied(list), (std::vector{1, 2, 3}));
  EXPECT_TRUE(list.empty());
}

TEST(IntrusiveList, LetsAnElementLeaveFromAnywhere) {
  IntrusiveList<Item> list;
  Item one(1);
  Item two(2);
  Item three(3);
  for (Item* const item : {&one, &two, &three})
    list.push_back(*item);
  two.unlink();
  EXPECT_FALSE(two.linked());
  two.unlink();
  list.push_back(two);
  EXPECT_EQ(emptied(list), (std::vector{1, 3, 2}));
}

TEST(IntrusiveList, MovesAnElementThatIsPushedAgain) {
  IntrusiveList<Item> list;
  IntrusiveList<Item> other;
  Item one(1);
  Item two(2);
  list.push_back(one);
  list.push_back(two);
  list.push_back(one);
  EXPECT_EQ(list.front(), &two);
  other.push_back(two);
  EXPECT_EQ(emptied(list), (std::vector{1}));
  EXPECT_EQ(emptied(other), (std::vector{2}));
}

TEST(IntrusiveList, LosesAnElementThatDies) {
  IntrusiveList<Item> list;
  Item one(1);
  auto two = std::make_unique<Item>(2);
  Item three(3);
  for (Item* const item : {&one, two.get(), &three})
    list.push_back(*item);
  two.reset();
  EXPECT_EQ(emptied(list), (std::vector{1, 3}));
}

}  // namespace
}  // namespace aws

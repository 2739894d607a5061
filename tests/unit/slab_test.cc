#include "os/slab.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace aws {
namespace {

// Its size is no power of two, and it tells of its life.
struct Thing {
  Thing(int first, std::string second) : number(first), name(std::move(second)) { ++alive; }
  ~Thing() { --alive; }
  Thing(const Thing&) = delete;
  Thing& operator=(const Thing&) = delete;

  static inline int alive = 0;
  int number;
  std::string name;
  char more[100] = {};
};

using Things = std::vector<Slab<Thing>::Owner>;

void fill(Slab<Thing>& slab, Things& things, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    things.push_back(slab.make(static_cast<int>(i), "thing " + std::to_string(i)));
}

TEST(Slab, MakesObjectsAndEndsThem) {
  Slab<Thing> slab;
  {
    const Slab<Thing>::Owner thing = slab.make(7, "seven");
    EXPECT_EQ(thing->number, 7);
    EXPECT_EQ(thing->name, "seven");
    EXPECT_EQ(Thing::alive, 1);
  }
  EXPECT_EQ(Thing::alive, 0);
}

TEST(Slab, GivesEachItsOwnPlace) {
  Slab<Thing> slab;
  Things things;
  const std::size_t count = 3 * Slab<Thing>::per_chunk();
  fill(slab, things, count);
  EXPECT_EQ(slab.chunks(), 3U) << "no place is left out";
  std::set<std::uintptr_t> begins;
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_EQ(things[i]->number, static_cast<int>(i));
    EXPECT_EQ(things[i]->name, "thing " + std::to_string(i));
    const auto begin = reinterpret_cast<std::uintptr_t>(things[i].get());
    EXPECT_EQ(begin % alignof(Thing), 0U);
    begins.insert(begin);
  }
  ASSERT_EQ(begins.size(), count);
  for (auto next = std::next(begins.begin()); next != begins.end(); ++next)
    EXPECT_GE(*next - *std::prev(next), sizeof(Thing));
}

TEST(Slab, CostsNothingBesideItsObjects) {
  struct Large {
    char bytes[136];
  };
  EXPECT_GT(Slab<Large>::per_chunk() * sizeof(Large), 16'000U) << "of 16 KiB";
  EXPECT_EQ(sizeof(Slab<Large>::Owner), sizeof(Large*));
}

TEST(Slab, UsesAPlaceAgain) {
  Slab<Thing> slab;
  Things things;
  fill(slab, things, Slab<Thing>::per_chunk());
  for (int i = 0; i < 1000; ++i) {
    things.erase(things.begin() + 3);
    things.push_back(slab.make(i, "another"));
  }
  EXPECT_EQ(slab.chunks(), 1U);
}

TEST(Slab, GivesBackWhatACrowdNeeded) {
  Slab<Thing> slab;
  Things things;
  fill(slab, things, 10 * Slab<Thing>::per_chunk());
  EXPECT_EQ(slab.chunks(), 10U);
  things.resize(1);
  EXPECT_EQ(slab.chunks(), 1U);
  things.clear();
  EXPECT_EQ(slab.chunks(), 1U) << "the last one is kept for the next to come";
  fill(slab, things, 1);
  EXPECT_EQ(slab.chunks(), 1U);
}

TEST(Slab, KeepsAChunkThatHoldsOneObject) {
  Slab<Thing> slab;
  Things things;
  const std::size_t in_one = Slab<Thing>::per_chunk();
  fill(slab, things, 3 * in_one);
  Things kept;
  for (std::size_t i = in_one / 2; i < 3 * in_one; i += in_one)
    kept.push_back(std::move(things[i]));
  things.clear();
  EXPECT_EQ(slab.chunks(), 3U);
  for (const auto& thing : kept)
    EXPECT_EQ(thing->name, "thing " + std::to_string(thing->number));
}

TEST(Slab, LetsNobodyLookAtWhatHasEnded) {
#ifdef __SANITIZE_ADDRESS__
  Slab<Thing> slab;
  Things things;
  fill(slab, things, 2);
  const int* const ended = &things[1]->number;
  things.pop_back();
  EXPECT_TRUE(__asan_address_is_poisoned(ended));
  EXPECT_FALSE(__asan_address_is_poisoned(&things[0]->number));
#else
  GTEST_SKIP() << "there is no AddressSanitizer here";
#endif
}

}  // namespace
}  // namespace aws

#include "os/slab_allocated.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace aws {
namespace {

class Base {
 public:
  Base() = default;
  Base(const Base&) = delete;
  Base& operator=(const Base&) = delete;
  virtual ~Base() = default;
};

class Object final : public Base, public SlabAllocated<Object> {
 public:
  explicit Object(int& destroyed) : destroyed_(destroyed) {}
  ~Object() override { ++destroyed_; }

 private:
  int& destroyed_;
  std::array<std::byte, 200> bytes_{};
};

// Like connections, which a loop owns as sessions.
TEST(SlabAllocated, ObjectsLieSideBySideAndAreDestroyedByTheirBase) {
  int destroyed = 0;
  std::vector<std::unique_ptr<Base>> objects;
  for (int i = 0; i < 3; ++i)
    objects.push_back(std::make_unique<Object>(destroyed));
  std::vector<std::uintptr_t> addresses;
  for (const auto& object : objects)
    addresses.push_back(reinterpret_cast<std::uintptr_t>(dynamic_cast<Object*>(object.get())));
  std::sort(addresses.begin(), addresses.end());
  EXPECT_EQ(addresses[1] - addresses[0], sizeof(Object));
  EXPECT_EQ(addresses[2] - addresses[1], sizeof(Object));
  objects.clear();
  EXPECT_EQ(destroyed, 3);
}

TEST(SlabAllocated, AnObjectTakesThePlaceOfOneThatWasDestroyed) {
  int destroyed = 0;
  const auto kept = std::make_unique<Object>(destroyed);
  auto first = std::make_unique<Object>(destroyed);
  const Object* const place = first.get();
  first.reset();
  first = std::make_unique<Object>(destroyed);
  EXPECT_EQ(first.get(), place);
}

// Loops share no memory, and so need no lock.
TEST(SlabAllocated, EachThreadHasASlabOfItsOwn) {
  int destroyed = 0;
  const auto chunk_of = [](const Object& object) {
    return reinterpret_cast<std::uintptr_t>(&object) / (16 * 1024);
  };
  const auto here = std::make_unique<Object>(destroyed);
  std::uintptr_t elsewhere = chunk_of(*here);
  int destroyed_elsewhere = 0;
  std::thread([&] {
    const auto there = std::make_unique<Object>(destroyed_elsewhere);
    elsewhere = chunk_of(*there);
  }).join();
  EXPECT_NE(elsewhere, chunk_of(*here));
  EXPECT_EQ(destroyed_elsewhere, 1);
}

}  // namespace
}  // namespace aws

#include "serve/listing_slots.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "disk.h"
#include "serve/resources.h"
#include "temp_folder.h"
#include "test_site.h"

namespace aws {
namespace {

TEST(ListingSlots, AreAsManyAsWereSaid) {
  ListingSlots slots(2);
  ListingSlots::Slot first = slots.take();
  ListingSlots::Slot second = slots.take();
  EXPECT_NE(first, nullptr);
  EXPECT_NE(second, nullptr);
  EXPECT_EQ(slots.take(), nullptr);
  ListingSlots::Slot moved = std::move(first);
  EXPECT_EQ(slots.take(), nullptr) << "it is held by another name";
  moved.reset();
  EXPECT_NE(slots.take(), nullptr);
  EXPECT_NE(slots.take(), nullptr) << "that one was given back at once";
}

TEST(ListingSlots, AreNeverMoreWhateverManyThreadsDo) {
  ListingSlots slots(3);
  std::atomic<int> held = 0;
  std::atomic<int> most = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < 20'000; ++turn) {
        const ListingSlots::Slot slot = slots.take();
        if (slot == nullptr) continue;
        int now = ++held;
        for (int seen = most.load(); now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        --held;
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_LE(most, 3);
  const std::vector<ListingSlots::Slot> all = [&] {
    std::vector<ListingSlots::Slot> taken;
    for (int i = 0; i < 3; ++i)
      taken.push_back(slots.take());
    return taken;
  }();
  EXPECT_NE(all.back(), nullptr) << "all were given back";
  EXPECT_EQ(slots.take(), nullptr) << "and none more";
}

// A slot is held by the answer, and by nothing else: not by a HEAD, which has no listing to send.
TEST(ListingSlots, AreHeldByAnswersUnderWay) {
  const TempFolder folder;
  folder.make_folder("static/x");
  Site site = site_at(folder.path().string());
  site.listing = true;
  site.max_listings = 1;
  const Resources resources(site);
  TestCompletion completion;
  Disk disk;
  const auto ask = [&](Method method) {
    Request request;
    request.method = method;
    request.target = "/static/x/";
    return resources.answer(request, disk.tools(disk.sys.now()), completion);
  };
  EXPECT_EQ(ask(Method::Get).head.status, 200);
  const Response head = ask(Method::Head);
  EXPECT_EQ(head.head.status, 200);
  Response listing = ask(Method::Get);
  EXPECT_EQ(listing.head.status, 200);
  const Response refusal = ask(Method::Get);
  EXPECT_EQ(refusal.head.status, 503);
  EXPECT_NE(refusal.head.more_fields.find("Retry-After: 1\r\n"), std::string::npos);
  EXPECT_EQ(refusal.decision, "max-listings");
  listing = Response();
  EXPECT_EQ(ask(Method::Get).head.status, 200);
}

}  // namespace
}  // namespace aws

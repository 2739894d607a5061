// ListingSlots: how many listings may be under way at once, all loops together. Each holds its
// folder's entries until its client has them, which are megabytes for a huge folder and a slow
// client.
//
// Any thread may take a slot, and any may give it back.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace aws {

class ListingSlots {
 public:
  explicit ListingSlots(std::size_t count) : free_(count) {}

  struct GiveBack {
    void operator()(ListingSlots* slots) const { ++slots->free_; }
  };
  // One slot, held until it is destroyed; the slots must outlive it. nullptr: there was none.
  using Slot = std::unique_ptr<ListingSlots, GiveBack>;

  [[nodiscard]] Slot take() {
    std::size_t free = free_.load();
    while (free > 0) {
      if (free_.compare_exchange_weak(free, free - 1)) return Slot(this);
    }
    return nullptr;
  }

 private:
  std::atomic<std::size_t> free_;
};

}  // namespace aws

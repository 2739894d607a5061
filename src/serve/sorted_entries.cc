#include "serve/sorted_entries.h"

#include <algorithm>
#include <utility>

namespace aws {

void SortedEntries::add(FolderSlice slice) {
  if (slice.entries.empty()) return;
  slice.entries.shrink_to_fit();  // thousands of slices may wait together
  std::sort(slice.entries.begin(), slice.entries.end(),
            [this](const ListingEntry& left, const ListingEntry& right) {
              return comes_before(right, left, sort_);
            });
  slices_.push_back(std::move(slice));
  std::push_heap(slices_.begin(), slices_.end(),
                 [this](const auto& left, const auto& right) { return stands_below(left, right); });
}

void SortedEntries::pop() {
  const auto below = [this](const auto& left, const auto& right) {
    return stands_below(left, right);
  };
  std::pop_heap(slices_.begin(), slices_.end(), below);
  slices_.back().entries.pop_back();
  if (slices_.back().entries.empty()) {
    slices_.pop_back();
  } else {
    std::push_heap(slices_.begin(), slices_.end(), below);
  }
}

}  // namespace aws

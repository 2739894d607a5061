// SortedEntries: many entries in order, without ever sorting all of them at once.
//
// They come in slices, as they were read. A slice is sorted when it is added, and the slices are
// merged as they are taken out, by a heap of slices: so each call costs little, however many there
// are, and a slice's memory is given back when its last entry was taken. One thread.
#pragma once

#include <vector>

#include "serve/listing_entry.h"

namespace aws {

// Some of a folder's entries, and the bytes that their names are views into. To be moved only: a
// copy's names would still be views into the original.
struct FolderSlice {
  FolderSlice() = default;
  FolderSlice(FolderSlice&&) = default;
  FolderSlice& operator=(FolderSlice&&) = default;

  std::vector<char> records;
  std::vector<ListingEntry> entries;
};

class SortedEntries {
 public:
  explicit SortedEntries(ListingSort sort) : sort_(sort) {}

  // A slice may be empty.
  void add(FolderSlice slice);

  [[nodiscard]] bool empty() const { return slices_.empty(); }

  // If not empty: the first in order of those that are left; valid until the next call of pop() or
  // add().
  [[nodiscard]] const ListingEntry& front() const { return slices_.front().entries.back(); }

  // Drops front().
  void pop();

 private:
  [[nodiscard]] bool stands_below(const FolderSlice& left, const FolderSlice& right) const {
    return comes_before(right.entries.back(), left.entries.back(), sort_);
  }

  ListingSort sort_;
  // A heap: the slice that has the first entry is on top. None is empty. In each, the first entry
  // in order stands last, where it can be dropped.
  std::vector<FolderSlice> slices_;
};

}  // namespace aws

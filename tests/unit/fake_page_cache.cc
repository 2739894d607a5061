#include "fake_page_cache.h"

#include <sys/stat.h>

#include <algorithm>

#include "os/saturating.h"

namespace aws {
namespace {

constexpr off_t kPageSize = 4096;

struct stat status_of(int file) {
  struct stat status {};
  ::fstat(file, &status);
  return status;
}

}  // namespace

std::size_t FakePageCache::resident(int file, off_t offset, std::size_t length) const {
  if (!cold) return length;
  const struct stat status = status_of(file);
  const auto found = pages_.find({status.st_dev, status.st_ino});
  const off_t end = saturating_add(offset, static_cast<off_t>(length));
  off_t reached = offset;
  while (reached < std::min(end, status.st_size)) {
    if (found == pages_.end() || !found->second.contains(reached / kPageSize)) {
      return static_cast<std::size_t>(reached - offset);
    }
    reached = saturating_add(reached / kPageSize * kPageSize, kPageSize);
  }
  return length;
}

void FakePageCache::ask(int file, off_t offset, std::size_t length) {
  const struct stat status = status_of(file);
  wishes_.push_back({{status.st_dev, status.st_ino}, offset, length, asked_++});
}

void FakePageCache::arrive(int file, std::size_t time) {
  const struct stat status = status_of(file);
  const Inode inode{status.st_dev, status.st_ino};
  std::erase_if(wishes_, [&](const Wish& wish) {
    if (wish.inode != inode || wish.time >= time) return false;
    if (!loses_readahead) add(inode, wish.offset, wish.length);
    return true;
  });
}

void FakePageCache::take_in(int file, off_t offset, std::size_t length) {
  const struct stat status = status_of(file);
  add({status.st_dev, status.st_ino}, offset, length);
}

void FakePageCache::add(const Inode& inode, off_t offset, std::size_t length) {
  if (length == 0) return;
  const off_t last = saturating_add(offset, static_cast<off_t>(length)) - 1;
  for (off_t page = offset / kPageSize; page <= last / kPageSize; ++page)
    pages_[inode].insert(page);
}

}  // namespace aws

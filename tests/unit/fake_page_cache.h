// FakePageCache: which pages of which files are in memory, as FaultySys plays it.
//
// Readahead only asks: what it asked for is there when a read that was sent to the disk after it is
// finished, as a sentinel's is. Files are told apart by inode, so that every descriptor of one sees
// the same pages.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace aws {

class FakePageCache {
 public:
  bool cold = false;             // only what was read is in memory; otherwise everything is
  bool loses_readahead = false;  // what readahead brings is thrown out before anybody sees it

  // How many of the `length` bytes of `file` from `offset` are in memory, without a gap. What lies
  // beyond its end is.
  [[nodiscard]] std::size_t resident(int file, off_t offset, std::size_t length) const;

  // Asks for these bytes to be read.
  void ask(int file, off_t offset, std::size_t length);
  // How often was asked so far; arrive() brings what was asked for before `time` came to that.
  [[nodiscard]] std::size_t time() const { return asked_; }
  void arrive(int file, std::size_t time);

  // These bytes have been read.
  void take_in(int file, off_t offset, std::size_t length);

  // Throws everything out.
  void evict() { pages_.clear(); }

 private:
  using Inode = std::pair<dev_t, ino_t>;
  struct Wish {
    Inode inode;
    off_t offset;
    std::size_t length;
    std::size_t time;
  };

  void add(const Inode& inode, off_t offset, std::size_t length);

  std::map<Inode, std::set<off_t>> pages_;  // by number
  std::vector<Wish> wishes_;
  std::size_t asked_ = 0;
};

}  // namespace aws

// BeneathWalk: what openat2(2) does with RESOLVE_BENEATH, for where there is no openat2.
//
// It walks one component at a time and holds every folder on its way open, so that no rename or
// symbolic link placed meanwhile can lead it out: ".." is the folder it came from.
#pragma once

#include <string>
#include <vector>

#include "os/sys.h"
#include "os/unique_fd.h"

namespace aws {

class BeneathWalk {
 public:
  // `root` is an open folder, which must outlive the walk.
  BeneathWalk(Sys& sys, int root) : sys_(sys), root_(root) {}

  // Opens `path` with open(2)'s `flags`. Returns a descriptor that the caller owns, or -errno:
  // -EXDEV if the path or a link in it leaves the root, -ELOOP after too many links.
  [[nodiscard]] int open(const std::string& path, int flags);

 private:
  static constexpr std::size_t kDepthLimit = 64;  // folders held open at a time
  static constexpr int kLinkLimit = 40;           // as the kernel's MAXSYMLINKS

  [[nodiscard]] int folder() const { return folders_.empty() ? root_ : folders_.back().get(); }
  void push_components(std::string_view path);
  int enter(const std::string& name);
  int follow(const std::string& name);

  Sys& sys_;
  int root_;
  int links_ = 0;
  std::vector<UniqueFd> folders_;      // from the root down to where the walk stands
  std::vector<std::string> to_visit_;  // components still ahead, the next one last
};

}  // namespace aws

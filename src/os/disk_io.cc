#include "os/disk_io.h"

#include <algorithm>
#include <cerrno>

#include "os/refused_calls.h"

namespace aws {
namespace {

constexpr off_t kPageSize = 4096;
// Readahead brings pages in, and reclaim takes them away, in larger pieces than one.
constexpr off_t kProbeStep = 64 * 1024;
constexpr off_t kMostReadahead = 256 * 1024;  // a call; the kernel may drop what is beyond
constexpr std::size_t kMostMedia = 64;        // device numbers come and go with mounts

}  // namespace

DiskIo::Answer DiskIo::probe(int file, off_t begin, off_t end) {
  const off_t last = end - 1;
  off_t offset = begin;
  for (;;) {
    const ssize_t result = sys_.probe(file, offset);
    if (result == -EOPNOTSUPP || is_refusal(result)) return Answer::Unknown;
    if (result < 0) return Answer::Missing;
    if (result == 0 || offset / kPageSize == last / kPageSize) return Answer::Resident;
    offset += std::min(kProbeStep, last - offset);
  }
}

void DiskIo::read_ahead(int file, off_t begin, off_t end) {
  const off_t last_step = (end - 1) / kProbeStep * kProbeStep;
  off_t at = begin / kProbeStep * kProbeStep;
  for (; last_step - at >= kMostReadahead; at += kMostReadahead)
    sys_.read_ahead(file, at, kMostReadahead);
  sys_.read_ahead(file, at, static_cast<std::size_t>(last_step - at + kProbeStep));
}

std::optional<Medium> DiskIo::medium_of(dev_t device) const {
  if (!aio_.has_ring()) return Medium::LacksNowait;
  const auto found = media_.find(device);
  return found == media_.end() ? std::nullopt : std::optional(found->second);
}

void DiskIo::learn(dev_t device, Medium medium) {
  if (media_.size() >= kMostMedia) media_.clear();
  media_[device] = medium;
}

}  // namespace aws

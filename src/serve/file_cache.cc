#include "serve/file_cache.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "serve/version_of.h"

namespace aws {
namespace {

bool same_time(const timespec& left, const timespec& right) {
  return left.tv_sec == right.tv_sec && left.tv_nsec == right.tv_nsec;
}

// Whether nothing happened to the file between the two. Whatever is done to an inode or to one of
// its names changes its ctime, which was settled before; the rest is for clocks that are set back.
bool is_the_same(const struct stat& before, const struct stat& now) {
  return same_time(before.st_ctim, now.st_ctim) && same_time(before.st_mtim, now.st_mtim) &&
         before.st_size == now.st_size && before.st_nlink == now.st_nlink &&
         before.st_mode == now.st_mode;
}

}  // namespace

void FileCache::adopt(OpenedRoot found) {
  if (!found.directory || found.looked_up_us <= root_.looked_up_us) return;
  if (!found.is(root_)) clear();
  root_ = std::move(found);
}

OpenedFile FileCache::find(Sys& sys, std::string_view path, std::int64_t now_us) {
  OpenedFile found;
  const auto entry = by_path_.find(path);
  if (entry == by_path_.end()) return found;
  CachedFile& file = *entry->second;
  if (now_us - file.opened_us >= kLifeUs || !is_unchanged(sys, file.file)) {
    drop(file);
    return found;
  }
  found.file = file.file.fd;
  found.status = file.file.status;
  found.cached = &file;
  return found;
}

void FileCache::keep(std::string_view path, OpenedFile& opened, const Moment& now) {
  if (capacity_ == 0 || !is_settled(version_of(opened.status), wall_time(now))) return;
  if (const auto entry = by_path_.find(path); entry != by_path_.end()) drop(*entry->second);
  if (by_path_.size() >= capacity_) drop(*by_age_.front());
  auto file = std::make_unique<CachedFile>();
  file->path = path;
  file->file = {opened.file, opened.status, doubts_};
  file->opened_us = now.monotonic_us;
  opened.cached = file.get();
  by_age_.push_back(*file);
  by_path_.emplace(file->path, std::move(file));
}

void FileCache::keep_folder(CachedFile& file, OpenedFile folder) {
  leave_folder(file);
  KnownFile& known = folders_[folder.status.st_ino % kFolders];
  const bool is_known = known.fd && known.status.st_ino == folder.status.st_ino &&
                        known.status.st_dev == folder.status.st_dev;
  if (!is_known) known = {std::move(folder.file), folder.status};
  file.folder = {known.fd, folder.status};
}

bool FileCache::folder_is_unchanged(Sys& sys, CachedFile& file) {
  if (!file.folder.fd) return false;
  if (!is_unchanged(sys, file.folder)) leave_folder(file);
  return static_cast<bool>(file.folder.fd);
}

// A folder is closed with the last of its files: who removes or unmounts it need not wait for all.
void FileCache::leave_folder(CachedFile& file) {
  KnownFile& shared = folders_[file.folder.status.st_ino % kFolders];
  file.folder = {};
  if (shared.fd.is_sole_owner()) shared = {};
}

// Whether the kernel still says of `file` what it said then.
bool FileCache::is_unchanged(Sys& sys, KnownFile& file) const {
  if (file.sure_since == doubts_) return true;
  struct stat now {};
  if (sys.fstat(file.fd.get(), now) < 0 || !is_the_same(file.status, now)) return false;
  file.sure_since = doubts_;
  return true;
}

void FileCache::expire(std::int64_t now_us) {
  while (!by_age_.empty() && by_age_.front()->opened_us + kLifeUs <= now_us)
    drop(*by_age_.front());
  if (root_.looked_up_us + kLifeUs <= now_us) root_.directory.reset();
}

void FileCache::clear() {
  while (!by_age_.empty())
    drop(*by_age_.front());
}

std::int64_t FileCache::next_expiry_us() const {
  constexpr auto kNever = std::numeric_limits<std::int64_t>::max();
  const std::int64_t of_root = root_.directory ? root_.looked_up_us + kLifeUs : kNever;
  const std::int64_t of_files = by_age_.empty() ? kNever : by_age_.front()->opened_us + kLifeUs;
  return std::min(of_root, of_files);
}

bool FileCache::has_room(const CachedFile::Image& place, std::size_t size) const {
  const std::size_t freed = place.made != nullptr ? place.made->size() : 0;
  return image_bytes_used_ - freed + size <= image_bytes_;
}

bool FileCache::keep_image(CachedFile::Image& place, std::unique_ptr<ResponseImage> image) {
  drop_image(place);
  if (image == nullptr || !has_room(place, image->size())) return false;
  image_bytes_used_ += image->size();
  place.made = std::move(image);
  return true;
}

void FileCache::drop_image(CachedFile::Image& place) {
  if (place.made != nullptr) image_bytes_used_ -= place.made->size();
  place.made.reset();
}

void FileCache::drop(CachedFile& file) {
  for (CachedFile::Image& place : file.images)
    drop_image(place);
  leave_folder(file);
  file.unlink();
  by_path_.erase(by_path_.find(file.path));  // by iterator: the key is the file's own
}

}  // namespace aws

// FileCache: recently opened files, so that the next request for one costs a single fstat(2); and
// the document root that contains them.
//
// What it promises: a change to the file itself (written, truncated, replaced by a rename,
// unlinked, its mode changed) is seen by the very next request, since all of these change what
// fstat(2) of the open file says: size, mtime, ctime, link count or mode. A change above it (a
// folder renamed, a symbolic link turned elsewhere) is seen within a second, since no entry lives
// longer. This includes the root: if it is found to be another directory, all files are dropped.
//
// A file that has just changed is not kept: until the clock that stamps it has ticked, it could be
// renamed, and another take its place, without any of these being different.
//
// Only regular files are kept. What is not there is looked for each time, but for what might lie
// beside a file: there, an fstat(2) of the folder tells that it is still missing. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "http/conditional.h"
#include "http/response_head.h"
#include "os/intrusive_list.h"
#include "os/sys.h"
#include "serve/opened_file.h"
#include "serve/opened_root.h"
#include "serve/response_image.h"

namespace aws {

// An open file or folder, and what the kernel said of it.
struct KnownFile {
  SharedFd fd;
  struct stat status {};
  std::uint64_t sure_since = 0;  // the doubt after which the kernel said it last
};

struct CachedFile : Link {
  std::string path;
  KnownFile file;
  std::int64_t opened_us = 0;

  // What could be sent in its stead (x.gz for x), a bit for each kind: what was looked for, and
  // what did not lie beside it, as long as the folder that it is in is unchanged.
  std::uint32_t looked_for = 0;
  std::uint32_t absent = 0;
  KnownFile folder;  // as it was before; holds nothing: that is not known, or not true any more

  // What answers about the file itself have alike, as long as it does not change; empty: not made
  // yet. Fields are all but Date and Connection, as bytes.
  std::string fields;            // of the whole file
  std::string unchanged_fields;  // of a 304
  std::string etag;
  Validators validators;  // its tag views `etag`

  // The whole answer, if it is asked for often: for each way to go on.
  struct Image {
    std::unique_ptr<ResponseImage> made;
    int asked = 0;  // since it was made, or the file was opened
  };
  std::array<Image, static_cast<std::size_t>(Persistence::kCount)> images;
};

class FileCache {
 public:
  static constexpr std::int64_t kLifeUs = 1'000'000;

  // Holds at most `capacity` files; 0: none. `image_bytes` bounds the memory of all images.
  explicit FileCache(std::size_t capacity, std::size_t image_bytes = 0)
      : capacity_(capacity), image_bytes_(image_bytes) {}
  ~FileCache() { clear(); }
  FileCache(const FileCache&) = delete;
  FileCache& operator=(const FileCache&) = delete;

  // To be called whenever anything was received: what the kernel said of files before need not be
  // true any more for whose request has come just now. Requests that came together share an answer.
  void doubt() { ++doubts_; }

  // The loop's root; DocumentRoot::look_up() fills it in.
  [[nodiscard]] OpenedRoot& root() { return root_; }
  // Returns true if `root` was looked up recently enough to be used at `now`.
  [[nodiscard]] bool is_fresh(const OpenedRoot& root, const Moment& now) const {
    return now.monotonic_us - root.looked_up_us < (capacity_ > 0 ? kLifeUs : 1);
  }
  // Replaces the root by `found`, which a thread of the pool looked up, if `found` is newer.
  void adopt(OpenedRoot found);

  // The file at `path` beneath the root, if it is here and unchanged; else one that holds nothing.
  [[nodiscard]] OpenedFile find(Sys& sys, std::string_view path, std::int64_t now_us);

  // Keeps `opened`, a regular file that was found at `path` just now, and sets opened.cached;
  // unless it is so fresh that its next change might not show.
  void keep(std::string_view path, OpenedFile& opened, const Moment& now);

  // Sets file.folder to `folder`, the one it is in. Files of the same folder share its descriptor,
  // as long as not too many folders are about; it is closed with the last of them.
  void keep_folder(CachedFile& file, OpenedFile folder);

  // Whether file.absent holds. Costs an fstat(2) of the folder.
  [[nodiscard]] bool folder_is_unchanged(Sys& sys, CachedFile& file);

  // Whether an image of `size` bytes may be kept in `place`: images have a bound altogether.
  [[nodiscard]] bool has_room(const CachedFile::Image& place, std::size_t size) const;

  // Keeps an image, in the place of an older one, in `place`, one of a file's; unless it is
  // nullptr, or there is no room for it: then false.
  bool keep_image(CachedFile::Image& place, std::unique_ptr<ResponseImage> image);

  // Drops expired files, and closes the root if it has expired.
  void expire(std::int64_t now_us);
  // Drops all files. Called when descriptors have run out, or the root is another directory.
  void clear();

  // Returns when the next entry, or the root, expires. Must not be called if empty().
  [[nodiscard]] std::int64_t next_expiry_us() const;
  [[nodiscard]] bool empty() const { return by_age_.empty() && !root_.directory; }

 private:
  static constexpr std::size_t kFolders = 64;  // whose descriptors are shared

  [[nodiscard]] bool is_unchanged(Sys& sys, KnownFile& file) const;
  void leave_folder(CachedFile& file);
  void drop(CachedFile& file);
  void drop_image(CachedFile::Image& place);

  const std::size_t capacity_;
  const std::size_t image_bytes_;
  std::size_t image_bytes_used_ = 0;
  std::uint64_t doubts_ = 1;
  OpenedRoot root_;
  std::unordered_map<std::string_view, std::unique_ptr<CachedFile>> by_path_;
  IntrusiveList<CachedFile> by_age_;         // the oldest first
  std::array<KnownFile, kFolders> folders_;  // by inode; the last one that came keeps the place
};

}  // namespace aws

#include "serve/folder_reader.h"

#include <dirent.h>
#include <fcntl.h>

#include <cassert>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace aws {
namespace {

// Whether `error`, from looking at one entry, is about this server and not about the entry: to
// leave the entry out would then be to lie.
bool is_ours(int error) {
  switch (error) {
    case -EMFILE:
    case -ENFILE:
    case -ENOMEM:
    case -EIO:
      return true;
    default:
      return false;
  }
}

// Of what surely is neither file, folder nor link, nothing more need be asked.
bool may_be_listed(unsigned char type) {
  return type == DT_REG || type == DT_DIR || type == DT_LNK || type == DT_UNKNOWN;
}

}  // namespace

FolderReader::FolderReader(const DocumentRoot& root, SharedFd folder, std::string path,
                           bool show_dotfiles)
    : root_(root),
      folder_(std::move(folder)),
      path_(std::move(path)),
      show_dotfiles_(show_dotfiles) {}

int FolderReader::read(Sys& sys, FolderSlice& slice) {
  const ssize_t size = sys.read_folder(folder_.get(), buffer_);
  if (size < 0) return static_cast<int>(size);
  is_cut_short_ = size > 0 && slices_read_ == kSliceLimit;
  if (size == 0 || is_cut_short_) {
    folder_.reset();  // sending may take long, and descriptors are few
    opened_root_ = {};
    return 0;
  }
  ++slices_read_;
  slice.entries.clear();
  slice.records.assign(buffer_.begin(), buffer_.begin() + size);
  for (std::size_t offset = 0; offset < slice.records.size();) {
    const char* const record = slice.records.data() + offset;
    std::uint16_t record_size = 0;
    std::memcpy(&record_size, record + offsetof(dirent64, d_reclen), sizeof(record_size));
    assert(record_size > offsetof(dirent64, d_name));
    const auto type = static_cast<unsigned char>(record[offsetof(dirent64, d_type)]);
    const int result = add_entry(sys, record + offsetof(dirent64, d_name), type, slice.entries);
    if (result < 0) return result;
    offset += record_size;
  }
  return 1;
}

// Adds the entry to `entries` if it may be listed: 0 or -errno.
int FolderReader::add_entry(Sys& sys, const char* name, unsigned char type,
                            std::vector<ListingEntry>& entries) {
  if (!may_be_listed(type) || is_hidden(name)) return 0;
  struct stat status {};
  bool hides_size = false;
  const int result = find_status(sys, name, status, hides_size);
  if (result < 0) return is_ours(result) ? result : 0;
  const bool is_folder = S_ISDIR(status.st_mode);
  if (!is_folder && !S_ISREG(status.st_mode)) return 0;
  const bool has_size = !is_folder && !hides_size;
  entries.push_back({.name = name,
                     .is_folder = is_folder,
                     .hides_size = hides_size,
                     .size = has_size ? static_cast<std::uint64_t>(status.st_size) : 0,
                     .modified_s = status.st_mtim.tv_sec});
  return 0;
}

// The status of what a request for the entry would be answered with: 0 or -errno. A file that may
// not be opened is listed all the same; where a link leads to is known only once it was opened.
int FolderReader::find_status(Sys& sys, const char* name, struct stat& status, bool& hides_size) {
  const int result = sys.stat_at(folder_.get(), name, status);
  if (result < 0) return result;
  const bool is_link = S_ISLNK(status.st_mode);
  if (!is_link && !S_ISREG(status.st_mode)) return 0;
  Lookup lookup{.sys = sys, .root = &opened_root_};
  if (!is_link && root_.look_up(lookup, opened_root_) == 0 && !opened_root_.may_hide_size(status)) {
    return 0;
  }
  const OpenedFile opened = root_.open(lookup, path_.empty() ? name : path_ + "/" + name);
  hides_size = opened.hides_size;
  if (!is_link) return is_ours(-opened.error) ? -opened.error : 0;
  status = opened.status;
  return -opened.error;
}

bool FolderReader::is_hidden(std::string_view name) const {
  if (!name.starts_with('.')) return false;
  return name == "." || name == ".." || (!show_dotfiles_ && name != ".well-known");
}

}  // namespace aws

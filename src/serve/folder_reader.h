// FolderReader: an open folder's entries, a slice at a time: what a listing may show of them.
//
// It knows neither order nor markup. One thread.
#pragma once

#include <array>
#include <string>

#include "os/shared_fd.h"
#include "os/sys.h"
#include "serve/document_root.h"
#include "serve/opened_root.h"
#include "serve/sorted_entries.h"

namespace aws {

class FolderReader {
 public:
  // A slice is what one getdents64(2) of this many bytes brings: 50 to 170 entries, each of which
  // then costs a stat of tenths to a few microseconds.
  static constexpr std::size_t kSliceSize = 4 * 1024;
  // So a listing looks at 16 MiB of records: 400,000 entries with names of 20 bytes, and never less
  // than 57,000. It holds at most 44 MiB, and 16 MiB for 200,000 such entries.
  static constexpr int kSliceLimit = 4096;

  // Reads `folder`: the folder at `path` beneath `root`, as DocumentRoot has paths.
  // `show_dotfiles`: else names with a leading dot are left out, save ".well-known" (RFC 8615).
  // `root` must outlive it.
  FolderReader(const DocumentRoot& root, SharedFd folder, std::string path, bool show_dotfiles);

  // Puts the next entries, in no order and possibly none, into `slice`, whatever it held. Returns
  // 1; 0 at the end, where it closes the folder; -errno if the folder, or what an entry is, cannot
  // be read. After the latter two it must not be called again.
  //
  // Listed are regular files and folders, and symbolic links that DocumentRoot opens as one of
  // these, shown as what they lead to: exactly the links that a request could follow. Links that
  // leave the root, lead nowhere or to a device, and FIFOs, sockets and devices are left out; so is
  // what vanishes meanwhile.
  // May sleep.
  [[nodiscard]] int read(Sys& sys, FolderSlice& slice);

  // After 0: entries were left unread, for there are too many.
  [[nodiscard]] bool is_cut_short() const { return is_cut_short_; }

  [[nodiscard]] int directory() const { return folder_.get(); }

 private:
  int add_entry(Sys& sys, const char* name, unsigned char type, std::vector<ListingEntry>& entries);
  int find_status(Sys& sys, const char* name, struct stat& status, bool& hides_size);
  [[nodiscard]] bool is_hidden(std::string_view name) const;

  const DocumentRoot& root_;
  OpenedRoot opened_root_;  // for what links lead to
  SharedFd folder_;
  std::string path_;
  bool show_dotfiles_;
  bool is_cut_short_ = false;
  int slices_read_ = 0;
  std::array<char, kSliceSize> buffer_{};
};

}  // namespace aws

// ListingBody: a folder's listing, read and sorted by a helper thread, rendered and sent in slices,
// so that no folder is so large, and no disk so slow, that it holds the loop.
//
//   helper  read slices, sort them │ … more … │
//   pump                                       render rows, send │ … the next … │ Done
//
// Rows can be rendered when all entries are known, and not before: the last read may be the first
// in order. See FolderReader for what is listed, and for the memory that it takes.
#pragma once

#include <cerrno>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "os/mount_points.h"
#include "os/shared_fd.h"
#include "os/thread_pool.h"
#include "serve/body.h"
#include "serve/document_root.h"
#include "serve/folder_reader.h"
#include "serve/listing_page.h"
#include "serve/listing_slots.h"
#include "serve/sorted_entries.h"

namespace aws {

struct ListingRequest {
  std::string path = {};  // the folder's, as Target has paths: "static/a b"
  ListingSort sort = {};
  ListingFormat format = ListingFormat::Html;
  bool dotfiles = false;  // list them too
  bool chunked = true;    // else the end of the listing is the end of the connection
};

class ListingBody final : public Body {
 public:
  // Lists `folder`: the folder at `request.path` beneath `root`, open for reading; holds `slot` as
  // long as it lives. Whenever pump() returns AwaitDisk, `completion` will be notified; this must
  // not be destroyed while it has pending work. All but `folder` and `slot` must outlive it.
  ListingBody(Sys& sys, ThreadPool& threads, const DocumentRoot& root, SharedFd folder,
              const ListingRequest& request, Completion& completion,
              ListingSlots::Slot slot = nullptr);

  // AwaitSocket also when it only makes way for others. Failed, without the last chunk, when the
  // folder cannot be read to its end: half a listing never looks like a whole one.
  [[nodiscard]] Pump pump(int socket) override;

 private:
  static constexpr std::size_t kRowBytes = 16 * 1024;  // rendered a turn: some 70 rows

  enum class Stage : std::uint8_t { Reading, Opening, Rows, Ended };

  // Reads some slices of the folder; the loop looks at none of this while that is under way.
  struct Reading final : public Task {
    Reading(FolderReader folder_reader, ListingSort sort)
        : reader(std::move(folder_reader)), entries(sort) {}

    void run(Sys& sys) noexcept override;
    [[nodiscard]] std::string path() const override { return path_of(reader.directory()); }
    void refuse() noexcept override { result = -EIO; }

    FolderReader reader;
    SortedEntries entries;
    ListingTotals totals{};
    int result = 1;  // as FolderReader::read() says
  };

  void render_slice();

  Sys& sys_;
  ThreadPool& threads_;
  Completion& completion_;
  ListingSlots::Slot slot_;
  bool chunked_;
  Stage stage_ = Stage::Reading;
  Reading reading_;
  std::unique_ptr<ListingPage> page_;
  std::string outgoing_;  // what is to be sent, framed; at most kRowBytes and the opening
  std::size_t outgoing_sent_ = 0;
};

}  // namespace aws

// ListingBody: a folder's listing, read, sorted and sent in slices, so that no folder is so large
// that it holds the loop.
//
//   pump   read a slice, sort it │ … the next … │ render rows, send │ … the next … │ Done
//
// Rows can be rendered when all entries are known, and not before: the last read may be the first
// in order. See FolderReader for what is listed, and for the memory that it takes.
#pragma once

#include <memory>
#include <string>

#include "os/unique_fd.h"
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
  // Lists `folder`, which it owns: the folder at `request.path` beneath `root`, open for reading.
  // It never waits for the disk by AIO, and holds `slot` as long as it lives. `sys` and `root` must
  // outlive it.
  ListingBody(Sys& sys, const DocumentRoot& root, UniqueFd folder, const ListingRequest& request,
              ListingSlots::Slot slot = nullptr);

  // AwaitSocket also when it only makes way for others. Failed, without the last chunk, when the
  // folder cannot be read to its end: half a listing never looks like a whole one.
  [[nodiscard]] Pump pump(int socket) override;

 private:
  static constexpr std::size_t kRowBytes = 16 * 1024;  // rendered a turn: some 70 rows

  enum class Stage : std::uint8_t { Reading, Opening, Rows, Ended };

  [[nodiscard]] bool read_slice();
  void render_slice();

  Sys& sys_;
  ListingSlots::Slot slot_;
  bool chunked_;
  Stage stage_ = Stage::Reading;
  FolderReader reader_;
  SortedEntries entries_;
  ListingTotals totals_;
  std::unique_ptr<ListingPage> page_;
  std::string outgoing_;  // what is to be sent, framed; at most kRowBytes and the opening
  std::size_t outgoing_sent_ = 0;
};

}  // namespace aws

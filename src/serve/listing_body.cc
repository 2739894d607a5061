#include "serve/listing_body.h"

#include <cerrno>
#include <string_view>
#include <utility>

#include "http/chunked.h"
#include "os/saturating.h"

namespace aws {
namespace {

constexpr int kSlicesPerTask = 32;  // some 3,000 entries: then other tasks get the thread

}  // namespace

ListingBody::ListingBody(Sys& sys, ThreadPool& threads, const DocumentRoot& root, SharedFd folder,
                         const ListingRequest& request, Completion& completion,
                         ListingSlots::Slot slot)
    : sys_(sys),
      threads_(threads),
      completion_(completion),
      slot_(std::move(slot)),
      chunked_(request.chunked),
      reading_(FolderReader(root, std::move(folder), request.path, request.dotfiles), request.sort),
      page_(make_listing_page(request.format, request.path, request.sort)) {}

Pump ListingBody::pump(int socket) {
  if (stage_ == Stage::Reading) {
    if (reading_.result < 0) return fail(Failure::ReadError);
    if (reading_.result > 0) {
      threads_.start(reading_, completion_);
      return Pump::AwaitDisk;
    }
    stage_ = Stage::Opening;
  }
  if (outgoing_.empty()) render_slice();
  while (outgoing_sent_ < outgoing_.size()) {
    const std::string_view unsent = std::string_view(outgoing_).substr(outgoing_sent_);
    const ssize_t taken = sys_.send(socket, unsent, stage_ != Stage::Ended);
    if (taken == -EAGAIN) return Pump::AwaitSocket;
    if (taken < 0) return fail(failure_of_socket(taken));
    outgoing_sent_ += static_cast<std::size_t>(taken);
    add_sent(taken);
  }
  outgoing_.clear();
  outgoing_sent_ = 0;
  return stage_ == Stage::Ended ? Pump::Done : Pump::AwaitSocket;
}

// On a helper thread: takes in some more of the folder.
void ListingBody::Reading::run(Sys& sys) noexcept {
  for (int i = 0; i < kSlicesPerTask; ++i) {
    FolderSlice slice;
    result = reader.read(sys, slice);
    if (result <= 0) break;
    for (const ListingEntry& entry : slice.entries) {
      ++(entry.is_folder ? totals.folders : totals.files);
      totals.bytes = saturating_add(totals.bytes, entry.size);
    }
    entries.add(std::move(slice));
  }
  totals.is_cut_short = result == 0 && reader.is_cut_short();
}

// Renders what comes next into outgoing_, framed.
void ListingBody::render_slice() {
  std::string text;
  if (stage_ == Stage::Opening) {
    page_->append_opening(text, reading_.totals);
    stage_ = Stage::Rows;
  }
  while (!reading_.entries.empty() && text.size() < kRowBytes) {
    page_->append_row(text, reading_.entries.front());
    reading_.entries.pop();
  }
  if (reading_.entries.empty()) {
    page_->append_closing(text);
    stage_ = Stage::Ended;
  }
  if (!chunked_) {
    outgoing_ = std::move(text);
    return;
  }
  append_chunk(outgoing_, text);
  if (stage_ == Stage::Ended) outgoing_ += kLastChunk;
}

}  // namespace aws

#include "serve/listing_body.h"

#include <cerrno>
#include <string_view>
#include <utility>

#include "http/chunked.h"

namespace aws {

ListingBody::ListingBody(Sys& sys, const DocumentRoot& root, UniqueFd folder,
                         const ListingRequest& request, ListingSlots::Slot slot)
    : sys_(sys),
      slot_(std::move(slot)),
      chunked_(request.chunked),
      reader_(sys, root, std::move(folder), request.path, request.dotfiles),
      entries_(request.sort),
      page_(make_listing_page(request.format, request.path, request.sort)) {}

Pump ListingBody::pump(int socket) {
  if (stage_ == Stage::Reading) {
    return read_slice() ? Pump::AwaitSocket : fail(Failure::ReadError);
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

// Takes in some more of the folder. False if it cannot be read.
bool ListingBody::read_slice() {
  FolderSlice slice;
  const int result = reader_.read(slice);
  if (result < 0) return false;
  if (result == 0) {
    totals_.is_cut_short = reader_.is_cut_short();
    stage_ = Stage::Opening;
    return true;
  }
  for (const ListingEntry& entry : slice.entries) {
    ++(entry.is_folder ? totals_.folders : totals_.files);
    totals_.bytes += entry.size;
  }
  entries_.add(std::move(slice));
  return true;
}

// Renders what comes next into outgoing_, framed.
void ListingBody::render_slice() {
  std::string text;
  if (stage_ == Stage::Opening) {
    page_->append_opening(text, totals_);
    stage_ = Stage::Rows;
  }
  while (!entries_.empty() && text.size() < kRowBytes) {
    page_->append_row(text, entries_.front());
    entries_.pop();
  }
  if (entries_.empty()) {
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

#include "serve/unsized_file.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "http/accept_encoding.h"
#include "http/chunked.h"
#include "http/conditional.h"

namespace aws {
namespace {

// Files in /proc/sys give all they have to one read(2), or lose what did not fit in: as much as
// cat(1) asks for.
constexpr std::size_t kFirstRead = 128 * 1024;

Response refusal(int status, std::string_view decision) {
  Response response = status_response(status);
  response.decision = decision;
  return response;
}

}  // namespace

Response unsized_response(const Visit& visit, OpenedFile opened, std::string_view content_type,
                          ListingSlots& slots) {
  assert(visit.tools.lookup.may_sleep);
  const Request& request = visit.request;
  if (!AcceptEncoding(request.find(Field::AcceptEncoding)).accepts(Coding::Identity)) {
    return refusal(406, "accept-encoding");
  }
  Response response;
  // No tag is true of it, but "*" is.
  const Decision decision = evaluate_preconditions(request, {}, visit.tools.now.wall_s);
  if (decision.verdict != Verdict::Proceed) return decided(std::move(response), decision);
  ListingSlots::Slot slot = slots.take();
  if (slot == nullptr) return refusal(503, "max-listings");

  std::string bytes;
  const int result =
      read_on(visit.tools.lookup.sys, opened.file.get(), 0, kLargestInMemory + 1, bytes);
  if (result < 0) return status_response(status_of_error(-result));
  response.head.content_type = content_type;
  auto framing = UnsizedBody::Framing::Length;
  if (result == 0) {
    response.head.content_length = bytes.size();
    if (bytes.empty()) return response;
  } else {
    response.head.chunked = !request.http_1_0;
    framing = request.http_1_0 ? UnsizedBody::Framing::Connection : UnsizedBody::Framing::Chunks;
  }
  response.body = std::make_unique<UnsizedBody>(visit.tools.sys, visit.tools.disk.threads(),
                                                std::move(opened.file), std::move(bytes), framing,
                                                visit.completion, std::move(slot));
  return response;
}

// ---- UnsizedBody

UnsizedBody::UnsizedBody(Sys& sys, ThreadPool& threads, SharedFd file, std::string begun,
                         Framing framing, Completion& completion, ListingSlots::Slot slot)
    : sys_(sys),
      threads_(threads),
      completion_(completion),
      slot_(std::move(slot)),
      framing_(framing),
      reading_(std::move(file), begun.size()),
      at_end_(framing == Framing::Length) {
  if (at_end_) reading_.file.reset();
  frame(std::move(begun));
}

Pump UnsizedBody::pump(int socket) {
  if (reading_.was_sent_for) {
    reading_.was_sent_for = false;
    if (reading_.result < 0) return fail(Failure::ReadError);
    reading_.offset += static_cast<off_t>(reading_.block.size());
    at_end_ = reading_.result == 0;
    frame(std::exchange(reading_.block, {}));
  }
  const std::size_t share_end = std::min(outgoing_.size(), outgoing_sent_ + kBytesPerPump);
  while (outgoing_sent_ < share_end) {
    const std::string_view unsent =
        std::string_view(outgoing_).substr(outgoing_sent_, share_end - outgoing_sent_);
    const ssize_t taken = sys_.send(socket, unsent, !at_end_ || share_end < outgoing_.size());
    if (taken == -EAGAIN) return Pump::AwaitSocket;
    if (taken < 0) return fail(failure_of_socket(taken));
    outgoing_sent_ += static_cast<std::size_t>(taken);
    add_sent(taken);
  }
  if (outgoing_sent_ < outgoing_.size()) return Pump::AwaitSocket;
  if (at_end_) return Pump::Done;
  reading_.was_sent_for = true;
  threads_.start(reading_, completion_);
  return Pump::AwaitDisk;
}

// Makes `bytes`, which follow what was sent, what is to be sent.
void UnsizedBody::frame(std::string bytes) {
  outgoing_sent_ = 0;
  if (framing_ != Framing::Chunks) {
    outgoing_ = std::move(bytes);
    return;
  }
  outgoing_.clear();
  append_chunk(outgoing_, bytes);
  if (at_end_) outgoing_ += kLastChunk;
}

// On a helper thread.
void UnsizedBody::Reading::run(Sys& sys) noexcept {
  result = read_on(sys, file.get(), offset, kBlock, block);
}

int read_on(Sys& sys, int file, off_t offset, std::size_t most, std::string& into) {
  const std::size_t before = into.size();
  std::size_t done = 0;
  while (done < most) {
    if (into.size() == before + done) {
      into.resize(before + std::min(most, done + std::max(kFirstRead, done)));
    }
    const ssize_t got =
        sys.pread(file, std::span(into).subspan(before + done), offset + static_cast<off_t>(done));
    if (got <= 0) {
      into.resize(before + done);
      return got == -EAGAIN ? 0 : static_cast<int>(got);
    }
    done += static_cast<std::size_t>(got);
  }
  return 1;
}

}  // namespace aws

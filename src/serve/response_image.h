// ResponseImage: a whole answer, head and body, as a file in memory (memfd_create(2)): one
// sendfile(2) sends it.
//
// The kernel sends references to its pages, so an image is never written to again: it is made for
// one second's Date, and a new one for the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "os/pooled.h"
#include "os/shared_fd.h"
#include "os/sys.h"
#include "serve/body.h"

namespace aws {

struct ResponseImage {
  static constexpr std::size_t kLargestBody = 64 * 1024;  // beyond, a call more is nothing
  static constexpr int kWorthIt = 16;  // requests within a second before the copy is made

  SharedFd file;
  std::size_t head_size = 0;
  std::size_t body_size = 0;
  std::int64_t second = 0;  // of its Date

  [[nodiscard]] std::size_t size() const { return head_size + body_size; }
};

// An image of `head` and the `body_size` bytes of `file`, all of which must be in the page cache.
// nullptr if it cannot be made.
[[nodiscard]] std::unique_ptr<ResponseImage> make_image(Sys& sys, std::string_view head, int file,
                                                        std::size_t body_size, std::int64_t second);

// Sends an image. What it counts as sent is the body alone, as for all bodies.
class ImageBody final : public Body, public Pooled<ImageBody> {
 public:
  // `sys` must outlive it; the image need not.
  ImageBody(Sys& sys, const ResponseImage& image)
      : sys_(sys), file_(image.file), head_left_(image.head_size), left_(image.size()) {}

  [[nodiscard]] Pump pump(int socket) override;

 private:
  Sys& sys_;
  SharedFd file_;
  off_t offset_ = 0;
  std::size_t head_left_;
  std::size_t left_;
};

}  // namespace aws

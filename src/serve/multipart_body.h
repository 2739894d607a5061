// MultipartBody: several parts of one file, each behind a head of its own (multipart/byteranges,
// RFC 9110 section 14.6). The parts leave as the file's kind has it: by sendfile or by AIO.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "serve/file_body.h"

namespace aws {

class MultipartBody final : public Body {
 public:
  struct Part {
    std::string head;  // delimiter and fields, empty line included
    off_t offset = 0;
    std::uint64_t length = 0;  // bytes of the file
  };

  // Sends each part's head and bytes of `file`, then `close_delimiter`. `sys` must outlive it.
  MultipartBody(Sys& sys, std::unique_ptr<FileBody> file, std::vector<Part> parts,
                std::string close_delimiter);

  [[nodiscard]] Pump pump(int socket) override;

 private:
  Pump send_text(int socket, const std::string& text, bool more);
  Pump pump_file(int socket);

  Sys& sys_;
  std::unique_ptr<FileBody> file_;
  std::vector<Part> parts_;
  std::string close_delimiter_;
  std::size_t part_ = 0;       // the one under way; parts_.size(): the close delimiter
  std::size_t text_sent_ = 0;  // of the text under way
  bool in_file_ = false;       // this part's head is sent
};

}  // namespace aws

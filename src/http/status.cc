#include "http/status.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string>

namespace aws {
namespace {

struct Row {
  int status;
  std::string_view phrase;
  std::string_view explanation;
};

constexpr std::array kRows = {
    Row{200, "OK", ""},
    Row{204, "No Content", ""},
    Row{206, "Partial Content", ""},
    Row{301, "Moved Permanently", "This is a folder; its address ends in a slash."},
    Row{304, "Not Modified", ""},
    Row{400, "Bad Request", "The request is malformed."},
    Row{403, "Forbidden", "This may not be read."},
    Row{404, "Not Found", "There is nothing at this address."},
    Row{405, "Method Not Allowed", "Files here can be read only: by GET or HEAD."},
    Row{406, "Not Acceptable", "This file cannot be had in an encoding that is accepted."},
    Row{408, "Request Timeout", "The request did not arrive in time."},
    Row{412, "Precondition Failed", ""},
    Row{414, "URI Too Long", "The address is too long."},
    Row{416, "Range Not Satisfiable", "The file ends before the range that was asked for."},
    Row{417, "Expectation Failed", "The only expectation known here is 100-continue."},
    Row{431, "Request Header Fields Too Large", "The request has too many or too long fields."},
    Row{500, "Internal Server Error", "The file could not be read."},
    Row{501, "Not Implemented", "This method is not known here."},
    Row{503, "Service Unavailable", "Too much is going on just now; please try again."},
    Row{505, "HTTP Version Not Supported", "This server speaks HTTP/1.1 and HTTP/1.0."},
};

const Row* find(int status) {
  const auto row =
      std::find_if(kRows.begin(), kRows.end(), [=](const Row& r) { return r.status == status; });
  return row == kRows.end() ? nullptr : &*row;
}

std::string page_of(const Row& row) {
  if (row.explanation.empty()) return "";
  return fmt::format(
      "<!DOCTYPE html>\n"
      "<html lang=\"en\">\n"
      "<head><meta charset=\"utf-8\"><title>{0} {1}</title></head>\n"
      "<body><h1>{0} {1}</h1><p>{2}</p></body>\n"
      "</html>\n",
      row.status, row.phrase, row.explanation);
}

}  // namespace

std::string_view reason_phrase(int status) {
  const Row* const row = find(status);
  return row != nullptr ? row->phrase : "Unknown";
}

std::string_view explanation(int status) {
  const Row* const row = find(status);
  return row != nullptr ? row->explanation : "";
}

std::string_view status_page(int status) {
  static const auto kPages = [] {
    std::array<std::string, kRows.size()> pages;
    std::transform(kRows.begin(), kRows.end(), pages.begin(), page_of);
    return pages;
  }();
  const Row* const row = find(status);
  return row != nullptr ? std::string_view(kPages[static_cast<std::size_t>(row - kRows.data())])
                        : std::string_view();
}

}  // namespace aws

#include "http/status.h"

#include <algorithm>
#include <array>

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

}  // namespace

std::string_view reason_phrase(int status) {
  const Row* const row = find(status);
  return row != nullptr ? row->phrase : "Unknown";
}

std::string_view explanation(int status) {
  const Row* const row = find(status);
  return row != nullptr ? row->explanation : "";
}

}  // namespace aws

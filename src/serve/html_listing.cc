#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "serve/listing_page.h"
#include "serve/listing_text.h"

namespace aws {
namespace {

// The links fill their cells, so that a finger hits them. Columns are of fixed width, so that a
// browser can show the first rows before the last ones have come.
constexpr std::string_view kStyle = R"css(
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #59636e; --line: #dfe3e8; --paper: #fff;
  --link: #0a58ca; --tint: #f1f5fb; --folder: #b7791f }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e7ec; --dim: #9aa5b1; --line: #2d343d;
  --paper: #14181d; --link: #82b4ff; --tint: #1d242d; --folder: #e0b15e } }
* { box-sizing: border-box }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100% }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 60rem;
  font: 1rem/1.4 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  color: var(--ink); background: var(--paper) }
a { color: var(--link); text-decoration: none }
a:hover { text-decoration: underline }
a:focus-visible, button:focus-visible { outline: 3px solid var(--link); outline-offset: -2px;
  border-radius: 4px }
bdi { overflow-wrap: anywhere; white-space: pre-wrap }
ol { display: flex; flex-wrap: wrap; margin: 0 .5rem; padding: 0; list-style: none;
  font-size: 1.3rem; line-height: 1.6 }
li { min-width: 0 }
li::after { content: "/"; margin: 0 .25rem; color: var(--dim) }
h1 { display: inline; margin: 0; font-size: inherit; font-weight: 600 }
p { margin: .3rem .5rem 1rem; color: var(--dim) }
table { width: 100%; table-layout: fixed; border-collapse: collapse }
tr { border-bottom: 1px solid var(--line) }
tbody tr:hover { background: var(--tint) }
th, td { padding: 0; text-align: left; vertical-align: top }
button { display: block; width: 100%; margin: 0; padding: .6rem 0; border: 0; font: inherit;
  font-weight: 600; text-align: inherit; white-space: nowrap; color: var(--link); background: none;
  cursor: pointer }
button:hover { text-decoration: underline }
.name button { padding-left: .5rem }
th[aria-sort=ascending] button::after { content: " \2191" }
th[aria-sort=descending] button::after { content: " \2193" }
td:first-child a { display: flex; gap: .6rem; padding: .6rem .5rem }
td + td { padding: .6rem 0 }
a > bdi { min-width: 0 }
td:first-child a::before { content: ""; flex: none; width: 1.15rem; height: 1.4rem;
  background: var(--dim);
  -webkit-mask: var(--icon) center / contain no-repeat; mask: var(--icon) center / contain no-repeat;
  --icon: url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E\
%3Cpath fill-rule='evenodd' d='M3 1h6l4 4v10H3zM4.3 2.3v11.4h7.4V6H8V2.3z'/%3E%3C/svg%3E") }
.folder td:first-child a::before { background: var(--folder);
  --icon: url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E\
%3Cpath d='M1 3h5l1.5 2H15v8.5H1z'/%3E%3C/svg%3E") }
td { color: var(--dim); font-variant-numeric: tabular-nums }
.size { width: 7rem }
.size, td:nth-child(2) { text-align: right }
.time { width: 12rem }
.time button, td:nth-child(3) { padding-left: 1.5rem }
.empty { padding: 2rem .5rem; text-align: center }
@media (max-width: 40rem) {
  body { padding: 1rem .5rem 2rem }
  table { font-size: .9375rem }
  .size { width: 5rem }
  .time { width: 6.5rem }
  .time button, td:nth-child(3) { padding-left: .75rem }
  time span, .time span { display: none }
}
)css";

// The parts of a decoded path: "static/a b" → "static", "a b".
std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    const std::string_view segment = path.substr(0, path.find('/'));
    segments.push_back(segment);
    path.remove_prefix(std::min(segment.size() + 1, path.size()));
  }
  return segments;
}

std::string counted(std::uint64_t count, std::string_view thing) {
  return fmt::format("{} {}{}", grouped(count), thing, count == 1 ? "" : "s");
}

class HtmlListing final : public ListingPage {
 public:
  HtmlListing(std::string path, ListingSort sort);

  void append_opening(std::string& out, const ListingTotals& totals) override;
  void append_row(std::string& out, const ListingEntry& entry) override;
  void append_closing(std::string& out) override;

 private:
  // One of the table's columns.
  struct Column {
    ListingSort::Key key;
    std::string_view style;
    std::string_view title;
    bool descending_first;  // the largest and the newest are what people look for
  };
  static constexpr std::array kColumns = {
      Column{ListingSort::Key::Name, "name", "Name", false},
      Column{ListingSort::Key::Size, "size", "Size", true},
      Column{ListingSort::Key::Time, "time", "Modified<span> (UTC)</span>", true},
  };

  void append_breadcrumbs(std::string& out) const;
  void append_summary(std::string& out, const ListingTotals& totals) const;
  void append_column_head(std::string& out, const Column& column) const;

  std::string path_;
  ListingSort sort_;
  std::string folder_query_;  // escaped: links to other folders keep an order that was chosen
};

HtmlListing::HtmlListing(std::string path, ListingSort sort) : path_(std::move(path)), sort_(sort) {
  if (sort_ != ListingSort()) append_html(folder_query_, listing_query(sort_));
}

void HtmlListing::append_opening(std::string& out, const ListingTotals& totals) {
  out +=
      "<!DOCTYPE html>\n"
      "<html lang=\"en\">\n"
      "<head>\n"
      "<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<link rel=\"icon\" href=\"data:,\">\n"
      "<title>/";
  append_html(out, path_);
  out += path_.empty() ? "</title>\n<style>" : "/</title>\n<style>";
  out.append(kStyle).append("</style>\n</head>\n<body>\n");
  append_breadcrumbs(out);
  append_summary(out, totals);
  out += "<table>\n<thead><tr>\n";
  for (const Column& column : kColumns)
    append_column_head(out, column);
  out += "</tr></thead>\n<tbody>\n";
  if (path_.find('/') != std::string::npos) {
    fmt::format_to(std::back_inserter(out),
                   "<tr class=\"folder\"><td><a href=\"../{}\">Parent folder</a></td>"
                   "<td></td><td></td></tr>\n",
                   folder_query_);
  }
  if (totals.folders + totals.files == 0) {
    out += "<tr><td colspan=\"3\" class=\"empty\">This folder is empty.</td></tr>\n";
  }
}

// Links lead up by "../", since only a browser knows where the site begins.
void HtmlListing::append_breadcrumbs(std::string& out) const {
  const std::vector<std::string_view> segments = segments_of(path_);
  out += "<nav aria-label=\"Path\"><ol>\n";
  for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
    out += "<li><a href=\"";
    for (std::size_t up = i + 1; up < segments.size(); ++up)
      out += "../";
    out.append(folder_query_).append("\"><bdi>");
    append_html(out, segments[i]);
    out += "</bdi></a></li>\n";
  }
  out += "<li><h1 aria-current=\"page\"><bdi>";
  if (!segments.empty()) append_html(out, segments.back());
  out += "</bdi></h1></li>\n</ol></nav>\n";
}

void HtmlListing::append_summary(std::string& out, const ListingTotals& totals) const {
  const std::string files = counted(totals.files, "file");
  const std::string_view more = totals.bytes == ListingTotals::kTooManyBytes ? "at least " : "";
  fmt::format_to(std::back_inserter(out), "<p>{0}, {1}, <span title=\"{2}{3} bytes\">{2}{4}</span>",
                 counted(totals.folders, "folder"), files, more, totals.bytes,
                 human_size(totals.bytes));
  if (totals.is_cut_short) out += ". This folder has more: only a part of it is shown.";
  out += "</p>\n";
}

// The button of the column that is sorted by turns its order round.
void HtmlListing::append_column_head(std::string& out, const Column& column) const {
  const bool is_current = column.key == sort_.key;
  const ListingSort next = {column.key, is_current ? !sort_.descending : column.descending_first};
  fmt::format_to(std::back_inserter(out), "<th scope=\"col\" class=\"{}\"", column.style);
  if (is_current) {
    out += sort_.descending ? " aria-sort=\"descending\"" : " aria-sort=\"ascending\"";
  }
  fmt::format_to(std::back_inserter(out),
                 "><form><input type=\"hidden\" name=\"order\" value=\"{}\">"
                 "<button name=\"sort\" value=\"{}\">{}</button></form></th>\n",
                 order_name(next.descending), name(next.key), column.title);
}

void HtmlListing::append_row(std::string& out, const ListingEntry& entry) {
  out += entry.is_folder ? "<tr class=\"folder\"><td><a href=\"" : "<tr><td><a href=\"";
  out += entry_reference(entry.name, entry.is_folder);
  if (entry.is_folder) out += folder_query_;
  out += "\"><bdi>";
  append_html(out, entry.name);
  out += entry.is_folder ? "/</bdi></a></td><td>" : "</bdi></a></td><td";
  if (entry.hides_size) {
    out += " title=\"not known before it is read\">";
  } else if (!entry.is_folder) {
    fmt::format_to(std::back_inserter(out), " title=\"{} byte{}\">{}", entry.size,
                   entry.size == 1 ? "" : "s", human_size(entry.size));
  }
  const std::string time = iso_time(entry.modified_s);
  const std::string_view date = std::string_view(time).substr(0, 10);
  const std::string_view minute = std::string_view(time).substr(11, 5);
  fmt::format_to(std::back_inserter(out),
                 "</td><td><time datetime=\"{0}\" title=\"{0}\">{1}<span> {2}</span></time>"
                 "</td></tr>\n",
                 time, date, minute);
}

void HtmlListing::append_closing(std::string& out) {
  out += "</tbody>\n</table>\n</body>\n</html>\n";
}

}  // namespace

std::unique_ptr<ListingPage> make_html_listing(std::string path, ListingSort sort) {
  return std::make_unique<HtmlListing>(std::move(path), sort);
}

}  // namespace aws

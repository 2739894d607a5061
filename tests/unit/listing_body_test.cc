#include "serve/listing_body.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "disk.h"
#include "strict_json.h"
#include "temp_folder.h"

namespace aws {
namespace {

namespace fs = std::filesystem;

// Reads real folders, or made-up ones of any size; its one socket is a string.
class ListingSys final : public Sys {
 public:
  static constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

  std::string output;
  std::size_t transfer_limit = kNoLimit;  // bytes that one send takes
  bool blocks_every_other_time = false;   // send says EAGAIN first
  int send_error = 0;
  bool more_promised = false;  // by the last send

  int calls_by_loop = 0;                    // that may sleep
  int reads = 0;                            // of folders
  int stats = 0;                            // of entries
  int fail_read = 0;                        // the n-th, counting from 1, with EIO
  std::function<int(const char*)> on_stat;  // what a stat returns instead, unless it is 1

  // If not 0, every folder has this many files, called `made_up_name` and a number.
  std::size_t made_up = 0;
  std::string made_up_name = "file ";

  ssize_t send(int /*socket*/, std::string_view bytes, bool more) noexcept override {
    blocked_ = blocks_every_other_time && !blocked_;
    if (blocked_) return -EAGAIN;
    if (send_error != 0) return -send_error;
    output += bytes.substr(0, transfer_limit);
    more_promised = more;
    return static_cast<ssize_t>(std::min(bytes.size(), transfer_limit));
  }

  ssize_t read_folder(int folder, std::span<char> into) noexcept override {
    note_caller();
    if (++reads == fail_read) return -EIO;
    if (made_up == 0) return Sys::read_folder(folder, into);
    std::size_t size = 0;
    for (; made_ < made_up; ++made_) {
      const std::string name = made_up_name + std::to_string(made_ * 7919 % made_up);
      const std::size_t record = (offsetof(dirent64, d_name) + name.size() + 8) / 8 * 8;
      if (size + record > into.size()) break;
      dirent64 entry{};
      entry.d_reclen = static_cast<unsigned short>(record);
      entry.d_type = DT_REG;
      std::memcpy(into.data() + size, &entry, offsetof(dirent64, d_name));
      std::memcpy(into.data() + size + offsetof(dirent64, d_name), name.c_str(), name.size() + 1);
      size += record;
    }
    return static_cast<ssize_t>(size);
  }

  int stat_at(int folder, const char* name, struct stat& status) noexcept override {
    note_caller();
    ++stats;
    if (on_stat && on_stat(name) != 1) return on_stat(name);
    if (made_up == 0) return Sys::stat_at(folder, name, status);
    status = {};
    status.st_mode = S_IFREG;
    status.st_size = 10;
    return 0;
  }

 private:
  void note_caller() {
    if (std::this_thread::get_id() == loop_) ++calls_by_loop;
  }

  const std::thread::id loop_ = std::this_thread::get_id();
  bool blocked_ = false;
  std::size_t made_ = 0;
};

// A root with the folder static/x in it.
class ListingBodyTest : public testing::Test {
 protected:
  ListingBodyTest() {
    fs::create_directories(folder_);
    root_.emplace(base_.path());
  }

  void write(const std::string& name, std::size_t size = 0) const {
    std::ofstream(folder_ / name) << std::string(size, '.');
  }

  ListingBody body(ListingRequest request) {
    request.path = "static/x";
    return ListingBody(sys_, threads_, *root_,
                       UniqueFd(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY)), request,
                       completion_);
  }

  // Pumps once, and lets the thread finish the task that this has started.
  Pump pump(ListingBody& body) {
    const Pump result = body.pump(-1);
    CompletionList ready;
    await_tasks(threads_, ready);
    EXPECT_EQ(taken(ready),
              std::vector<Completion*>(result == Pump::AwaitDisk ? 1 : 0, &completion_));
    return result;
  }

  // Pumps until there is nothing to wait for any more.
  Pump run(ListingBody& body) {
    for (;;) {
      const Pump result = pump(body);
      if (result != Pump::AwaitSocket && result != Pump::AwaitDisk) return result;
    }
  }

  // The whole listing as JSON, unframed.
  std::string list_text(ListingSort sort = {}, bool dotfiles = false) {
    ListingBody listing =
        body({.sort = sort, .format = ListingFormat::Json, .dotfiles = dotfiles, .chunked = false});
    sys_.output.clear();
    EXPECT_EQ(run(listing), Pump::Done);
    return std::move(sys_.output);
  }

  Json list(ListingSort sort = {}, bool dotfiles = false) {
    const std::string text = list_text(sort, dotfiles);
    const auto parsed = StrictJson::parse(text);
    EXPECT_TRUE(parsed) << text;
    return parsed.value_or(Json());
  }

  static std::vector<std::string> names_of(const Json& listing) {
    std::vector<std::string> names;
    const Json* const entries = listing["entries"];
    if (entries == nullptr) return names;
    for (const Json& entry : entries->items)
      names.push_back(entry["name"]->text);
    return names;
  }

  std::vector<std::string> list_names(ListingSort sort = {}, bool dotfiles = false) {
    return names_of(list(sort, dotfiles));
  }

  TempFolder base_;
  fs::path folder_ = base_.path() / "static" / "x";
  std::optional<DocumentRoot> root_;
  ListingSys sys_;
  TestCompletion completion_;
  ThreadPool threads_{sys_, 1, 4};
};

using Names = std::vector<std::string>;

// Takes the chunked coding off; fails the test if it is not exactly that.
std::string unchunked(std::string_view text) {
  std::string data;
  for (;;) {
    const std::size_t line = text.find("\r\n");
    if (line == std::string_view::npos) break;
    const std::size_t size = std::stoul(std::string(text.substr(0, line)), nullptr, 16);
    text.remove_prefix(line + 2);
    if (text.size() < size + 2 || text.substr(size, 2) != "\r\n") break;
    data += text.substr(0, size);
    text.remove_prefix(size + 2);
    if (size > 0) continue;
    EXPECT_EQ(text, "");
    return data;
  }
  ADD_FAILURE() << "no whole chunked message";
  return data;
}

TEST_F(ListingBodyTest, ListsFilesAndFoldersWithTheirStatus) {
  write("b", 5);
  fs::create_directory(folder_ / "c");
  fs::last_write_time(folder_ / "b", fs::file_time_type::clock::from_sys(std::chrono::sys_seconds(
                                         std::chrono::seconds(1795255200))));
  const Json listing = list();
  EXPECT_EQ(listing["path"]->text, "/static/x/");
  EXPECT_EQ(listing["truncated"]->text, "false");
  ASSERT_EQ(names_of(listing), (Names{"c", "b"}));
  const Json& folder = listing["entries"]->items[0];
  EXPECT_EQ(folder["type"]->text, "folder");
  EXPECT_EQ(folder["size"], nullptr);
  EXPECT_EQ(folder["href"]->text, "c/");
  const Json& file = listing["entries"]->items[1];
  EXPECT_EQ(file["type"]->text, "file");
  EXPECT_EQ(file["size"]->text, "5");
  EXPECT_EQ(file["modified"]->text, "2026-11-21T10:00:00Z");
}

TEST_F(ListingBodyTest, SortsAsItIsAsked) {
  write("a10", 1);
  write("a9", 3);
  write("B", 2);
  EXPECT_EQ(list_names({ListingSort::Key::Name, true}), (Names{"B", "a10", "a9"}));
  EXPECT_EQ(list_names({ListingSort::Key::Size, false}), (Names{"a10", "B", "a9"}));
}

TEST_F(ListingBodyTest, HidesDotfilesSaveWellKnown) {
  write("seen");
  write(".hidden");
  write(".well-known-not");
  fs::create_directory(folder_ / ".well-known");
  EXPECT_EQ(list_names(), (Names{".well-known", "seen"}));
  EXPECT_EQ(list_names({}, true), (Names{".well-known", ".hidden", ".well-known-not", "seen"}));
}

TEST_F(ListingBodyTest, ListsOnlyLinksThatARequestCouldFollow) {
  write("file", 7);
  std::ofstream(base_.path() / "static" / "up") << "123";
  fs::create_symlink("file", folder_ / "to-file");
  fs::create_symlink("../up", folder_ / "to-up");
  fs::create_symlink("..", folder_ / "to-folder");
  fs::create_symlink("to-file", folder_ / "to-link");
  fs::create_symlink("../../../etc/passwd", folder_ / "out");
  fs::create_symlink("/etc/passwd", folder_ / "absolute");
  fs::create_symlink("nowhere", folder_ / "dangling");
  fs::create_symlink("loop", folder_ / "loop");
  fs::create_symlink("/dev/null", folder_ / "device");
  const Json listing = list();
  ASSERT_EQ(names_of(listing), (Names{"to-folder", "file", "to-file", "to-link", "to-up"}));
  EXPECT_EQ(listing["entries"]->items[0]["type"]->text, "folder");
  EXPECT_EQ(listing["entries"]->items[2]["size"]->text, "7");
  EXPECT_EQ(listing["entries"]->items[4]["size"]->text, "3");
}

TEST_F(ListingBodyTest, LeavesOutWhatIsNeitherFileNorFolder) {
  ASSERT_EQ(::mkfifo((folder_ / "fifo").c_str(), 0600), 0);
  fs::create_symlink("fifo", folder_ / "to-fifo");
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = folder_ / "socket";
  ASSERT_LT(name.size(), sizeof(address.sun_path));
  std::copy(name.begin(), name.end(), address.sun_path);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  write("file");
  EXPECT_EQ(list_names(), Names{"file"});
}

TEST_F(ListingBodyTest, LeavesOutWhatVanishesMeanwhile) {
  write("here");
  write("gone");
  for (const int error : {-ENOENT, -EACCES}) {
    sys_.on_stat = [error](const char* name) { return std::strcmp(name, "gone") == 0 ? error : 1; };
    EXPECT_EQ(list_names(), Names{"here"});
  }
}

TEST_F(ListingBodyTest, ListsNamesThatAreNotUtf8) {
  write("caf\xE9");
  const Json listing = list();
  EXPECT_EQ(names_of(listing), Names{"caf\uFFFD"});
  EXPECT_EQ(listing["entries"]->items[0]["href"]->text, "caf%E9");
}

TEST_F(ListingBodyTest, OfAnEmptyFolderIsWholeToo) {
  EXPECT_EQ(list_names(), Names{});
  ListingBody listing = body({});
  sys_.output.clear();
  EXPECT_EQ(run(listing), Pump::Done);
  const std::string page = unchunked(sys_.output);
  EXPECT_NE(page.find("This folder is empty."), std::string::npos);
  EXPECT_TRUE(page.ends_with("</html>\n"));
  EXPECT_EQ(listing.sent(), sys_.output.size());
  EXPECT_FALSE(sys_.more_promised);
}

// Its 10,000 files are real. A task looks at 32 slices of 170 entries at the most, since a
// record has 24 bytes or more, and a pump at none; it sends no more than one piece of the page.
TEST_F(ListingBodyTest, TakesTenThousandFilesInSlices) {
  constexpr int kFiles = 10'000;
  Names expected;
  for (int i = 0; i < kFiles; ++i) {
    expected.push_back("file " + std::to_string(i));
    write(expected.back());
  }
  ListingBody listing = body({.format = ListingFormat::Json});
  Pump result = Pump::AwaitSocket;
  int tasks = 0;
  for (int pumps = 0; result == Pump::AwaitSocket || result == Pump::AwaitDisk; ++pumps) {
    ASSERT_LT(pumps, 1000);
    sys_.reads = sys_.stats = 0;
    const std::size_t before = sys_.output.size();
    result = pump(listing);
    if (result == Pump::AwaitDisk) ++tasks;
    ASSERT_LE(sys_.reads, 32);
    ASSERT_LE(sys_.stats, 32 * 170);
    ASSERT_LE(sys_.output.size() - before, 20'000U);
  }
  EXPECT_GT(tasks, 1) << "others get the thread in between";
  EXPECT_EQ(sys_.calls_by_loop, 0);
  EXPECT_EQ(result, Pump::Done);
  const auto parsed = StrictJson::parse(unchunked(sys_.output));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(names_of(*parsed), expected);
}

TEST_F(ListingBodyTest, SortsTwoHundredThousandEntries) {
  sys_.made_up = 200'000;
  const std::string text = list_text({ListingSort::Key::Size, true});  // all alike: by name
  std::size_t at = text.find('\n');
  for (std::size_t i = 0; i < sys_.made_up; ++i) {
    const std::string expected = "\n{\"name\": \"file " + std::to_string(i) + '"';
    ASSERT_EQ(text.substr(at, expected.size()), expected);
    at = text.find('\n', at + 1);
  }
  EXPECT_EQ(text.substr(at), "\n]}\n");
}

TEST_F(ListingBodyTest, SaysWhenAFolderHasTooManyEntries) {
  sys_.made_up = 100'000;
  sys_.made_up_name.assign(240, 'x');
  ListingBody listing = body({.format = ListingFormat::Json, .chunked = false});
  while (sys_.output.empty())
    ASSERT_NE(pump(listing), Pump::Failed);
  EXPECT_TRUE(sys_.output.starts_with("{\"path\": \"/static/x/\", \"truncated\": true,"));
  EXPECT_EQ(sys_.reads, FolderReader::kSliceLimit + 1);
  EXPECT_GE(sys_.stats, 57'000);
}

TEST_F(ListingBodyTest, SendsOnFromWhereATransferWasCut) {
  for (int i = 0; i < 100; ++i)
    write("a&" + std::to_string(i), 10);
  for (const bool chunked : {true, false}) {
    ListingBody whole = body({.chunked = chunked});
    sys_.transfer_limit = ListingSys::kNoLimit;
    sys_.blocks_every_other_time = false;
    sys_.output.clear();
    ASSERT_EQ(run(whole), Pump::Done);
    const std::string expected = std::move(sys_.output);
    for (const std::size_t cut : {1U, 7U, 4096U}) {
      ListingBody listing = body({.chunked = chunked});
      sys_.transfer_limit = cut;
      sys_.blocks_every_other_time = true;
      sys_.output.clear();
      EXPECT_EQ(run(listing), Pump::Done);
      EXPECT_TRUE(sys_.output == expected) << cut;
      EXPECT_EQ(listing.sent(), expected.size());
    }
  }
}

TEST_F(ListingBodyTest, SendsNothingOfAFolderThatCannotBeReadToItsEnd) {
  for (int i = 0; i < 500; ++i)
    write("file with a longer name " + std::to_string(i));
  int fired = 0;
  for (sys_.fail_read = 1;; ++sys_.fail_read) {
    sys_.reads = 0;
    ListingBody listing = body({});
    const Pump result = run(listing);
    if (result == Pump::Done) break;
    ++fired;
    EXPECT_EQ(result, Pump::Failed);
    EXPECT_EQ(listing.failure(), Failure::ReadError);
    EXPECT_EQ(sys_.output, "");
  }
  EXPECT_GT(fired, 3);
}

TEST_F(ListingBodyTest, FailsWhenItCannotTellWhatAnEntryIs) {
  write("a");
  for (const int error : {-EIO, -ENOMEM}) {
    sys_.on_stat = [error](const char*) { return error; };
    ListingBody listing = body({});
    EXPECT_EQ(run(listing), Pump::Failed);
    EXPECT_EQ(listing.failure(), Failure::ReadError);
  }
}

TEST_F(ListingBodyTest, FailsWhenThePeerIsGone) {
  sys_.send_error = EPIPE;
  ListingBody listing = body({});
  EXPECT_EQ(run(listing), Pump::Failed);
  EXPECT_EQ(listing.failure(), Failure::PeerClosed);
  EXPECT_EQ(listing.sent(), 0U);
}

// A client may take minutes over its page, and descriptors are few.
TEST_F(ListingBodyTest, ClosesTheFolderBeforeItSends) {
  const int folder = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY);
  ListingBody listing(sys_, threads_, *root_, UniqueFd(folder), {.path = "static/x"}, completion_);
  sys_.transfer_limit = 1;
  while (sys_.output.empty()) {
    sys_.blocks_every_other_time = true;
    ASSERT_NE(pump(listing), Pump::Failed);
  }
  EXPECT_EQ(::fcntl(folder, F_GETFD), -1);
  EXPECT_EQ(errno, EBADF);
}

}  // namespace
}  // namespace aws

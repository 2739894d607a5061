// DocumentRoot by openat2(2), and BeneathWalk, which must do the same without it.
#include "serve/document_root.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "faulty_sys.h"
#include "serve/beneath_walk.h"
#include "serve/file_cache.h"
#include "temp_folder.h"

namespace aws {
namespace {

// What a table expects of a path: the file with this content, a folder, or an error.
struct Outcome {
  std::string content;
  bool is_folder = false;
  int error = 0;

  bool operator==(const Outcome&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  if (outcome.is_folder) return out << "a folder";
  if (outcome.error != 0) return out << "error " << outcome.error;
  return out << "a file with \"" << outcome.content << '"';
}

Outcome content(const std::string& text) {
  return {text, false, 0};
}
Outcome folder() {
  return {"", true, 0};
}
Outcome error(int number) {
  return {"", false, number};
}

// The same tests, once with openat2 and once without.
class DocumentRootTest : public testing::TestWithParam<bool> {
 protected:
  DocumentRootTest() {
    sys_.lacks_openat2 = GetParam();
    tree_.write("outside.txt", "outside");
    tree_.write("root/a.txt", "a");
    tree_.write("root/folder/b.txt", "b");
    tree_.write("root/folder/deeper/c.txt", "c");
    tree_.write("root/empty", "");
    tree_.make_folder("outside");
    tree_.make_folder("root/bare");
  }

  Outcome open(const std::string& path) {
    const DocumentRoot root((tree_.path() / "root").string());
    return open_in(root, path);
  }

  Outcome open_in(const DocumentRoot& root, const std::string& path) {
    const std::ptrdiff_t before = open_descriptors();
    Outcome outcome;
    {
      Lookup lookup{sys_};
      const OpenedFile opened = root.open(lookup, path);
      outcome.is_folder = opened.is_folder;
      outcome.error = opened.error;
      EXPECT_EQ(static_cast<bool>(opened.file), opened.error == 0) << path;
      EXPECT_FALSE(opened.is_folder && opened.error != 0) << path;
      EXPECT_EQ(opened.is_file(), opened.error == 0 && !opened.is_folder) << path;
      EXPECT_EQ(opened.is_folder, opened.file && S_ISDIR(opened.status.st_mode)) << path;
      if (opened.is_file()) {
        outcome.content.resize(static_cast<std::size_t>(opened.status.st_size));
        EXPECT_EQ(::pread(opened.file.get(), outcome.content.data(), outcome.content.size(), 0),
                  opened.status.st_size);
      }
    }
    EXPECT_EQ(open_descriptors(), before) << path;
    return outcome;
  }

  void link(const std::string& name, const std::string& target) {
    tree_.link("root/" + name, target);
  }

  TempFolder tree_;
  FaultySys sys_;
};

INSTANTIATE_TEST_SUITE_P(Kernels, DocumentRootTest, testing::Bool(), [](const auto& lacks) {
  return lacks.param ? "WithoutOpenat2" : "WithOpenat2";
});

TEST_P(DocumentRootTest, OpensFilesAndTellsFolders) {
  EXPECT_EQ(open("a.txt"), content("a"));
  EXPECT_EQ(open("empty"), content(""));
  EXPECT_EQ(open("folder/b.txt"), content("b"));
  EXPECT_EQ(open("folder/deeper/c.txt"), content("c"));
  EXPECT_EQ(open(""), folder());
  EXPECT_EQ(open("folder"), folder());
  EXPECT_EQ(open("folder/deeper"), folder());
}

TEST_P(DocumentRootTest, SaysWhatIsNotThere) {
  EXPECT_EQ(open("missing"), error(ENOENT));
  EXPECT_EQ(open("missing/b.txt"), error(ENOENT));
  EXPECT_EQ(open("folder/missing"), error(ENOENT));
  EXPECT_EQ(open("a.txt/b"), error(ENOTDIR));
  EXPECT_EQ(open("folder/b.txt/c/d"), error(ENOTDIR));
  EXPECT_EQ(open(std::string(256, 'n')), error(ENAMETOOLONG));
  EXPECT_EQ(open("folder/" + std::string(256, 'n') + "/x"), error(ENAMETOOLONG));
  EXPECT_EQ(open(std::string(255, 'n')), error(ENOENT));
}

TEST_P(DocumentRootTest, FollowsLinksThatStayInside) {
  link("to_file", "a.txt");
  link("to_file_in_folder", "folder/b.txt");
  link("to_folder", "folder");
  link("to_folder_with_slash", "folder/deeper/");
  link("folder/up", "../a.txt");
  link("folder/deeper/up_twice", "../../a.txt");
  link("folder/around", "../folder/./deeper/../b.txt");
  link("to_root", ".");
  link("folder/to_root", "..");
  link("dotted", "./a.txt");
  EXPECT_EQ(open("to_file"), content("a"));
  EXPECT_EQ(open("to_file_in_folder"), content("b"));
  EXPECT_EQ(open("to_folder"), folder());
  EXPECT_EQ(open("to_folder/b.txt"), content("b"));
  EXPECT_EQ(open("to_folder_with_slash/c.txt"), content("c"));
  EXPECT_EQ(open("folder/up"), content("a"));
  EXPECT_EQ(open("folder/deeper/up_twice"), content("a"));
  EXPECT_EQ(open("folder/around"), content("b"));
  EXPECT_EQ(open("to_root"), folder());
  EXPECT_EQ(open("folder/to_root"), folder());
  EXPECT_EQ(open("folder/to_root/to_root/folder/up"), content("a"));
  EXPECT_EQ(open("dotted"), content("a"));
}

// ".." behind a link means the parent of where the link leads, and not of where the link stands.
TEST_P(DocumentRootTest, StepsUpFromWhereALinkLedTo) {
  link("short_cut", "folder/deeper");
  link("via_short_cut", "short_cut/../b.txt");
  link("via_short_cut_to_top", "short_cut/../../a.txt");
  EXPECT_EQ(open("via_short_cut"), content("b"));
  EXPECT_EQ(open("via_short_cut_to_top"), content("a"));
}

TEST_P(DocumentRootTest, NeverLeavesTheRoot) {
  link("relative", "../outside.txt");
  link("relative_folder", "../outside");
  link("absolute", (tree_.path() / "outside.txt").string());
  link("absolute_inside", (tree_.path() / "root/a.txt").string());
  link("absolute_root", "/");
  link("folder/far", "../../outside.txt");
  link("folder/out_and_in", "../../root/a.txt");
  link("above", "..");
  link("device", "/dev/null");
  link("missing_above", "../missing");
  for (const char* const path :
       {"relative", "relative_folder", "relative_folder/x", "absolute", "absolute_inside",
        "absolute_root", "absolute_root/etc/passwd", "folder/far", "folder/out_and_in", "above",
        "above/outside.txt", "device", "missing_above", "..", "../outside.txt",
        "folder/../../outside.txt", "/etc/passwd"}) {
    EXPECT_EQ(open(path), error(EXDEV)) << path;
  }
}

TEST_P(DocumentRootTest, FollowsChainsOfLinksButNotForEver) {
  link("link0", "a.txt");
  for (int i = 1; i <= 45; ++i) {
    link("link" + std::to_string(i), "link" + std::to_string(i - 1));
  }
  link("self", "self");
  link("ping", "pong");
  link("pong", "ping");
  link("round", "folder/../round/x");
  EXPECT_EQ(open("link39"), content("a")) << "40 links, as many as the kernel follows";
  EXPECT_EQ(open("link40"), error(ELOOP));
  EXPECT_EQ(open("link45"), error(ELOOP));
  EXPECT_EQ(open("self"), error(ELOOP));
  EXPECT_EQ(open("self/x"), error(ELOOP));
  EXPECT_EQ(open("ping"), error(ELOOP));
  EXPECT_EQ(open("round"), error(ELOOP));
}

TEST_P(DocumentRootTest, SaysWhereALinkDangles) {
  link("dangling", "missing");
  link("through_file", "a.txt/b");
  link("through_file_and_up", "a.txt/../a.txt");
  link("through_missing_and_up", "missing/../a.txt");
  EXPECT_EQ(open("dangling"), error(ENOENT));
  EXPECT_EQ(open("dangling/x"), error(ENOENT));
  EXPECT_EQ(open("through_file"), error(ENOTDIR));
  EXPECT_EQ(open("through_file_and_up"), error(ENOTDIR));
  EXPECT_EQ(open("through_missing_and_up"), error(ENOENT));
}

// The fallback once dropped what follows the last name, and so served what openat2 does not.
TEST_P(DocumentRootTest, WantsAFolderWhereALinkEndsInASlashOrADot) {
  link("file_as_folder", "a.txt/");
  link("file_with_dot", "a.txt/.");
  link("folder_with_dot", "folder/.");
  EXPECT_EQ(open("file_as_folder"), error(ENOTDIR));
  EXPECT_EQ(open("file_with_dot"), error(ENOTDIR));
  EXPECT_EQ(open("folder_with_dot"), folder());
}

// If opening waited for a writer, this test would never end.
TEST_P(DocumentRootTest, DoesNotWaitForAFifosWriter) {
  ASSERT_EQ(::mkfifo((tree_.path() / "root/fifo").c_str(), 0644), 0);
  link("to_fifo", "fifo");
  EXPECT_EQ(open("fifo"), error(ENOENT));
  EXPECT_EQ(open("to_fifo"), error(ENOENT));
}

TEST_P(DocumentRootTest, OpensNoSocket) {
  const std::string name = (tree_.path() / "root/s").string();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() >= sizeof(address.sun_path)) GTEST_SKIP() << "the temporary path is too long";
  name.copy(address.sun_path, name.size());
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(open("s"), error(ENXIO));
}

TEST_P(DocumentRootTest, SaysWhatMayNotBeRead) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  tree_.write("root/secret", "s");
  tree_.make_folder("root/closed");
  ASSERT_EQ(::chmod((tree_.path() / "root/secret").c_str(), 0), 0);
  ASSERT_EQ(::chmod((tree_.path() / "root/closed").c_str(), 0), 0);
  EXPECT_EQ(open("secret"), error(EACCES));
  EXPECT_EQ(open("closed/x"), error(EACCES));
  ASSERT_EQ(::chmod((tree_.path() / "root/closed").c_str(), 0755), 0);
}

TEST_P(DocumentRootTest, ReachesFilesUnderManyFolders) {
  std::string path;
  for (int i = 0; i < 64; ++i)
    path += "d/";
  tree_.write("root/" + path + "deep.txt", "deep");
  EXPECT_EQ(open(path + "deep.txt"), content("deep"));
  tree_.write("root/" + path + "d/deep.txt", "deeper");
  EXPECT_EQ(open(path + "d/deep.txt"), GetParam() ? error(ENAMETOOLONG) : content("deeper"))
      << "the fallback holds at most 64 folders open";
}

TEST_P(DocumentRootTest, PassesErrorsOnAndLeaksNothing) {
  const DocumentRoot root((tree_.path() / "root").string());
  using Call = FaultySys::Call;
  const Call kind = GetParam() ? Call::OpenAt : Call::OpenBeneath;
  for (const int number : {EMFILE, ENFILE, ENOMEM, EACCES, EIO}) {
    for (int n = 1; n <= (GetParam() ? 3 : 1); ++n) {
      sys_.fail_call(n, number, kind);
      EXPECT_EQ(open_in(root, "folder/deeper/c.txt"), error(number)) << "call " << n;
      EXPECT_TRUE(sys_.fault_fired());
    }
    sys_.fail_call(1, number, Call::Fstat);
    EXPECT_EQ(open_in(root, "a.txt"), error(number));
  }
}

TEST(DocumentRoot, TriesAgainWhereARenameRacedWithIt) {
  const TempFolder tree;
  tree.write("a.txt", "a");
  const DocumentRoot root(tree.path().string());
  FaultySys sys;
  Lookup lookup{sys};
  sys.fail_call(1, EAGAIN, FaultySys::Call::OpenBeneath);
  EXPECT_TRUE(root.open(lookup, "a.txt").file);
  EXPECT_EQ(sys.count(FaultySys::Call::OpenBeneath), 2U);
  EXPECT_EQ(sys.count(FaultySys::Call::OpenAt), 0U) << "no need for the fallback";
}

TEST(DocumentRoot, AsksForOpenat2OnlyUntilItIsKnownToBeMissing) {
  const TempFolder tree;
  tree.write("a.txt", "a");
  for (const int number : {ENOSYS, EPERM}) {
    const DocumentRoot root(tree.path().string());
    FaultySys sys;
    Lookup lookup{sys};
    sys.fail_call(1, number, FaultySys::Call::OpenBeneath);
    EXPECT_TRUE(root.open(lookup, "a.txt").file);
    EXPECT_TRUE(root.open(lookup, "a.txt").file);
    EXPECT_EQ(sys.count(FaultySys::Call::OpenBeneath), 1U);
    EXPECT_EQ(sys.count(FaultySys::Call::OpenAt), 2U);
  }
}

// ---- On the loop, which may not sleep

class CachedLookup : public testing::Test {
 protected:
  CachedLookup() { tree_.write("folder/a.txt", "a"); }

  Lookup lookup() { return {.sys = sys_, .may_sleep = false}; }

  TempFolder tree_;
  FaultySys sys_;
  DocumentRoot root_{tree_.path().string()};
};

TEST_F(CachedLookup, OpensWhatIsCached) {
  Lookup cached = lookup();
  EXPECT_TRUE(root_.open(cached, "folder/a.txt").is_file());
  EXPECT_EQ(root_.open(cached, "folder/missing").error, ENOENT);
  EXPECT_FALSE(cached.would_sleep);
  EXPECT_EQ(sys_.sleeps(), 0);
}

TEST_F(CachedLookup, GivesUpTheFilesOfTheCacheForADescriptor) {
  tree_.write("folder/b.txt", "b");
  for (const int number : {EMFILE, ENFILE}) {
    FileCache cache(2);
    Lookup cached = lookup();
    cached.cache = &cache;
    cached.now.wall_s = std::int64_t{1} << 40;  // all files are old
    ASSERT_TRUE(root_.open(cached, "folder/a.txt").is_file());
    sys_.fail_call(1, number, FaultySys::Call::OpenBeneath);
    EXPECT_TRUE(root_.open(cached, "folder/b.txt").is_file());
    EXPECT_FALSE(cache.find(sys_, "folder/a.txt", 0).is_file());
    EXPECT_TRUE(cache.find(sys_, "folder/b.txt", 0).is_file());
  }
}

TEST_F(CachedLookup, SaysWhereItWouldHaveToSleep) {
  sys_.lacks_cached_paths = true;
  Lookup cached = lookup();
  const OpenedFile none = root_.open(cached, "folder/a.txt");
  EXPECT_EQ(none.error, EAGAIN);
  EXPECT_FALSE(none.file);
  EXPECT_TRUE(cached.would_sleep);
  EXPECT_EQ(sys_.count(FaultySys::Call::OpenBeneath), 1U) << "to try again would not help";
  EXPECT_EQ(sys_.sleeps(), 0);

  Lookup patient{sys_};
  EXPECT_TRUE(root_.open(patient, "folder/a.txt").is_file());
  EXPECT_FALSE(patient.would_sleep);
  Lookup again = lookup();
  EXPECT_TRUE(root_.open(again, "folder/a.txt").is_file()) << "now it is cached";
}

// What was found before is dropped, so nothing more need be looked for.
TEST_F(CachedLookup, LooksNoFurtherThanToTheFirstMiss) {
  Lookup cached = lookup();
  ASSERT_TRUE(root_.open(cached, "folder/a.txt").is_file());
  sys_.fail_call(1, EAGAIN, FaultySys::Call::OpenBeneath);
  ASSERT_EQ(root_.open(cached, "folder/a.txt").error, EAGAIN);
  sys_.forget_calls();
  EXPECT_EQ(root_.open(cached, "folder/a.txt").error, EAGAIN);
  EXPECT_TRUE(cached.would_sleep);
  EXPECT_TRUE(sys_.calls().empty());
}

TEST_F(CachedLookup, IsNeverSureWithoutOpenat2) {
  sys_.lacks_openat2 = true;
  for (int i = 0; i < 2; ++i) {
    Lookup cached = lookup();
    EXPECT_EQ(root_.open(cached, "folder/a.txt").error, EAGAIN);
    EXPECT_TRUE(cached.would_sleep);
    Lookup patient{sys_};
    EXPECT_TRUE(root_.open(patient, "folder/a.txt").is_file());
  }
  EXPECT_EQ(sys_.count(FaultySys::Call::OpenBeneath), 0U) << "that it is unknown is known";
}

// Before Linux 5.12 there is openat2(2), but RESOLVE_CACHED is an invalid flag.
TEST_F(CachedLookup, IsNeverSureWhereTheKernelDoesNotKnowTheFlag) {
  sys_.fail_call(1, EINVAL, FaultySys::Call::OpenBeneath);
  Lookup cached = lookup();
  EXPECT_EQ(root_.open(cached, "folder/a.txt").error, EAGAIN);
  EXPECT_TRUE(cached.would_sleep);
}

TEST_F(CachedLookup, PassesOtherErrorsOn) {
  for (const int number : {EMFILE, ENOMEM, EACCES, EIO}) {
    sys_.fail_call(1, number, FaultySys::Call::OpenBeneath);
    Lookup cached = lookup();
    EXPECT_EQ(root_.open(cached, "folder/a.txt").error, number);
    EXPECT_FALSE(cached.would_sleep);
  }
}

TEST(DocumentRoot, MustBeAFolder) {
  const TempFolder tree;
  const std::string file = tree.write("a.txt", "a");
  EXPECT_THROW(DocumentRoot{file}, std::runtime_error);
  EXPECT_THROW(DocumentRoot{file + "x"}, std::runtime_error);
}

TEST(BeneathWalk, ReportsAnUnreadableLinkAsItIs) {
  const TempFolder tree;
  tree.write("a.txt", "a");
  tree.link("link", "a.txt");
  const UniqueFd root = UniqueFd(::open(tree.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (const int number : {EACCES, ENOMEM, EIO, ENOENT}) {
    FaultySys sys;
    sys.fail_call(1, number, FaultySys::Call::ReadlinkAt);
    EXPECT_EQ(BeneathWalk(sys, root.get()).open("link", O_RDONLY | O_CLOEXEC), -number);
  }
}

}  // namespace
}  // namespace aws

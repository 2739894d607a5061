// Who may include whom: lower floors know nothing of higher ones (docs/architecture.md).
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

namespace aws {
namespace {

const std::map<std::string, std::set<std::string>> kMayInclude = {
    {"http", {"http"}},
    {"os", {"os"}},
    {"serve", {"serve", "http", "os"}},
    {"server", {"server", "serve", "http", "os"}},
    {"", {"", "server", "serve", "http", "os"}},
};

// The folder in a path such as "http/target.h"; "" if there is none.
std::string folder_of(const std::string& path) {
  const std::size_t slash = path.find('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

TEST(Floors, KnowNothingOfHigherOnes) {
  const std::filesystem::path source =
      std::filesystem::path(__FILE__).parent_path() / ".." / ".." / "src";
  if (!std::filesystem::exists(source)) GTEST_SKIP() << "started elsewhere than it was built";
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(source)) {
    if (!entry.is_regular_file()) continue;
    ++files;
    const std::string file = std::filesystem::relative(entry.path(), source).string();
    ASSERT_TRUE(kMayInclude.count(folder_of(file)) > 0) << file << " is on no floor";
    std::ifstream lines(entry.path());
    constexpr std::string_view kInclude = "#include \"";
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with(kInclude)) continue;
      const std::string folder = folder_of(line.substr(kInclude.size()));
      EXPECT_TRUE(kMayInclude.at(folder_of(file)).count(folder) > 0) << file << ": " << line;
    }
  }
  EXPECT_GT(files, 30);
}

}  // namespace
}  // namespace aws

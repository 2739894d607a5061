// Mount points of paths, by name.
#include "os/mount_points.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "os/unique_fd.h"
#include "temp_folder.h"

namespace aws {
namespace {

TEST(MountPoints, FindTheLongestOneThatContainsAPath) {
  const MountPoints mounts;
  EXPECT_EQ(mounts.of("/proc"), "/proc");
  EXPECT_EQ(mounts.of("/proc/self/status"), "/proc");
  EXPECT_NE(mounts.of("/procession/file"), "/proc");
  EXPECT_EQ(mounts.of("/"), "/");
  EXPECT_EQ(mounts.of("proc"), "") << "not absolute";
  EXPECT_EQ(mounts.of(""), "");
}

TEST(MountPoints, KnowThePathOfAnOpenFile) {
  const TempFolder folder;
  const UniqueFd file(::open(folder.path().c_str(), O_PATH | O_CLOEXEC));
  EXPECT_EQ(path_of(file.get()), std::filesystem::canonical(folder.path()).string());
  EXPECT_EQ(path_of(-1), "");
}

}  // namespace
}  // namespace aws

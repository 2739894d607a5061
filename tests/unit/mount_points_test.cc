// Mount points of paths, by name.
#include "os/mount_points.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "os/unique_fd.h"
#include "temp_folder.h"

namespace aws {
namespace {

TEST(MountPoints, FindsTheLongestMountPointThatContainsAPath) {
  EXPECT_EQ(mount_point_of("/proc"), "/proc");
  EXPECT_EQ(mount_point_of("/proc/self/status"), "/proc");
  EXPECT_NE(mount_point_of("/procession/file"), "/proc");
  EXPECT_EQ(mount_point_of("/"), "/");
}

TEST(MountPoints, KnowsNoneOfARelativePath) {
  EXPECT_EQ(mount_point_of("proc"), "");
  EXPECT_EQ(mount_point_of(""), "");
}

TEST(MountPoints, FindsThePathOfAnOpenFile) {
  const TempFolder folder;
  const UniqueFd file(::open(folder.path().c_str(), O_PATH | O_CLOEXEC));
  EXPECT_EQ(path_of(file.get()), std::filesystem::canonical(folder.path()).string());
  EXPECT_EQ(path_of(-1), "");
}

}  // namespace
}  // namespace aws

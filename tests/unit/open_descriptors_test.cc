#include "os/open_descriptors.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "os/unique_fd.h"

namespace aws {
namespace {

TEST(OpenDescriptors, CountsThoseThatAreOpenNow) {
  const OpenDescriptors descriptors;
  const std::size_t before = descriptors.count();
  {
    const UniqueFd one(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const UniqueFd far(::fcntl(one.get(), F_DUPFD_CLOEXEC, 1000));
    EXPECT_EQ(descriptors.count(), before + 2);
  }
  EXPECT_EQ(descriptors.count(), before);
}

}  // namespace
}  // namespace aws

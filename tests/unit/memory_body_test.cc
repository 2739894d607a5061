#include "serve/memory_body.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "faulty_sys.h"
#include "temp_folder.h"

namespace aws {
namespace {

TEST(MemoryBody, SendsItsBytes) {
  FaultySys sys;
  const UniqueFd socket = sys.connect();
  for (const std::size_t size : {0U, 1U, 2U, 100'000U}) {
    sys.peer(socket.get()).output.clear();
    MemoryBody body(sys, pattern(size));
    EXPECT_EQ(body.pump(socket.get()), Pump::Done);
    EXPECT_TRUE(sys.peer(socket.get()).output == pattern(size)) << size;
    EXPECT_EQ(body.sent(), size);
    EXPECT_FALSE(sys.peer(socket.get()).held_back) << "nothing follows";
  }
}

TEST(MemoryBody, SendsOnFromWhereATransferWasCut) {
  for (const std::size_t cut : {1U, 7U, 4096U}) {
    FaultySys sys;
    const UniqueFd socket = sys.connect();
    sys.transfer_limit = cut;
    sys.blocks_every_other_time = true;
    MemoryBody body(sys, pattern(10'000));
    Pump result = Pump::AwaitSocket;
    while (result == Pump::AwaitSocket)
      result = body.pump(socket.get());
    EXPECT_EQ(result, Pump::Done);
    EXPECT_TRUE(sys.peer(socket.get()).output == pattern(10'000)) << cut;
  }
}

TEST(MemoryBody, FailsWhenThePeerIsGone) {
  FaultySys sys;
  const UniqueFd socket = sys.connect();
  sys.transfer_limit = 10;
  sys.fail_call(2, EPIPE);
  MemoryBody body(sys, "0123456789abc");
  EXPECT_EQ(body.pump(socket.get()), Pump::Failed);
  EXPECT_EQ(body.failure(), Failure::PeerClosed);
  EXPECT_EQ(body.sent(), 10U);
}

}  // namespace
}  // namespace aws

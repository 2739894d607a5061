// The calls that a plan can name, the faults that each can get, and the function names by which
// programs make each call.
//
// All of this is constant. It does not depend on plans or descriptors.
#ifndef PRELOAD_PLAN_CALLS_H
#define PRELOAD_PLAN_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum Call {
  // Transfers: the calls that `*` means in a plan.
  kSend,
  kSendto,
  kSendmsg,
  kWrite,
  kWritev,
  kPwrite,
  kSendfile,
  kSplice,
  kRecv,
  kRecvfrom,
  kRecvmsg,
  kRead,
  kReadv,
  kPread,
  kPreadv,
  kPreadv2,
  kTransferCount,
  kAccept = kTransferCount,
  kAccept4,
  kConnect,
  kEpollWait,
  kEpollPwait,
  kPoll,
  kOpen,
  kOpenat,
  kOpenat2,
  kFstat,
  kClose,
  kIoSetup,
  kIoSubmit,
  kIoGetevents,
  kCompletion,  // one event that io_getevents returned
  kEventfd,
  kSocket,
  kSetsockopt,
  kMalloc,
  kCallCount
};

// A set of calls: bit n stands for the call with the value n.
typedef uint64_t CallSet;
static inline CallSet set_of(enum Call call) {
  return (CallSet)1 << call;
}

// What an action does. action.c lists the words that name actions in a plan.
enum Effect {
  kFail,   // the call returns an errno; the kernel does not see the call
  kAgain,  // EAGAIN, on a nonblocking descriptor
  kHalf,   // the call asks for half of its length
  kMax,    // the call asks for at most N
  kRate,   // the call asks for what the rate allows in 0.1 s, and waits that long
  kZero,   // the call returns 0, as at the end of a file or stream
  kReset,  // the connection is reset; the peer sees it too
  kPipe,   // the sending side is shut down: EPIPE, and SIGPIPE unless it is suppressed
  kDelay,  // the call is delayed
  kEffectCount
};

// How calls are numbered, for `@3` in a plan.
enum Counting {
  kPerProcess,     // over the whole process
  kPerDescriptor,  // on this connection, or on this file since it was opened
};

struct CallTraits {
  const char* name;
  enum Counting counting;
  unsigned effects;    // bits of enum Effect; for kFail see `errors`
  const char* errors;  // names of errno from the manual page, each between two spaces
  int whole_flags;     // MSG_ flags: with any of these the length must not be changed
};

extern const struct CallTraits kCalls[kCallCount];

// Returns whether `call` may fail with the errno `name`, a word of `length` characters.
bool may_fail_with(enum Call call, const char* name, size_t length);

// Returns the calls that a word of a plan names: the name of a call, one of its function names, `*`
// for all transfers, or a pattern with a star (`recv*`). The set is empty if nothing matches.
CallSet calls_named(const char* word, size_t length);

// The functions that the library defines, from hooks/names.def.
enum Function {
#define FUNCTION(name, call) kFunction_##name,
#include "hooks/names.def"
#undef FUNCTION
  kFunctionCount
};

extern const char* const kFunctionNames[kFunctionCount];

#endif

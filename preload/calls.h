// The calls that a plan can name, what may be done to each, and by which names programs reach them.
//
// Nothing here knows of plans or descriptors. All of it is constant.
#ifndef PRELOAD_CALLS_H
#define PRELOAD_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum Call {
  // Transfers: what `*` stands for in a plan.
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
  kCompletion,  // one event that io_getevents reaped
  kEventfd,
  kSocket,
  kSetsockopt,
  kMalloc,
  kCallCount
};

// A set of calls: bit n stands for the call with that value.
typedef uint64_t CallSet;
static inline CallSet set_of(enum Call call) {
  return (CallSet)1 << call;
}

// What an action does; the words of the grammar are in plan_action.c.
enum Effect {
  kFail,   // an errno, and the kernel is not asked
  kAgain,  // EAGAIN where nothing would have blocked, with the edge that epoll owes for it
  kHalf,   // ask for half
  kMax,    // ask for at most so many
  kRate,   // ask for a tenth of a second's worth, and let a tenth of a second pass
  kZero,   // 0: the end of the file or of the stream
  kReset,  // the connection is reset, for the peer as well
  kPipe,   // the sending side is shut down: EPIPE, and SIGPIPE where it is due
  kDelay,  // the call comes later
  kEffectCount
};

// How calls are counted: the number in `@3`.
enum Counting {
  kPerProcess,     // no connection is concerned
  kPerDescriptor,  // of this call on this connection, or since this file was opened
};

struct CallTraits {
  const char* name;
  enum Counting counting;
  unsigned effects;    // bits of enum Effect, without kFail: that follows from `errors`
  const char* errors;  // the names of errno that the manual knows for it, each between blanks
  int whole_flags;     // MSG_ flags with any of which the length means more than "at most"
};

extern const struct CallTraits kCalls[kCallCount];

// Whether `call` may answer with the errno `name`, a word of `length` characters.
bool may_fail_with(enum Call call, const char* name, size_t length);

// The calls named by a word of a plan: a call's name, one of its spellings, `*` for all transfers,
// or a pattern with a star in it (`recv*`). Empty if there is none.
CallSet calls_named(const char* word, size_t length);

// The names that we define: spellings.def lists them. `real_function` finds what each would have
// been without us.
enum Spelling {
#define SPELLING(name, call) kSpelling_##name,
#include "spellings.def"
#undef SPELLING
  kSpellingCount
};

extern const char* const kSpellingNames[kSpellingCount];

#endif

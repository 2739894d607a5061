// Rearms edge-triggered epoll registrations after a fault.
//
// After EAGAIN, an edge-triggered program waits for the next edge. After a short count it may do
// the same: epoll(7), question 9, allows that, and nginx does it. If all data has arrived already,
// there is no further edge, and an injected fault would make a correct program hang. So the
// registration is written again unchanged (EPOLL_CTL_MOD). Then epoll checks the descriptor again
// and reports it if it is ready.
#ifndef PRELOAD_DECISION_EDGES_H
#define PRELOAD_DECISION_EDGES_H

#include <stdbool.h>
#include <sys/epoll.h>

// Records a successful epoll_ctl(2) of the program.
void record_registration(int epoll, int operation, int fd, const struct epoll_event* event);

// Rearms the edge-triggered registrations of `fd`. Level-triggered ones report the descriptor again
// anyway, and the program itself rearms one-shot registrations.
void rearm_edges(int fd);

// Returns whether a sandbox allows rearm_edges(fd).
bool can_rearm_edges(int fd);

#endif

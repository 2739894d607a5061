// The edges that edge-triggered epoll owes for a would-block or a short count of ours.
//
// A program that was told EAGAIN waits for the next edge; and so may one that got less than it
// asked for, as epoll(7) tells it (question 9), and nginx does. If the data is there all the time
// no edge comes, and a fault of ours would hang a program that has no fault. So the registration is
// written once more as it is (EPOLL_CTL_MOD): epoll looks anew, at the latest when it is asked, and
// reports what is ready then.
#ifndef PRELOAD_EDGE_H
#define PRELOAD_EDGE_H

#include <stdbool.h>
#include <sys/epoll.h>

// What the program told epoll, successfully.
void note_registration(int epoll, int operation, int fd, const struct epoll_event* event);

// Has each epoll that watches `fd` edge-triggered look anew. Nothing where it is level-triggered
// (a new look comes anyhow) or one-shot (the program asks for it).
void renew_edges(int fd);

// Whether a sandbox lets it do so, where there is an edge to renew.
bool can_renew_edges(int fd);

#endif

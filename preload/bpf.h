// An interpreter for the programs of seccomp(2): classic BPF over a struct seccomp_data.
//
// Constant time per instruction, no allocation, callable from anywhere.
#ifndef PRELOAD_BPF_H
#define PRELOAD_BPF_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>

// What the program answers: a SECCOMP_RET_ value. SECCOMP_RET_KILL_PROCESS for a program that the
// kernel would not have taken.
uint32_t run_bpf(const struct sock_filter* program, size_t length, const struct seccomp_data* data);

#endif

// An interpreter for seccomp(2) programs: classic BPF on a struct seccomp_data.
//
// It allocates nothing. Any thread and any signal handler may call it.
#ifndef PRELOAD_PROCESS_BPF_H
#define PRELOAD_PROCESS_BPF_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>

// Runs the program and returns its result, a SECCOMP_RET_ value. Returns SECCOMP_RET_KILL_PROCESS
// if the program does not end with a return instruction; the kernel rejects such a program.
uint32_t run_bpf(const struct sock_filter* program, size_t length, const struct seccomp_data* data);

#endif

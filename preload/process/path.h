// Absolute paths, which stay valid when the program changes its working directory.
#ifndef PRELOAD_PROCESS_PATH_H
#define PRELOAD_PROCESS_PATH_H

enum { kPathSize = 4096 };  // PATH_MAX, which includes the NUL

// Copies the path to `absolute`, after the working directory if the path is relative. Returns 0 or
// -errno.
int make_absolute(char absolute[kPathSize], const char* path);

#endif

// Paths that stay right whatever directory the program works in later.
#ifndef PRELOAD_PATH_H
#define PRELOAD_PATH_H

enum { kPathSize = 4096 };  // PATH_MAX: with the NUL

// Writes the path with the working directory before it, unless it is absolute already. Returns 0
// or -errno.
int make_absolute(char absolute[kPathSize], const char* path);

#endif

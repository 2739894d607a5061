#!/usr/bin/env bash
# Installs what aws needs, and only what is missing.
#
#   third_party/deps.sh build|test|clang|fuzz|lint|bench|all
#   third_party/deps.sh missing build|test|clang|fuzz|lint|bench    names on one line what cannot be found, installs nothing
#
# It installs on systems with apt, as root or by a sudo that asks for no password. Elsewhere it looks whether the
# compiler and the tests would find what they need, however it got there, and says in one line what to install.
# Exit status: 0 when nothing is missing (any more), 1 when something is, 2 for a wrong command line.
set -euo pipefail

CXX=${CXX:-g++}
CPPFLAGS=${CPPFLAGS:-}
PKG_CONFIG=${PKG_CONFIG:-pkg-config}
LLHTTP_DIR=${LLHTTP_DIR:-}

# Servers that are installed to be tested and measured. Their packages would start them, now and after each boot: a policy-rc.d
# (see invoke-rc.d(8)) that is there during the installation, and is not if there was one, says no to the first.
DAEMONS=(nginx lighttpd h2o)
POLICY=/usr/sbin/policy-rc.d

# g++ brings the run-time libraries of the sanitizers with it. "llhttp" is whichever package this system has it in.
packages() {
  case $1 in
    build) echo g++ make pkg-config libaio-dev libcli11-dev libspdlog-dev libfmt-dev zlib1g-dev libzstd-dev llhttp ;;
    test)
      echo libgtest-dev libgmock-dev librapidcheck-dev python3 python3-pytest python3-pytest-timeout python3-pytest-xdist valgrind strace \
        lsof bubblewrap curl wget lftp zsync zchunk aria2 axel procps netcat-openbsd util-linux nginx lighttpd
      ;;
    clang) echo clang ;;
    # The run-time library of clang's sanitizers and of libFuzzer, for the clang that is the default.
    fuzz) echo clang libclang-rt-dev ;;
    lint) echo clang-format clang-tidy cppcheck ;;
    bench) echo python3 wrk nginx lighttpd h2o libuv1-dev libevent-dev apache2-utils ;;
    all) packages build; packages test; packages clang; packages fuzz; packages lint; packages bench ;;
  esac
}

# The packages of a group that are not installed, one a line.
lacking() {
  local wanted installed package
  read -ra wanted <<<"$(packages "$1" | tr '\n' ' ')"
  installed=" $(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${wanted[@]}" libllhttp-dev node-llhttp \
    2>/dev/null | awk '$2 == "installed" { print $1 }' | tr '\n' ' ')"
  for package in "${wanted[@]}"; do
    if [[ $package == llhttp ]]; then
      [[ -z $LLHTTP_DIR && $installed != *" libllhttp-dev "* && $installed != *" node-llhttp "* ]] || continue
    elif [[ $installed == *" $package "* ]]; then
      continue
    fi
    echo "$package"
  done
}

has_command() { command -v "$1" >/dev/null 2>&1; }

has_header() {
  # shellcheck disable=SC2086  # both are lists of words
  printf '#if !__has_include(<%s>)\n#error missing\n#endif\n' "$1" |
    $CXX -std=c++20 $CPPFLAGS -E -x c++ - >/dev/null 2>&1
}

has_package() { has_command "$PKG_CONFIG" && "$PKG_CONFIG" --exists "$1"; }

links_fuzzer() {
  echo 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }' |
    clang++ -fsanitize=fuzzer,address -x c++ - -o /dev/null >/dev/null 2>&1
}

has_pytest() {
  local python
  for python in python3 /usr/bin/python3; do
    if "$python" -c 'import pytest' 2>/dev/null; then return 0; fi
  done
  return 1
}

# What a group cannot do without and is not found, by whatever means it might have come: "name (package)", one a line.
# Tools that a test can do without, by being skipped, are not named.
not_found() {
  case $1 in
    build)
      has_command "${CXX%% *}" || { echo "the C++20 compiler ${CXX%% *} (g++)"; return; }
      has_command "$PKG_CONFIG" || echo "pkg-config (pkg-config)"
      has_header libaio.h || echo "libaio (libaio-dev)"
      has_header CLI/CLI.hpp || echo "CLI11 (libcli11-dev)"
      { has_package spdlog && has_header spdlog/spdlog.h; } || echo "spdlog (libspdlog-dev)"
      { has_package fmt && has_header fmt/format.h; } || echo "fmt (libfmt-dev)"
      { has_package zlib && has_header zlib.h; } || echo "zlib (zlib1g-dev)"
      { has_package libzstd && has_header zstd.h; } || echo "zstd (libzstd-dev)"
      [[ -n $LLHTTP_DIR ]] || has_package libllhttp || [[ -f /usr/share/llhttp/llhttp.c ]] ||
        echo "llhttp (libllhttp-dev or node-llhttp or LLHTTP_DIR)"
      ;;
    test)
      has_header gtest/gtest.h || echo "GoogleTest (libgtest-dev)"
      has_header gmock/gmock.h || echo "GoogleMock (libgmock-dev)"
      has_header rapidcheck.h || echo "RapidCheck (librapidcheck-dev)"
      has_pytest || echo "pytest (python3-pytest)"
      ;;
    clang) has_command clang++ || echo "clang++ (clang)" ;;
    fuzz)
      if ! has_command clang++; then
        echo "clang++ (clang)"
      elif ! links_fuzzer; then
        echo "libFuzzer (libclang-rt-dev)"
      fi
      ;;
    lint)
      local tool
      for tool in clang-format clang-tidy cppcheck; do has_command "$tool" || echo "$tool ($tool)"; done
      ;;
    # The peers are welcome; what is not there is not measured.
    bench) has_command wrk || echo "wrk (wrk)" ;;
    all) not_found build; not_found test; not_found clang; not_found fuzz; not_found lint; not_found bench ;;
  esac
}

one_line() { paste -sd ',' - | sed 's/,/, /g'; }

# Installs the packages given, or fails; says first what it is about to do.
install_packages() {
  local as_root=() package names=() daemons=()
  if [[ $(id -u) -ne 0 ]]; then
    has_command sudo && sudo -n true 2>/dev/null || return 1
    as_root=(sudo -n)
  fi
  echo "deps: installing $*" >&2
  # An unreachable mirror, or one of several that is out of date, need not keep the others from having what is wanted.
  "${as_root[@]}" apt-get -qq -o Acquire::Retries=2 -o Acquire::http::Timeout=30 update || true
  for package in "$@"; do
    if [[ $package == llhttp ]]; then
      package=node-llhttp
      if apt-cache show libllhttp-dev >/dev/null 2>&1; then package=libllhttp-dev; fi
    elif [[ " ${DAEMONS[*]} " == *" $package "* ]]; then
      apt-cache show "$package" >/dev/null 2>&1 || continue
      daemons+=("$package")
    fi
    names+=("$package")
  done
  local policy=() status=0
  if [[ ${#daemons[@]} -gt 0 && ! -e $POLICY ]]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$POLICY" >/dev/null
    "${as_root[@]}" chmod 755 "$POLICY"
    policy=("$POLICY")
  fi
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
    -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install "${names[@]}" >/dev/null || status=$?
  [[ ${#policy[@]} -eq 0 ]] || "${as_root[@]}" rm -f "${policy[@]}"
  if [[ ${#daemons[@]} -gt 0 && -d /run/systemd/system ]]; then
    "${as_root[@]}" systemctl --quiet disable "${daemons[@]}" 2>/dev/null || true
  fi
  return "$status"
}

main() {
  if [[ ${1:-} == missing ]]; then
    not_found "${2:-build}" | one_line
    return 0
  fi
  local group=${1:-build} wanted missing
  if [[ ! $group =~ ^(build|test|clang|fuzz|lint|bench|all)$ ]]; then
    echo "usage: third_party/deps.sh [missing] build|test|clang|fuzz|lint|bench|all" >&2
    return 2
  fi
  if has_command apt-get && has_command dpkg-query; then
    read -ra wanted <<<"$(lacking "$group" | tr '\n' ' ')"
    if [[ ${#wanted[@]} -eq 0 ]] || install_packages "${wanted[@]}"; then return 0; fi
  fi
  # Nothing could be installed, but what is needed may have come another way.
  missing=$(not_found "$group" | one_line)
  if [[ -n $missing ]]; then
    echo "deps: please install $missing" >&2
    return 1
  fi
  if [[ -n ${wanted[*]:-} ]]; then
    echo "deps: going on without ${wanted[*]}" >&2
  fi
}

main "$@"

"""The names of functions that a program takes from shared libraries: what `nm -D -u` lists, without nm.

Reads 64-bit little-endian ELF files (x86-64, arm64, riscv64), see elf(5).
"""
from __future__ import annotations

import struct
from pathlib import Path

SHT_DYNSYM, SHT_SYMTAB, SHN_UNDEF = 11, 2, 0


def undefined_symbols(program: Path) -> set[str]:
    """Empty if the file is no such program, or has no table of symbols."""
    data = program.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":
        return set()
    try:
        return set(undefined_names(data))
    except (struct.error, IndexError):
        return set()


def undefined_names(data: bytes):
    """Yields the names in the tables of dynamic and of static symbols."""
    table, = struct.unpack_from("<Q", data, 0x28)
    entry_size, count = struct.unpack_from("<HH", data, 0x3A)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, table + at * entry_size) for at in range(count)]
    for section in sections:
        kind, offset, size, link, entry = section[1], section[4], section[5], section[6], section[9]
        if kind not in (SHT_DYNSYM, SHT_SYMTAB) or not entry:
            continue
        strings = sections[link][4]
        for at in range(offset, offset + size, entry):
            name, _, _, index = struct.unpack_from("<IBBH", data, at)
            if index == SHN_UNDEF and name:
                end = data.index(b"\0", strings + name)
                yield data[strings + name:end].decode(errors="replace").partition("@")[0]

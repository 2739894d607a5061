"""From the command line to the reports."""
from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from grader import command_line, machine
from grader.check import ALL
from grader.errors import BadCommandLine, MachineLacks
from grader.isolation import best_kind
from grader.pool import Graded, Orders, Pool
from grader.progress import Progress
from grader.replay import replay_command
from grader.report_csv import csv_report
from grader.report_html import html_report
from grader.report_json import json_report
from grader.report_junit import junit_report
from grader.report_text import text_report
from grader.scheme import Row, choose, default_scheme, load_scheme

OK, BAD_COMMAND_LINE, MACHINE_LACKS, INTERRUPTED = 0, 2, 3, 130


def main(arguments: list[str]) -> int:
    sys.stdout.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # cleans up as after Control-C
    try:
        options = command_line.parse(arguments)
        rows = load_scheme(options.scheme) if options.scheme else default_scheme()
        rows = choose(rows, options.only)
        if options.list:
            print_list(rows)
            return OK
        return grade(options, rows)
    except BadCommandLine as error:
        command_line.complain(error)
        return BAD_COMMAND_LINE
    except MachineLacks as error:
        command_line.complain(error)
        return MACHINE_LACKS
    except KeyboardInterrupt:
        command_line.complain("interrupted; nothing is left running")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK


def print_list(rows: list[Row]) -> None:
    for row in rows:
        print(f"{row.id:36} {row.points:2} {row.column:7} {ALL[row.id].title}")
    for column in ("course", "extra"):
        print(f"{sum(row.points for row in rows if row.column == column)} points in the {column} column")


def grade(options: argparse.Namespace, rows: list[Row]) -> int:
    kind = best_kind(options.isolation)
    if kind != options.isolation and options.isolation not in ("auto", "none"):
        raise MachineLacks(f"{options.isolation} cannot make namespaces here: leave --isolation out")
    if kind == "none" and options.isolation != "none":
        command_line.complain("no namespaces for processes and networks can be had here (bwrap, unshare): "
                              "submissions are not kept from this machine, and are graded one by one")
    machine.require_programs(rows, options.submissions, kind != "none")
    if kind == "none":
        machine.require_free_port()
    directory = Path(tempfile.mkdtemp(prefix="grade-", dir=machine.temporary_directory()))
    os.chmod(directory, 0o755)
    progress = Progress(len(rows) * len(options.submissions))
    try:
        orders = Orders(rows, kind, machine.shim(directory), directory, options.seed, options.timeout, options.keep)
        pool = Pool(orders, options.jobs if kind != "none" else 1, progress)
        graded = pool.grade(options.submissions)
    finally:
        progress.end()
        if not options.keep:
            shutil.rmtree(directory, ignore_errors=True)
    report(graded, options)
    if options.keep:
        print(f"kept: {directory}")
    return OK


def report(all_graded: list[Graded], options: argparse.Namespace) -> None:
    for graded in all_graded:
        for result in graded.results:
            seed = options.seed if result.seed is None else result.seed
            result.replay = replay_command(graded.submission, result.id, seed, options.timeout)
        print(text_report(graded), end="")
    for path, render in ((options.json, json_report), (options.junit, junit_report), (options.csv, csv_report),
                         (options.html, html_report)):
        if path:
            try:
                path.write_text(render(all_graded), encoding="utf-8", errors="replace")
            except OSError as error:
                raise BadCommandLine(f"{path}: it cannot be written: {error.strerror}") from error

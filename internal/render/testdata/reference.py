#!/usr/bin/python3
"""Writes into the files named on its command line what AWS CLI v2 prints for the values in them.

Run it with the Python that has the awscli package of version 2 (python3 on Debian with package awscli). In a .txtar file each
"NAME.json" is followed by one section for each form; in a .jsonl file each line has a value and what the forms make of it.
"""
import io
import json
import sys
from types import SimpleNamespace

from awscli import formatter, table

RESET = "\x1b[0m"
TITLE = "CreateToken"
SHOWN = ("text", "table", "yaml", "yaml-stream")


class Direct:
    """Standard output as colorama wraps it: each write is followed by a reset."""

    def __init__(self, out):
        self.out = out

    def write(self, text):
        self.out.write(text + RESET)


class Colors(table.ColorizedStyler):
    def __init__(self):  # the original wraps standard output
        pass


def draw_table(value, out, option):
    drawing = formatter.TableFormatter(SimpleNamespace(query=None, color="off"))
    drawing.table._terminal_width = int(option) if option.isdigit() else 80
    if option in ("direct", "pager"):
        drawing.table._styler = Colors()
    drawing._format_response(TITLE, value, Direct(out) if option == "direct" else out)


def show(form, value):
    """What the reference prints, and whether it then failed."""
    out = io.StringIO()
    name, _, option = form.partition("@")
    arguments = SimpleNamespace(query=None, color="off")
    try:
        if name == "text":
            formatter.TextFormatter(arguments)._format_response(value, out)
        elif name == "table":
            draw_table(value, out, option)
        elif name == "yaml":
            formatter.YAMLFormatter(arguments)._format_response(TITLE, value, out)
        elif name == "yaml-stream" and value != {}:
            formatter.YAMLDumper().dump([value], out)
    except (AttributeError, IndexError, TypeError, ValueError):
        return out.getvalue(), True
    return out.getvalue(), False


def read_txtar(text):
    parts, name, body = [], None, []
    for line in text.split("\n"):
        if line.startswith("-- ") and line.endswith(" --"):
            parts.append((name, "\n".join(body)))
            name, body = line[3:-3].strip(), []
        else:
            body.append(line)
    parts.append((name, "\n".join(body)))
    return parts


def rewrite_txtar(path):
    with open(path, encoding="utf-8", newline="") as file:
        parts = read_txtar(file.read())
    wanted = {}  # forms of each value beside the usual ones
    for name, _ in parts:
        if name and "@" in name:
            value, _, form = name.removesuffix(".refused").partition(".")
            wanted.setdefault(value, []).append(form)
    written = parts[0][1].rstrip("\n") + "\n"
    for name, body in parts[1:]:
        if not name.endswith(".json"):
            continue
        stem = name[: -len(".json")]
        written += f"-- {name} --\n{body.strip()}\n"
        for form in [*SHOWN, *wanted.get(stem, [])]:
            shown, refused = show(form, json.loads(body))
            written += f"-- {stem}.{form}{'.refused' if refused else ''} --\n{shown}"
            if written.endswith(RESET):  # a section ends with a line break
                written += "\n"
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(written)


def rewrite_jsonl(path):
    with open(path, encoding="utf-8") as file:
        cases = [json.loads(line) for line in file]
    with open(path, "w", encoding="utf-8") as file:
        for case in cases:
            for form in SHOWN:
                shown, refused = show(form, case["value"])
                case[form] = {"refused": True, "shown": shown} if refused else {"shown": shown}
            file.write(json.dumps(case) + "\n")


for each in sys.argv[1:]:
    rewrite_jsonl(each) if each.endswith(".jsonl") else rewrite_txtar(each)

"""What the tables share: reading results, and writing Markdown between the marker comments of a file."""

import argparse
import json
from pathlib import Path


def read(path):
    """Name of the program, or "load" -> the JSON values of its lines."""
    runs = {}
    for line in Path(path).read_text().splitlines():
        name, result = line.split(" ", 1)
        runs.setdefault(name, []).append(json.loads(result))
    return runs


def processor():
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    fields = dict(line.split(":", 1) for line in reversed(lines) if ":" in line)
    fields = {name.strip(): value.strip() for name, value in fields.items()}
    if "model name" not in fields:
        return "a processor without /proc/cpuinfo's model name"
    return f"{fields['model name']} (family {fields.get('cpu family', '?')}, model {fields.get('model', '?')})"


def markdown(lines):
    """Cells as a table; the second line says how columns are aligned."""
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write(text, into, name):
    """Prints; into a file also between its comments `<!-- name:begin -->` and `<!-- name:end -->`."""
    if into:
        first, last = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        document = Path(into).read_text()
        before, begin, rest = document.partition(first)
        _, end, after = rest.partition(last)
        if not begin or not end:
            raise SystemExit(f"error: {into} has no {first} … {last}")
        Path(into).write_text(f"{before}{first}\n{text}\n{last}{after}")
    print(text)


def machine(runs, beside=""):
    """What was measured on what; `beside` is said after PyTorch."""
    first = runs["foil"][0]
    load = f"; load average before the first round {runs['load'][0]}" if "load" in runs else ""
    return f"{processor()}; {first['threads']} threads; Foil with {first['instructions']}, PyTorch {runs['torch'][0]['torch']}{beside}{load}."


def rounds(runs, fields):
    """How many of one program's runs are like the first."""
    return sum(1 for run in runs if all(run[field] == runs[0][field] for field in fields))


def command(description, name, text):
    """Writes what `text` makes of the runs in a file that is named on the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("results", help="lines of a program's name and its JSON")
    parser.add_argument("--into", metavar="FILE", help="write between the markers of this file")
    arguments = parser.parse_args()
    write(text(read(arguments.results)), arguments.into, name)

"""The table of operations: medians over the rounds of `benchmarks/compare ops`.

Reads lines of a program's name (foil, torch) and its JSON, and one of `load` and the load average before. Prints Markdown; with
--into it is also written between the two marker comments of a file."""

import math
import statistics

from tables import command, machine, markdown

CHANNELS_LAST, NCHW, NO_LAYOUT = "channels-last", "nchw", ""
NOTHING = "–"


def medians(runs, value, key_fields):
    """Rows that have the same key fields -> the median of their value over the runs; rows without the value are left out."""
    values = {}
    for run in runs:
        for row in run["rows"]:
            if row[value] is not None:
                key = tuple(str(row[field]) for field in key_fields)
                values.setdefault(key, []).append(row[value])
    return {key: statistics.median(found) for key, found in values.items()}


class Row:
    """One operation, shape and type, with the medians of all programs; `None` where a program has no such row."""

    def __init__(self, op, dtype, shape):
        self.op, self.dtype, self.shape = op, dtype, shape
        self.foil = self.candle = self.share = self.nchw = self.channels_last = None

    def cells(self):
        shape = "×".join(str(size) for size in self.shape)
        speeds = [self.foil, self.nchw, self.channels_last, self.candle]
        ratios = [ratio(self.foil, self.channels_last), ratio(self.foil, self.candle)]
        return [
            self.op, shape, self.dtype,
            *[NOTHING if speed is None else f"{speed:.1f}" for speed in speeds],
            *[NOTHING if value is None else f"{value:.2f}" for value in ratios],
            f"{100 * self.share:.0f} %",
        ]  # fmt: skip


def ratio(ours, theirs):
    return None if theirs is None else ours / theirs


def joined(runs):
    """All rows of Foil, in its order within an operation, `f32` before `bf16`."""
    key_fields = ("op", "dtype", "shape")
    foil = medians(runs["foil"], "gflops", key_fields)
    candle = medians(runs["foil"], "candle_gflops", key_fields)
    share = medians(runs["foil"], "share_of_peak", key_fields)
    torch = medians(runs["torch"], "gflops", (*key_fields, "layout"))
    rows = []
    for measured in runs["foil"][0]["rows"]:
        row = Row(measured["op"], measured["dtype"], measured["shape"])
        key = tuple(str(measured[field]) for field in key_fields)
        row.foil, row.candle, row.share = foil[key], candle.get(key), share[key]
        row.nchw = torch.get((*key, NCHW))
        row.channels_last = torch.get((*key, CHANNELS_LAST), torch.get((*key, NO_LAYOUT)))
        rows.append(row)
    operations = list(dict.fromkeys(row.op for row in rows))
    return sorted(rows, key=lambda row: (operations.index(row.op), row.dtype != "f32"))


def table(rows):
    heading = ["operation", "shape", "type", "Foil", "PyTorch, NCHW", "PyTorch, channels-last", "candle"]
    heading += ["Foil / channels-last", "Foil / candle", "of peak"]
    lines = [heading, ["---"] * 3 + ["---:"] * 7, *[row.cells() for row in rows]]
    return markdown(lines)


GROUPS = {
    "convolutions, bf16": lambda row: row.op in ("conv3x3", "conv1x1") and row.dtype == "bf16",
    "convolutions, f32": lambda row: row.op in ("conv3x3", "conv1x1") and row.dtype == "f32",
    "attention and linear": lambda row: row.op in ("attention", "linear"),
    "gradients of 3×3 convolutions": lambda row: row.op.startswith("conv3x3-"),
}


def summary(rows):
    """Geometric mean and minimum of the ratios of each group."""
    comparisons = {
        "channels-last": lambda row: row.channels_last,
        "the faster layout": lambda row: max((x for x in (row.nchw, row.channels_last) if x), default=None),
        "candle": lambda row: row.candle,
    }
    lines = ["| Foil's speed as a multiple of | " + " | ".join(f"{name}, mean | least" for name in comparisons) + " |"]
    lines.append("|---" + "|---:" * 2 * len(comparisons) + "|")
    for name, belongs in GROUPS.items():
        cells = [name]
        for other in comparisons.values():
            pairs = [(row.foil, other(row)) for row in rows if belongs(row)]
            ratios = [ours / theirs for ours, theirs in pairs if theirs is not None]
            cells += [f"{geometric_mean(ratios):.2f}", f"{min(ratios):.2f}"] if ratios else [NOTHING] * 2
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def geometric_mean(values):
    return math.exp(statistics.mean(math.log(value) for value in values))


def conditions(runs):
    """What was measured on what."""
    foil = runs["foil"]
    peak = {dtype: statistics.median(run["peak_gflops"][dtype] for run in foil) for dtype in ("f32", "bf16")}
    return (
        f"{machine(runs, ', candle in f32')} GFLOP/s, medians over rounds ({len(foil)}); peak {peak['f32']:.0f} in f32 and "
        f"{peak['bf16']:.0f} in bf16, measured in each round."
    )


def text(runs):
    rows = joined(runs)
    return f"{conditions(runs)}\n\n{summary(rows)}\n\n{table(rows)}"


if __name__ == "__main__":
    command(__doc__, "ops", text)

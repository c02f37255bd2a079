"""The table of whole networks: medians over the rounds of `benchmarks/compare net`.

Reads lines of a program's name (foil, torch) and its JSON, and one of `load` and the load average before. Prints Markdown; with
--into it is also written between the two marker comments of a file."""

import statistics

from tables import command, machine, markdown, rounds

VARIANTS = {
    "f32": "PyTorch f32",
    "bf16": "PyTorch bf16, channels-last",
    "bf16-folded": "the same, weights folded before",
    "compile": "torch.compile of bf16",
}


def medians(runs, key, value):
    found = {}
    for run in runs:
        found.setdefault(tuple(run[field] for field in key), []).append(run[value])
    return {key: statistics.median(values) for key, values in found.items()}


def megabytes(count):
    return f"{count / 2**20:.0f}"


def table(runs):
    key = ("model", "batch", "precision")
    foil = medians(runs["foil"], key, "seconds")
    start = medians(runs["foil"], key, "start_seconds")
    peak = medians(runs["foil"], key, "peak_bytes")
    speed = medians(runs["foil"], key, "gflops_per_second")
    torch = medians(runs["torch"], ("model", "batch", "variant"), "seconds")
    torch_peak = medians(runs["torch"], ("model", "batch", "variant"), "peak_bytes")
    lines = [["network", "batch", "program", "seconds", "GFLOP/s", "Foil bf16 is faster by", "start, s", "peak memory, MB"]]
    lines.append(["---"] * 3 + ["---:"] * 5)
    for model, batch in dict.fromkeys((model, batch) for model, batch, _ in foil):
        best = foil[model, batch, "bf16"]
        for precision in ("bf16", "f32"):
            row = (model, batch, precision)
            if row in foil:
                lines.append([model, str(batch), f"Foil {precision}", f"{foil[row]:.3f}", f"{speed[row]:.0f}", f"{foil[row] / best:.2f}", f"{start[row]:.2f}", megabytes(peak[row])])
        for variant, name in VARIANTS.items():
            row = (model, batch, variant)
            if row in torch:
                rate = speed[model, batch, "bf16"] * best / torch[row]
                lines.append([model, str(batch), name, f"{torch[row]:.3f}", f"{rate:.0f}", f"**{torch[row] / best:.2f}**", "", megabytes(torch_peak[row])])
    return markdown(lines)


def text(runs):
    count = rounds(runs["torch"], ("model", "batch", "variant"))
    return f"{machine(runs)} Seconds for one evaluation of the whole batch, medians over rounds ({count}).\n\n{table(runs)}"


if __name__ == "__main__":
    command(__doc__.split("\n")[0], "net", text)

"""The table of training: medians over the rounds of `benchmarks/compare train`.

Reads lines of a program's name (foil, torch) and its JSON, and one of `load` and the load average before. Both programs' networks
are known by their number of parameters. Prints Markdown; with --into it is also written between the two marker comments of a file."""

import statistics

from tables import command, machine, markdown, rounds

VARIANTS = {
    "f32": "PyTorch f32, channels-last",
    "f32-channels-first": "PyTorch f32",
    "bf16": "PyTorch bf16 autocast, channels-last",
}


def grouped(runs, last):
    """(parameters, batch, kind) -> its runs."""
    found = {}
    for run in runs:
        found.setdefault((run["parameters"], run["batch"], run[last]), []).append(run)
    return found


def median(runs, value):
    return statistics.median(run[value] for run in runs)


def table(runs):
    foil, torch = grouped(runs["foil"], "precision"), grouped(runs["torch"], "variant")
    lines = [["network", "batch", "program", "images/s", "Foil bf16 is faster by", "Foil f32 is faster by", "peak memory, MB"]]
    lines.append(["---"] * 3 + ["---:"] * 4)
    names = {run["parameters"]: f"{run['preset']}, {run['parameters'] / 1e6:.2f} M parameters, {run['channels']}×{run['resolution']}×{run['resolution']}" for run in runs["foil"]}
    for parameters, batch in dict.fromkeys((parameters, batch) for parameters, batch, _ in foil):
        best, exact = (median(foil[parameters, batch, precision], "images_per_second") for precision in ("bf16", "f32"))

        def line(name, found, emphasis):
            rate = median(found, "images_per_second")
            ratios = [f"{emphasis}{other / rate:.2f}{emphasis}" for other in (best, exact)]
            memory = f"{median(found, 'peak_bytes') / 2**20:.0f}"
            lines.append([names[parameters], str(batch), name, f"{rate:.1f}", *ratios, memory])

        for precision in ("bf16", "f32"):
            line(f"Foil {precision}", foil[parameters, batch, precision], "")
        for variant, name in VARIANTS.items():
            if (parameters, batch, variant) in torch:
                line(name, torch[parameters, batch, variant], "**")
    return markdown(lines)


def text(runs):
    count = rounds(runs["foil"], ("preset", "precision", "batch"))
    return f"{machine(runs)} Images a second, medians over rounds ({count}) of the median step.\n\n{table(runs)}"


if __name__ == "__main__":
    command(__doc__.split("\n")[0], "train", text)

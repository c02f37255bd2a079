"""The table of evaluation: medians over the rounds of `benchmarks/compare evaluate`.

Reads lines of a program's name (foil, torch) and its JSON, and one of `load` and the load average before. Prints Markdown; with --into it is also
written between the two marker comments of a file."""

import statistics

from tables import command, machine, markdown


def median(runs, value):
    return statistics.median(run[value] for run in runs)


def text(runs):
    foil, torch = runs["foil"], runs["torch"]
    gap = max(abs(one["distance"] / other["distance"] - 1) for one in foil for other in torch)
    lines = [["work", "program", "result", "Foil f32 is faster by", "Foil bf16 by"], ["---", "---", "---:", "---:", "---:"]]
    name, own = f"Fréchet distance, {foil[0]['dimensions']} dimensions", median(foil, "frechet_seconds")
    theirs = median(torch, "frechet_seconds")
    lines.append([name, "Foil", f"{own:.2f} s", "1.00", ""])
    lines.append([name, f"scipy {torch[0]['scipy']}, sqrtm", f"{theirs:.2f} s", f"**{theirs / own:.2f}**", ""])
    for network, name, program in (("inception", "Inception-v3", "torchvision"), ("dinov2", "DINOv2 ViT-L/14", "transformers")):
        name = f"{name}, batch {foil[0][network]['batch']}"
        own = [statistics.median(run[network]["images_per_second"][index] for run in foil) for index in range(2)]
        lines.append([name, "Foil f32", f"{own[0]:.1f} images/s", "1.00", f"{own[1] / own[0]:.2f}"])
        lines.append([name, "Foil bf16", f"{own[1]:.1f} images/s", f"{own[0] / own[1]:.2f}", "1.00"])
        for label in torch[0][network]:
            theirs = statistics.median(run[network][label] for run in torch)
            ratios = [f"**{number / theirs:.2f}**" for number in own]
            lines.append([name, f"{program} {label}", f"{theirs:.1f} images/s", *ratios])
    return f"{machine(runs)} Medians over rounds ({len(foil)}). The distances differ by {gap:.0e} of themselves at most.\n\n{markdown(lines)}"


if __name__ == "__main__":
    command(__doc__.split("\n")[0], "evaluate", text)

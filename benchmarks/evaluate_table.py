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
    lines = [["work", "program", "result", "Foil is faster by"], ["---", "---", "---:", "---:"]]
    name, own = f"Fréchet distance, {foil[0]['dimensions']} dimensions", median(foil, "frechet_seconds")
    theirs = median(torch, "frechet_seconds")
    lines.append([name, "Foil", f"{own:.2f} s", "1.00"])
    lines.append([name, f"scipy {torch[0]['scipy']}, sqrtm", f"{theirs:.2f} s", f"**{theirs / own:.2f}**"])
    name, own = f"Inception-v3, batch {foil[0]['batch']}", median(foil, "images_per_second")
    lines.append([name, "Foil f32", f"{own:.1f} images/s", "1.00"])
    for label, value in (("torchvision f32", "images_per_second"), ("torchvision f32, channels-last", "channels_last_images_per_second")):
        theirs = median(torch, value)
        lines.append([name, label, f"{theirs:.1f} images/s", f"**{own / theirs:.2f}**"])
    return f"{machine(runs)} Medians over rounds ({len(foil)}). The distances differ by {gap:.0e} of themselves at most.\n\n{markdown(lines)}"


if __name__ == "__main__":
    command(__doc__.split("\n")[0], "evaluate", text)

"""The shapes of `foil bench ops` in PyTorch: one JSON object with `rows` of {op, dtype, layout, shape, gflops}.

Weights are as a user has them, and gradients are asked of autograd's own backward operations, one at a time. Medians over repeated
runs after a warm-up; the number of repetitions follows from the time one takes, as in Foil."""

import argparse
import json
import statistics
import time

import torch
import torch.nn.functional as F

SQUARE = [
    (1, 192, 64), (4, 192, 64), (1, 384, 32), (4, 384, 32), (1, 576, 16), (4, 576, 16),
    (1, 768, 8), (4, 768, 8), (16, 32, 32), (16, 64, 16),
]  # fmt: skip
CONVOLUTIONS = [(n, c, c, h) for n, c, h in SQUARE] + [(1, 384, 192, 32), (1, 1344, 768, 16)]
ATTENTION = [(tokens, heads) for tokens in (64, 256) for heads in (9, 12)]
TYPES = {"f32": torch.float32, "bf16": torch.bfloat16}
LAYOUTS = {"nchw": torch.contiguous_format, "channels-last": torch.channels_last}


def seconds(work, budget):
    work()
    begin = time.perf_counter()
    work()
    once = time.perf_counter() - begin
    runs = max(3, min(200, int(budget / max(once, 1e-9))))
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def operations(backward):
    """Every operation as (op, dtype, layout, shape, operations, work)."""
    for dtype, kind in TYPES.items():
        for n, inputs, outputs, size in CONVOLUTIONS:
            for kernel in (3, 1):
                flop = 2 * n * size * size * inputs * outputs * kernel * kernel
                shape = [n, inputs, outputs, size]
                for layout, memory in LAYOUTS.items():
                    x = torch.randn(n, inputs, size, size, dtype=kind).to(memory_format=memory)
                    w = torch.randn(outputs, inputs, kernel, kernel, dtype=kind).to(memory_format=memory)
                    padding = kernel // 2
                    name = f"conv{kernel}x{kernel}"
                    yield name, dtype, layout, shape, flop, lambda: F.conv2d(x, w, padding=padding)
                    if kernel == 3 and backward:
                        grad = torch.randn(n, outputs, size, size, dtype=kind).to(memory_format=memory)

                        def gradient(of_input, of_weight):
                            return torch.ops.aten.convolution_backward(
                                grad, x, w, None, [1, 1], [padding, padding], [1, 1], False, [0, 0], 1,
                                [of_input, of_weight, False],
                            )  # fmt: skip

                        yield f"{name}-input-gradient", dtype, layout, shape, flop, lambda: gradient(True, False)
                        yield f"{name}-weight-gradient", dtype, layout, shape, flop, lambda: gradient(False, True)
        for tokens, heads in ATTENTION:
            q, k, v = (torch.randn(4, heads, tokens, 64, dtype=kind) for _ in range(3))
            flop = 4 * 4 * heads * tokens * tokens * 64
            work = lambda: F.scaled_dot_product_attention(q, k, v)  # noqa: E731
            yield "attention", dtype, "", [4, tokens, heads, 64], flop, work
        for layout, memory in LAYOUTS.items():
            x = torch.randn(1, 1280, 32, 32, dtype=kind).to(memory_format=memory)
            w = torch.randn(1280, 1, 3, 3, dtype=kind)
            work = lambda: F.conv2d(x, w, padding=1, groups=1280)  # noqa: E731
            yield "depthwise3x3", dtype, layout, [1, 1280, 1280, 32], 2 * 1280 * 32 * 32 * 9, work
        x, w = torch.randn(4096, 1536, dtype=kind), torch.randn(6144, 1536, dtype=kind)
        yield "linear", dtype, "", [4096, 1536, 6144], 2 * 4096 * 1536 * 6144, lambda: F.linear(x, w)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=0.15, help="time for each row")
    parser.add_argument("--no-backward", action="store_true")
    parser.add_argument("--only", metavar="TEXT", default="", help="only rows whose operation, type and shape contain TEXT")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    rows = []
    with torch.no_grad():
        for op, dtype, layout, shape, flop, work in operations(not arguments.no_backward):
            if arguments.only not in f"{op} {dtype} {'x'.join(map(str, shape))}":
                continue
            gflops = flop / seconds(work, arguments.seconds) / 1e9
            rows.append({"op": op, "dtype": dtype, "layout": layout, "shape": shape, "gflops": round(gflops, 1)})
    print(json.dumps({"torch": torch.__version__, "threads": arguments.threads, "rows": rows}))


if __name__ == "__main__":
    main()

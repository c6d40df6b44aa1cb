"""A flame graph of a running worker as one plain SVG: Python and libraries by py-spy, the kernel by perf.

    py-spy record --native -f raw -d 10 -r 200 -o worker.folded -p PID
    perf record -g -p PID -o worker.perf -- sleep 5 && perf script -i worker.perf > worker.script
    python -m tests.bench.flame worker.folded worker.script > docs/relay-flame.svg

py-spy sees no kernel and perf no Python. So what py-spy found waiting in `sendmmsg` is divided as perf found the
kernel's work below that call: the widths of that part are in proportion, not of the same moments. Waiting for work
and the handshake thread are left out; what is narrower than a third of a percent is not drawn.
"""

from __future__ import annotations

import html
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

WIDTH: Final = 1200
ROW: Final = 17
LEAST: Final = 1 / 300
KERNEL_CALL: Final = "sendmmsg"
FIRST_FRAME: Final = "Worker.run"
IDLE: Final = ("epoll_wait", "select_epoll_poll")
COLOURS: Final = {"python": "#8fb3d9", "library": "#e3b26f", "kernel": "#d98a8a"}
_LIBRARY: Final = re.compile(r" \(([^()]*\.so[^()]*|_?\w+\.c:\d+)\)$")
_LINE: Final = re.compile(r":\d+\)$")
_RUST: Final = re.compile(r"\d+([A-Za-z_]\w*?)(?=\d|$)")


@dataclass
class Frame:
    """One box: `weight` counts the samples in it and in all above it."""

    name: str
    kind: str
    weight: float = 0.0
    above: dict[str, Frame] = field(default_factory=dict)

    def add(self, stack: list[tuple[str, str]], weight: float) -> None:
        self.weight += weight
        if stack:
            name, kind = stack[0]
            self.above.setdefault(name, Frame(name, kind)).add(stack[1:], weight)

    @property
    def depth(self) -> int:
        return 1 + max((frame.depth for frame in self.above.values()), default=0)


def kernel_stacks(script: str) -> Counter[tuple[str, ...]]:
    """What the kernel did below the call, from the output of `perf script`."""
    found: Counter[tuple[str, ...]] = Counter()
    for sample in script.split("\n\n"):
        names = [line.split(maxsplit=1)[1] for line in sample.splitlines()[1:] if line.strip()]
        frames = [name.rpartition(" (")[0].partition("+0x")[0] for name in reversed(names)]
        call = f"__sys_{KERNEL_CALL}"
        if call in frames:
            found[tuple(frames[frames.index(call) + 1 :])] += 1
    return found


def python_stacks(folded: str) -> Iterator[tuple[list[tuple[str, str]], int]]:
    """The stacks of the packet loop, from py-spy's raw form."""
    for line in folded.splitlines():
        stack, _, count = line.rpartition(" ")
        names = stack.split(";")
        first = next((i for i, name in enumerate(names) if name.startswith(FIRST_FRAME)), None)
        if first is not None and not any(word in name for name in names for word in IDLE):
            yield [frame(name) for name in names[first:] if not name.startswith("0x")], int(count)


def frame(name: str) -> tuple[str, str]:
    library = _LIBRARY.search(name)
    if library is None:
        return _LINE.sub(")", re.sub(r"media/(\w+/)?", "", name)), "python"
    plain = name[: library.start()]
    if plain.startswith("_R"):  # a mangled Rust name: its last word will do
        plain = (_RUST.findall(plain) or [plain])[-1]
    return plain, "library"


def flame(folded: str, script: str) -> Frame:
    kernel = kernel_stacks(script)
    samples = sum(kernel.values())
    root = Frame("the worker's packet loop", "python")
    for stack, count in python_stacks(folded):
        if stack[-1][0] == KERNEL_CALL and samples:
            for below, share in kernel.items():
                root.add(stack + [(name, "kernel") for name in below], count * share / samples)
        else:
            root.add(stack, count)
    return root


def boxes(one: Frame, whole: float, left: float, row: int, rows: int) -> Iterator[str]:
    width = WIDTH * one.weight / whole
    share = f"{100 * one.weight / whole:.1f} %"
    name = html.escape(one.name)
    shown = html.escape(one.name[: int(width / 6.6)]) if width > 24 else ""
    y = ROW * (rows - row - 1)
    yield (
        f'<g><title>{name}: {share}</title><rect x="{left:.1f}" y="{y}" width="{max(0.3, width - 0.5):.1f}" '
        f'height="{ROW - 1}" fill="{COLOURS[one.kind]}"/>'
        + (f'<text x="{left + 2:.1f}" y="{y + 12}">{shown}</text>' if shown else "")
        + "</g>"
    )
    for above in sorted(one.above.values(), key=lambda f: f.name):
        if above.weight / whole >= LEAST:
            yield from boxes(above, whole, left, row + 1, rows)
        left += WIDTH * above.weight / whole


def svg(root: Frame) -> str:
    rows = root.depth
    kinds = " ".join(
        f'<tspan fill="{colour}">■</tspan> {"kernel" if kind == "kernel" else kind}'
        for kind, colour in COLOURS.items()
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {ROW * (rows + 1)}" '
        'font-family="monospace" font-size="11"><rect width="100%" height="100%" fill="#fff"/>'
        + "".join(boxes(root, root.weight, 0.0, 0, rows))
        + f'<text x="2" y="{ROW * rows + 12}">{kinds}</text></svg>\n'
    )


def main() -> None:
    folded, script = (Path(name).read_text() for name in sys.argv[1:3])
    sys.stdout.write(svg(flame(folded, script)))


if __name__ == "__main__":
    main()

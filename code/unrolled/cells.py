"""The catalogue of the recurrent cells: the facts about each one, written down once.

The command line, the classes of the three libraries, the pictures and the tables all take their
cells from here, in this order. Importing this module imports no framework.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, get_args

Family = Literal["plain", "gated", "minimal", "state space", "exponential", "memory"]


@dataclass(frozen=True)
class Cell:
    """The facts about one cell.

    Args:
        name: its name on the command line.
        kind: its class name, the same in every framework.
        family: the group whose classes and circuits share a module.
        title: its name in tables and plots.
        year: of the first publication.
        source: the bibliography keys of its publications, separated by commas.
        parent: the cell that it modifies; empty for the plain RNN.
        note: what is new, in a few words for the family tree and the corner of the picture.
        idea: what it changes, for the table of all cells.
        linear: the new state is a linear function of the old one.
        parallel: `forward` computes all time steps at once.
        fused: each framework has its own layer for it; in PyTorch one kernel runs the loop.
        speaks: a decoder may use it; the first array of its state is then the output.
        short: the title where there is little room; empty: same as `title`.
        long: the title within a sentence; empty: same as `title`.
    """

    name: str
    kind: str
    family: Family
    title: str
    year: int
    source: str
    parent: str
    note: str
    idea: str
    linear: bool = False
    parallel: bool = False
    fused: bool = False
    speaks: bool = False
    short: str = ""
    long: str = ""

    @property
    def module(self) -> str:
        """The name of its family's module in every package."""
        return self.family.replace(" ", "_")

    @property
    def label(self) -> str:
        """The title for a small box."""
        return self.short or self.title

    @property
    def full_title(self) -> str:
        """The title for a sentence."""
        return self.long or self.title


_CELLS = (
    Cell(
        name="elman",
        kind="Elman",
        family="plain",
        title="Elman",
        year=1990,
        source="elman1990",
        parent="",
        note="the plain RNN",
        idea="the plain cell",
        fused=True,
        speaks=True,
        short="plain RNN",
        long="plain RNN (Elman)",
    ),
    Cell(
        name="jordan",
        kind="Jordan",
        family="plain",
        title="Jordan",
        year=1986,
        source="jordan1986",
        parent="elman",
        note="the output is fed back",
        idea="the output is fed back, not the hidden state",
        long="Jordan network",
    ),
    Cell(
        name="indrnn",
        kind="IndRNN",
        family="plain",
        title="IndRNN",
        year=2018,
        source="li2018indrnn",
        parent="elman",
        note="each unit sees only itself",
        idea="each unit sees only itself",
    ),
    Cell(
        name="clockwork",
        kind="Clockwork",
        family="plain",
        title="clockwork",
        year=2014,
        source="koutnik2014",
        parent="elman",
        note="four clocks: p = 1, 2, 4, 8",
        idea="some units move only at every 2nd, 4th, 8th step",
        long="clockwork RNN",
    ),
    Cell(
        name="orthogonal",
        kind="Orthogonal",
        family="plain",
        title="orthogonal",
        year=2018,
        source="helfrich2018",
        parent="elman",
        note="Q turns the state, keeps its length",
        idea="the recurrent matrix keeps lengths, always",
        long="orthogonal RNN",
    ),
    Cell(
        name="echo-state",
        kind="EchoState",
        family="plain",
        title="echo state",
        year=2001,
        source="jaeger2001",
        parent="elman",
        note="dashed: drawn once, never learnt",
        idea="the loop is never trained",
        long="echo state network",
    ),
    Cell(
        name="lstm",
        kind="LSTM",
        family="gated",
        title="LSTM",
        year=1997,
        source="hochreiter1997,gers2000",
        parent="elman",
        note="three gates, a memory line c",
        idea="a memory changed by adding; three gates",
        fused=True,
        speaks=True,
    ),
    Cell(
        name="peephole",
        kind="PeepholeLSTM",
        family="gated",
        title="peephole LSTM",
        year=2000,
        source="gers2000peephole",
        parent="lstm",
        note="the gates see the memory, too",
        idea="the gates see the memory",
    ),
    Cell(
        name="coupled",
        kind="CoupledLSTM",
        family="gated",
        title="coupled LSTM",
        year=2017,
        source="greff2017",
        parent="lstm",
        note="one minus f replaces i",
        idea="writes as much as it forgets",
        short="coupled gates",
        long="LSTM with coupled gates",
    ),
    Cell(
        name="gru",
        kind="GRU",
        family="gated",
        title="GRU",
        year=2014,
        source="cho2014first",
        parent="lstm",
        note="two gates on the state itself",
        idea="one state, two gates",
        fused=True,
        speaks=True,
    ),
    Cell(
        name="gru-before",
        kind="GRUBefore",
        family="gated",
        title="GRU, reset before",
        year=2014,
        source="cho2014",
        parent="gru",
        note="reset before the matrix",
        idea="the reset stands before the product",
        short="GRU reset before",
    ),
    Cell(
        name="mgu",
        kind="MGU",
        family="gated",
        title="minimal gated unit",
        year=2016,
        source="zhou2016",
        parent="gru-before",
        note="one gate does both",
        idea="one gate for everything",
    ),
    Cell(
        name="rhn",
        kind="RecurrentHighway",
        family="gated",
        title="recurrent highway",
        year=2017,
        source="zilly2017",
        parent="gru",
        note="two updates in one step",
        idea="two gated layers inside one step",
        long="recurrent highway network",
    ),
    Cell(
        name="sru",
        kind="SRU",
        family="minimal",
        title="SRU",
        year=2018,
        source="lei2018",
        parent="coupled",
        note="gates see x and their own c",
        idea="no matrix in the loop",
    ),
    Cell(
        name="qrnn",
        kind="QRNN",
        family="minimal",
        title="QRNN",
        year=2017,
        source="bradbury2017",
        parent="coupled",
        note="gates see two inputs, no state",
        idea="gates see two inputs instead of the state",
        linear=True,
        parallel=True,
    ),
    Cell(
        name="mingru",
        kind="MinGRU",
        family="minimal",
        title="minGRU",
        year=2024,
        source="feng2024",
        parent="gru",
        note="the gate sees only the input",
        idea="the GRU without all that looks at the state",
        linear=True,
        parallel=True,
    ),
    Cell(
        name="minlstm",
        kind="MinLSTM",
        family="minimal",
        title="minLSTM",
        year=2024,
        source="feng2024",
        parent="lstm",
        note="gates see x, and sum to one",
        idea="the LSTM likewise",
        linear=True,
        parallel=True,
    ),
    Cell(
        name="lru",
        kind="LRU",
        family="state space",
        title="LRU",
        year=2023,
        source="orvieto2023",
        parent="elman",
        note="complex numbers, each on its own",
        idea="linear, with complex numbers that turn and shrink",
        linear=True,
        parallel=True,
    ),
    Cell(
        name="s4d",
        kind="S4D",
        family="state space",
        title="S4D",
        year=2022,
        source="gu2022s4d",
        parent="lru",
        note="a small linear system per channel",
        idea="a sampled differential equation for each unit",
        linear=True,
        parallel=True,
    ),
    Cell(
        name="selective-ssm",
        kind="SelectiveSSM",
        family="state space",
        title="selective SSM",
        year=2023,
        source="gu2024",
        parent="s4d",
        note="Δ, B, C depend on the input",
        idea="the equation depends on the input (Mamba's core)",
        linear=True,
        parallel=True,
        long="selective state space (the core of Mamba)",
    ),
    Cell(
        name="rg-lru",
        kind="RGLRU",
        family="state space",
        title="RG-LRU",
        year=2024,
        source="de2024",
        parent="lru",
        note="a gate sets how fast it forgets",
        idea="the LRU, real and gated (Griffin's core)",
        linear=True,
        parallel=True,
    ),
    Cell(
        name="rwkv",
        kind="RWKV",
        family="exponential",
        title="RWKV",
        year=2023,
        source="peng2023",
        parent="elman",
        note="s = (num, den), sums that fade",
        idea="attention without a query, as a recurrence",
        linear=True,
        parallel=True,
        long="RWKV time mixing",
    ),
    Cell(
        name="slstm",
        kind="SLSTM",
        family="exponential",
        title="sLSTM",
        year=2024,
        source="beck2024",
        parent="lstm",
        note="exponential gates; s = (c, n)",
        idea="exponential gates: it can revise",
    ),
    Cell(
        name="mlstm",
        kind="MLSTM",
        family="exponential",
        title="mLSTM",
        year=2024,
        source="beck2024",
        parent="slstm",
        note="a matrix as memory; s = (C, n)",
        idea="the memory is a matrix",
        linear=True,
        parallel=True,
    ),
    Cell(
        name="stack-augmented",
        kind="StackAugmented",
        family="memory",
        title="stack-augmented",
        year=2015,
        source="joulin2015",
        parent="elman",
        note="a stack s below the plain RNN",
        idea="a stack beside the state",
        long="stack-augmented RNN",
    ),
)
CELLS: dict[str, Cell] = {cell.name: cell for cell in _CELLS}
FAMILIES: dict[Family, tuple[str, ...]] = {
    family: tuple(name for name, cell in CELLS.items() if cell.family == family)
    for family in get_args(Family)
}
LINEAR = tuple(name for name, cell in CELLS.items() if cell.linear)
FUSED = tuple(name for name, cell in CELLS.items() if cell.fused)
SPEAKING = tuple(name for name, cell in CELLS.items() if cell.speaks)


def classes(package: str) -> dict[str, Any]:
    """The class of each cell, by name.

    Args:
        package: a package with one module per family, such as "unrolled.torch.cells".

    Raises:
        AttributeError: the module of the family has no class of that name.
    """
    return {
        name: getattr(import_module(f"{package}.{cell.module}"), cell.kind)
        for name, cell in CELLS.items()
    }

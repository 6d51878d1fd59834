"""What is trained, in which order and with which options: the tables of the whole matrix.

SPDX-License-Identifier: MIT

Stages differ in these tables and nowhere else. A kind is a way to begin: the name of a pre-trained
network, or "scratch". A new kind is a line of PRETRAINING, or of FINETUNED_OTHERWISE; one that is
neither in MAIN nor in TRIED is an ablation.
"""

from dataclasses import dataclass, field

HELD_BACK = 1000  # molecules with spectra that no network sees, to match spectra with afterwards
SPARE = 10  # more of them, for those that turn out to be the target molecules or to come again
HELD_BACK_SEED = 1
SEEDS = (1, 2, 3)
RATES = ("5e-4", "1e-3", "2e-3")  # one is chosen for each kind at 200 frames of ethanol, seed 1

# Files below the data folder.
SPECTRA = "spectra/bigqm7w_spectra.npz"
EQUILIBRIUM = "equilibrium/gdb7.sdf.gz"
FORCES = "offeq/xtb_md.npz"  # frames of short dynamics of the molecules in SPECTRA
MOLECULES = {"ethanol": "md17/md17_ethanol.npz", "uracil": "md17/md17_uracil.npz"}
VALIDATION, TEST = 50, 1000  # frames; fewer to test where a file holds fewer

DATA = {  # folder of shards: source, what is left out besides MOLECULES, further options
    "heldback": ("heldback.npz", (), ["--limit", str(HELD_BACK)]),
    "spectra": ("rest.npz", ("heldback.npz",), []),
    "equilibrium": (EQUILIBRIUM, ("heldback.npz",), []),
}
LABELLED = "forces"  # one more folder: the frames of FORCES whose molecules are in "spectra"

EVERY_PRETRAINING = ("--learning-rate 4e-4 --schedule cosine --validation-interval 0 "
                     "--checkpoint-interval 200 --seed 1").split()


def stage1(epochs):
    return f"--preset denoise --epochs {epochs} --warmup 1000 --average-decay 0.999".split()


LENGTH2 = "--epochs 60 --batch 128 --warmup 200 --average-decay 0.995".split()
# Coarser patches than the program's 20/50/50 points: what two processor cores can afford.
PATCHES = ("--uv-patch 40 --uv-stride 40 --ir-patch 100 --ir-stride 100 "
           "--raman-patch 100 --raman-stride 100").split()
STAGE2 = ["--preset", "spectra", *LENGTH2, *PATCHES]


# Forces alone: energies of different molecules do not align, and the theory is not that of MD17.
def stage3(steps):
    return ("--energy-unit kcal/mol --energy-reference elements --energy-weight 0 "
            "--forces-weight 1 --train 46000 --validation 300 --test 0 --batch 32 "
            f"--steps {steps} --warmup 200 --average-decay 0.995 --gradient-clip 100").split()


@dataclass(frozen=True)
class Recipe:
    """How a network is pre-trained: on which shards, from which other one, with which options.
    `finetune` is the command where the shards are the labelled frames."""
    shards: tuple
    start: str
    options: list

    @property
    def command(self):
        return "finetune" if self.shards == (LABELLED,) else "pretrain"


PRETRAINING = {
    "denoise": Recipe(("equilibrium", "spectra"), "", stage1(30)),
    "spectra": Recipe(("spectra",), "denoise", STAGE2),
    "denoise-long": Recipe(("spectra",), "denoise", ["--preset", "denoise", *LENGTH2]),
    "wide-noise": Recipe(("equilibrium", "spectra"), "", [*stage1(30), "--denoising-sigma", "0.1"]),
    "fewer-molecules": Recipe(("equilibrium",), "", stage1(51)),
    "forces": Recipe((LABELLED,), "", stage3(2500)),
    "forces-long": Recipe((LABELLED,), "", stage3(7500)),
    "spectra-forces": Recipe((LABELLED,), "spectra", stage3(2500)),
    "spectra-forces-long": Recipe((LABELLED,), "spectra", stage3(7500)),
    "hard-contrast": Recipe(("spectra",), "denoise",
                            [*STAGE2, "--group-isomers", "--spectra-dropout", "0.5"]),
    "without-uv": Recipe(("spectra",), "denoise", [*STAGE2, "--spectra", "ir,raman"]),
    "without-ir": Recipe(("spectra",), "denoise", [*STAGE2, "--spectra", "uv,raman"]),
    "without-raman": Recipe(("spectra",), "denoise", [*STAGE2, "--spectra", "uv,ir"]),
    "without-reconstruction": Recipe(("spectra",), "denoise",
                                     [*STAGE2, "--reconstruction-weight", "0"]),
    "without-contrast": Recipe(("spectra",), "denoise", [*STAGE2, "--contrast-weight", "0"]),
}
# Networks that the project keeps: what begins with them need not wait for the hours they took.
NETWORKS = {"denoise": "benchmarks/pretraining/denoise.pt",
            "spectra": "benchmarks/pretraining/spectra.pt",
            "spectra-forces-long": "examples/ethanol/start.pt"}
CONTROL = "denoise-long"
MAIN = ("scratch", "denoise", CONTROL, "spectra")
FINETUNED_OTHERWISE = {  # whose network, and options that are added
    "slow-encoder": ("denoise", ["--encoder-rate", "0.3"]),
    "noisy-pass": ("spectra", ["--denoising-weight", "0.1", "--denoising-sigma", "0.04"]),
}
# Other ways to begin, compared in one cell.
TRIED = (*FINETUNED_OTHERWISE, "wide-noise", "fewer-molecules", "hard-contrast", "forces",
         "forces-long", "spectra-forces", "spectra-forces-long")
ABLATIONS = tuple(kind for kind in PRETRAINING if kind not in MAIN + TRIED)
KINDS = MAIN + TRIED + ABLATIONS
TITLES = {
    "scratch": "from scratch",
    "denoise": "denoising",
    "denoise-long": "longer denoising",
    "spectra": "denoising + spectra",
    "slow-encoder": "denoising, encoder at 0.3 of the rate",
    "noisy-pass": "denoising + spectra, denoised in fine-tuning as well",
    "wide-noise": "denoising, σ 0.1 Å",
    "fewer-molecules": "denoising, gdb7 alone, as many steps",
    "hard-contrast": "denoising + spectra, isomers in the same batches, kinds left out",
    "forces": "GFN2-xTB forces",
    "forces-long": "GFN2-xTB forces, three times the steps",
    "spectra-forces": "denoising + spectra + GFN2-xTB forces",
    "spectra-forces-long": "denoising + spectra + GFN2-xTB forces, three times the steps",
    "without-uv": "without UV",
    "without-ir": "without IR",
    "without-raman": "without Raman",
}

EVERY_FINETUNING = ("--preset md17 --batch 8 --schedule cosine --gradient-clip 100 "
                    "--validation-interval 250 --checkpoint-interval 500").split()
BUDGETS = {"short": "--steps 2000 --warmup 200 --average-decay 0.995".split(),
           "long": "--steps 10000 --warmup 500 --average-decay 0.999".split()}

# Cells of the result: molecule, training frames, budget. What is trained there: kindsOf().
CELLS = tuple((molecule, frames, budget) for budget in BUDGETS
              for molecule, frames in (("ethanol", 50), ("ethanol", 200), ("ethanol", 950),
                                       ("uracil", 200)))
CHOICE = ("ethanol", 200, "short")  # of rates; the only cell of TRIED and ABLATIONS


def kindsOf(cell):
    """The main kinds in a cell. To save hours, the control has the long budget in one alone."""
    controlled = cell[2] == "short" or cell[:2] == CHOICE[:2]
    return tuple(kind for kind in MAIN if kind != CONTROL or controlled)


# Rates are chosen for these; all others take that of WHOLE.
RATED = (*MAIN, "forces", "forces-long", "spectra-forces", "spectra-forces-long")
WHOLE = "spectra"


def valueOf(options, name):
    """Of --name."""
    return options[options.index(name) + 1]


def stepsOf(budget):
    return int(valueOf(BUDGETS[budget], "--steps"))


@dataclass(frozen=True)
class Task:
    """One thing to do. `part` is a name of PARTS, `needs` are names of other tasks."""
    name: str
    part: str
    needs: tuple = ()


@dataclass(frozen=True)
class Shards(Task):
    folder: str = ""


@dataclass(frozen=True)
class Pretraining(Task):
    kind: str = ""

    @property
    def recipe(self):
        return PRETRAINING[self.kind]

    @property
    def options(self):
        return [*self.recipe.options, *EVERY_PRETRAINING]

    @property
    def length(self):
        """What the run counts and up to which number: ("epoch", 30)."""
        counted = "step" if "--steps" in self.options else "epoch"
        return counted, int(valueOf(self.options, f"--{counted}s"))

    def epochsAt(self, line):
        """Passes over the data until a line of the metrics."""
        if self.recipe.command == "pretrain":
            return line["epoch"]
        frames = int(valueOf(self.options, "--train"))
        return round(line["step"] * int(valueOf(self.options, "--batch")) / frames, 1)

    def figures(self, lines):
        """Of the weights in the model file: pretrain takes the last ones, finetune the best by
        validation, whose energies say nothing after forces alone."""
        if self.recipe.command == "pretrain":
            taken, left = lines[-1], ()
        else:
            taken, left = [line for line in lines if line["best"]][-1], ("energy_mae",)
        found = {key.removeprefix("validation_"): value for key, value in taken.items()
                 if key.startswith("validation_")}
        return {name: value for name, value in found.items() if name not in left}


@dataclass(frozen=True)
class Finetuning(Task):
    """`rate` is empty where the rate chosen for the kind is taken."""
    kind: str = ""
    cell: tuple = ()
    seed: int = 1
    rate: str = ""

    def options(self, rate):
        _, added = FINETUNED_OTHERWISE.get(self.kind, (self.kind, []))
        return [*EVERY_FINETUNING, *BUDGETS[self.cell[2]], *added, "--learning-rate", rate,
                "--seed", str(self.seed)]

    @property
    def network(self):
        return networkOf(self.kind)


def shards():
    for folder in DATA:
        needs = () if folder == "heldback" else ("data-heldback",)
        yield Shards(f"data-{folder}", "data", needs, folder)
    yield Shards(f"data-{LABELLED}", "data", ("data-spectra",), LABELLED)


def pretraining(part, kind):
    recipe = PRETRAINING[kind]
    needs = [f"data-{folder}" for folder in recipe.shards]
    if recipe.start:
        needs.append(f"pretrain-{recipe.start}")
    return Pretraining(f"pretrain-{kind}", part, tuple(needs), kind)


def networkOf(kind):
    """The pre-training that a kind begins with, or "scratch"."""
    return FINETUNED_OTHERWISE.get(kind, (kind, []))[0]


def network(kind):
    return () if kind == "scratch" else (f"pretrain-{networkOf(kind)}",)


def runName(kind, cell, seed):
    molecule, frames, budget = cell
    return f"{molecule}-{frames}-{budget}-{kind}-seed{seed}"


def rated(kind):
    """The kind by whose trials its rate is chosen."""
    return kind if kind in RATED else WHOLE


def trials(part, kind):
    """The runs by which a kind's learning rate is chosen; the best one is its result at seed 1."""
    return [Finetuning(f"{runName(kind, CHOICE, SEEDS[0])}-rate{rate}", part, network(kind), kind,
                       CHOICE, SEEDS[0], rate) for rate in RATES]


def finetunings(part, kinds, cell):
    """Seed by seed, so that what is finished first can be compared."""
    found = []
    for seed in SEEDS:
        for kind in kinds:
            if cell == CHOICE and kind in RATED and seed == SEEDS[0]:
                continue
            needs = (*network(kind), *(trial.name for trial in trials(part, rated(kind))))
            found.append(Finetuning(runName(kind, cell, seed), part, needs, kind, cell, seed))
    return found


def choices(part, kinds):
    return [task for kind in kinds if kind in RATED
            for task in trials(part, kind)] + finetunings(part, kinds, CHOICE)


@dataclass
class Matrix:
    """All tasks, in the order that gives results early."""
    tasks: list = field(default_factory=list)

    def __post_init__(self):
        self.tasks += [*shards(), pretraining("first", "denoise")]
        self.tasks += choices("first", ("scratch", "denoise"))
        self.tasks += [pretraining("spectra", "spectra"), *choices("spectra", ("spectra",))]
        self.tasks += [pretraining("control", CONTROL), *choices("control", (CONTROL,))]
        for part, chosen in (("frames", lambda cell: cell[0] == "ethanol" and cell[2] == "short"),
                             ("uracil", lambda cell: cell[0] == "uracil" and cell[2] == "short")):
            self.addCells(part, chosen)
        for part, kinds in (("tried", TRIED), ("ablations", ABLATIONS)):
            for kind in kinds:
                if kind in PRETRAINING:
                    self.tasks.append(pretraining(part, kind))
                self.tasks += choices(part, (kind,))
        self.addCells("long", lambda cell: cell[2] == "long" and cell[1] == CHOICE[1])
        self.addCells("long-frames", lambda cell: cell[2] == "long" and cell[1] != CHOICE[1])

    def addCells(self, part, chosen):
        for cell in CELLS:
            if chosen(cell) and cell != CHOICE:
                self.tasks += finetunings(part, kindsOf(cell), cell)

    @property
    def parts(self):
        return list(dict.fromkeys(task.part for task in self.tasks))

    def named(self, name):
        return next(task for task in self.tasks if task.name == name)

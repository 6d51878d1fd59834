"""Writes what was found as gpu.json, and gpu.md out of it.

SPDX-License-Identifier: MIT
"""

import datetime
import json
import re
from dataclasses import asdict
from pathlib import Path

UNMEASURED = "unmeasured"
COMMAND = "scripts/gpu-check run --bring FOLDER"
PACK = "scripts/gpu-check pack FOLDER"
# A step of ours must be this many times as fast as the other side's.
WANTED = {"peer": 3.0, "network": 3.0, "network-with-graph": 1.3}
SIDES = {"peer": "TorchMD-Net in openmm-torch, without CUDA graph",
         "network": "this network in openmm-torch, without CUDA graph",
         "network-with-graph": "this network in openmm-torch, with CUDA graph",
         "ours-without-graph": "this plugin without CUDA graph"}
# One cluster of blocks against a graph of kernels: exchanges in an evaluation of six layers, and
# what the cluster computes besides, us.
EXCHANGES, CLUSTER_WORK = 36, 45.0


# An absolute path's folders. Paths of web pages have a colon and slashes before theirs.
FOLDERS = re.compile(r"(?<![\w.:/])/(?:[^\s/:'\"]+/)+")


def withoutFolders(value):
    """The same with absolute paths cut down to their last name: they are one machine's."""
    if isinstance(value, dict):
        return {name: withoutFolders(part) for name, part in value.items()}
    if isinstance(value, list):
        return [withoutFolders(part) for part in value]
    return FOLDERS.sub("", value) if isinstance(value, str) else value


def gather(facts, outcomes):
    """-> the content of gpu.json"""
    return dict(date=datetime.date.today().isoformat(), machine=withoutFolders(facts),
                steps=[withoutFolders(asdict(outcome)) for outcome in outcomes])


def table(titles, rows):
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "/") for cell in line) + " |"
                     for line in lines) + "\n"


def deviceName(content):
    """Name of the card; empty where none was used."""
    return (content["machine"].get("card") or {}).get("name", "")


def isBlank(content):
    """Whether it was never run."""
    return not content["machine"]


def resultOf(step, blank):
    if step["result"] == "not run":
        return UNMEASURED if blank else f"not run: {step['reason']}"
    return "passes" if step["result"] == "pass" else f"**fails**: {step['reason']}"


def opening(content):
    if isBlank(content):
        return """**Every line of this page is unmeasured**: no machine with an NVIDIA GPU could be
used so far. What needs none is in `make test`: the build of the CUDA library, its kernels for every
architecture, the logic of graphs, guards and messages, and the same kernels on OpenCL.
"""
    counted = {result: sum(step["result"] == result for step in content["steps"])
               for result in ("pass", "fail", "not run")}
    device = deviceName(content) or "no device, so that every line of a GPU is unmeasured"
    return (f"{content['date']}, on {device}: {counted['pass']} steps pass, {counted['fail']} "
            f"fail, {counted['not run']} were not run.\n")


def machineLines(content):
    facts = content["machine"]
    if not facts:
        return ""
    card, torch = facts.get("card") or {}, facts.get("torch") or {}
    rows = [("device", card.get("name", "none")), ("memory", card.get("memory.total", "-")),
            ("compute capability", card.get("compute_cap", "-")),
            ("driver", card.get("driver_version", "-")),
            ("LibTorch", f"{torch.get('version', '-')}, CUDA {torch.get('cuda', '-')}"),
            ("CUDA's compiler", facts.get("nvccVersion") or "-"),
            ("C++ compiler", facts.get("compiler") or "-"),
            ("Python", facts.get("python") or "-"), ("processor cores", facts.get("cores", "-"))]
    return table(["what", "found"], rows) + "\n"


def checks(content):
    blank = isBlank(content)
    rows = [(step["title"], resultOf(step, blank),
             f"{step['seconds']:.0f}" if step["result"] != "not run" else "-", step["figures"])
            for step in content["steps"]]
    return table(["step", "result", "seconds", "what it showed"], rows)


def rowsOf(content, *prefixes):
    return [row for step in content["steps"] if step["name"].startswith(prefixes)
            for row in step["rows"]]


def verdictOf(row):
    wanted = WANTED.get(row["side"])
    if wanted is None:
        return "-"
    return f"{wanted:g}: " + ("**holds**" if row["ratio"] >= wanted else "**does not hold**")


def againstPeers(content):
    found = {row["side"]: row for row in rowsOf(content, "peers")}
    rows = []
    for side, title in SIDES.items():
        row = found.get(side)
        if row is None:
            wanted = f"{WANTED[side]:g}" if side in WANTED else "-"
            rows.append((title, UNMEASURED, "", "", wanted))
        elif "ratio" not in row:
            rows.append((title, f"does not run: {row['note']}", "", "", "-"))
        else:
            rows.append((f"{title} ({row['peer']})", row["ours_ms"], row["peer_ms"],
                         f"{row['ratio']:.2f}", verdictOf(row)))
    text = table(["compared with", "ours (ms)", "theirs (ms)", "times as fast", "wanted"], rows)
    evaluators = {row["evaluator"] for row in found.values() if "evaluator" in row}
    return text + "".join(f"\nOurs: {evaluator}.\n" for evaluator in sorted(evaluators))


def measurements(content):
    rows = [(row["measurement"], row["what"], "-" if row["value"] is None else row["value"],
             row["unit"], row["check"], row["note"]) for row in rowsOf(content, "measure-")]
    missing = [step for step in content["steps"]
               if step["name"].startswith("measure-") and not step["rows"]]
    rows += [(step["name"].removeprefix("measure-"), step["title"], UNMEASURED, "", "", "")
             for step in missing]
    return table(["measurement", "case", "value", "unit", "check", "note"], rows)


def least(content, measurement, words, unit):
    """The smallest figure among the rows of a measurement that name `words`."""
    return min((row["value"] for row in rowsOf(content, f"measure-{measurement}")
                if row["value"] is not None and words in row["what"] and row["unit"] == unit
                and not row["check"].startswith("wrong")), default=None)


def decision(content):
    """Which design the figures speak for."""
    node = least(content, "graph", "", "us a node")
    gathered = least(content, "gather", "cluster of 16,", "us")
    if node is None or gathered is None:
        return ("Whether one cluster of 16 blocks or a graph of fused kernels is to be built first "
                f"is open: {UNMEASURED}.\n")
    longest = (EXCHANGES * gathered + CLUSTER_WORK) / EXCHANGES - node
    return (f"{EXCHANGES} exchanges of {gathered:.2f} us and {CLUSTER_WORK:g} us of work in one "
            f"cluster, against {EXCHANGES} kernels of a graph, {node:.2f} us each beside their "
            f"work: the cluster is faster where the work of a kernel takes more than "
            f"**{longest:.2f} us**.\n")


def failures(content):
    texts = [f"\n`{step['name']}`, {step['reason']}:\n\n```\n{step['tail']}\n```\n"
             for step in content["steps"] if step["result"] == "fail"]
    return "\n## Last lines of what fails\n" + "".join(texts) if texts else ""


def page(content):
    return f"""# On a GPU

{opening(content)}
Everything here is measured by one command, on a machine with an NVIDIA GPU, LibTorch, CUDA's
compiler and CMake; a network is only needed where the second line runs:

```
{COMMAND}   # within ten minutes; writes this page
{PACK}          # before, elsewhere: what is to be brought along, below 64 MB
```

{machineLines(content)}## Steps

{checks(content)}
## One step of aspirin (21 atoms, F 128, L 6) in OpenMM

Through TorchScript, on the CUDA platform in its default precision, with the same weights and in
turns. A side is timed only if it gives the same forces.

{againstPeers(content)}
## What native kernels can count on

{decision(content)}
{measurements(content)}{failures(content)}"""


def write(folder, content):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gpu.json").write_text(json.dumps(content, indent=1) + "\n")
    (folder / "gpu.md").write_text(page(content))

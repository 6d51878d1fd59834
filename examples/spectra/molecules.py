"""Lists small molecules of C, H, N, O and F: all that a few rules allow, then a varied choice.

SPDX-License-Identifier: MIT

Molecules grow atom by atom and bond by bond from single atoms, with up to six heavy atoms. What no
bottle would hold (peroxides, enols, hydroxyl and fluorine on one carbon, ...) is left out.
"""

import random

from rdkit import Chem, RDLogger

RDLogger.DisableLog("rdApp.*")

LARGEST = 6
ELEMENTS = ("C", "N", "O", "F")
SEED = 20261121

# Held back, because fine-tuning is tried on them: ethanol and both forms of malonaldehyde.
HELD_BACK = ("CCO", "O=CCC=O", "O=CC=CO")
# Well known ones, some with charges inside that growing does not make.
KNOWN = """
CCC CCCC CC(C)C CCCCC CC(C)(C)C CCCCCC CC(C)C(C)C C1CCCC1 C1CCCCC1 CC1CC1 CC1CCCC1 C=C(C)C CC=CC
CCC=C C=CC=C CC(=C)C=C CC#CC C#CCCC C=CC#C C1=CCCC1 C1=CC=CC1 C1=CCCCC1 CCCO CC(C)O CC(C)(C)O OCCO
CCCCO OCC(O)CO C=CCO C#CCO CCOCC CCOC COCCOC C1CCOC1 C1CCOCC1 C1COCCO1 C=COC CC1CO1 CCC=O CC(C)C=O
C=CC=O CC(=O)C CC(=O)CC O=C1CCC1 O=C1CCCC1 CC(=O)C(C)=O O=CC=O CC(=O)O CCC(=O)O C=CC(=O)O OC(=O)CO
CC(O)C(=O)O OC(=O)C(=O)O COC=O COC(C)=O CCOC=O CC(=O)OC=C O=C1CCCO1 COC(=O)OC CCN CCCN CC(C)N NCCN
NCCO CNC CCNCC CN(C)C CCN(C)C C1CCNC1 C1CCNCC1 C1CNCCN1 C1COCCN1 CN(C)N NCC=C CN=C CC(C)=NO CC=NO
CC(N)=O CNC=O CN(C)C=O CC(=O)NC NC(N)=O CNC(N)=O NCC(=O)O CC(N)C(=O)O O=C1CCCN1 NC=O CNC(=O)NC
CCC#N C=CC#N CC(C)C#N N#CCC#N N#CCO N#CCCC#N CN=C=O CCN=C=O c1ccccc1 c1ccncc1 c1ccnnc1 c1cnccn1
c1cncnc1 c1cc[nH]c1 c1ccoc1 c1c[nH]cn1 c1cn[nH]c1 c1cocn1 c1ccon1 Cc1ccco1 Cc1c[nH]cn1 Cn1ccnc1
Cn1cccc1 c1nnc[nH]1 C=C1CCC1 CCF CCCF CC(C)F C=CF C=C(F)F FC=CF FCCF FC(F)F CC(F)(F)F OCC(F)F
FC(F)CF CC(=O)F NC(=O)CF OC(=O)CF O=CCF FCC#N C1CC1F FC1CCC1 FC(F)C(F)F CC=C=O C=C=C CC=C=C C=C=CC=O
C[N+](=O)[O-] CC[N+](=O)[O-] CCC[N+](=O)[O-] C=C[N+](=O)[O-] CO[N+](=O)[O-] C[N+]#[C-] CC[N+]#[C-]
C=[N+]=[N-] CN=[N+]=[N-] CCN=[N+]=[N-]
""".split()

UNSTABLE = [Chem.MolFromSmarts(pattern) for pattern in (
    "[O,F]~[O,F]", "F[N,O]", "[N,O]-[N,O]-[N,O]", "[#7]~[#7]~[#7]", "N-[NH]-O", "N=NN", "O=N[N,O]",
    "[OH][CX4][O,N,F]", "[NH,NH2][CX4][NH,NH2,F]", "[NX3][CX4]F", "[OH,NH,NH2]C=C",
    "[OH]C=N", "[OH,NH,NH2]C#*", "C#C[N,O,F]", "FC=N", "[OH]C(=O)[N,O,F]", "O=C(F)O", "O=NC=*",
    "O=N[CH2,CH1]", "[NH]=C[N,O,F,R]", "[NH]=N", "[NH]=C=*", "NN=C=*", "ON=C=*", "C=C=C-[N,O,F]",
    "*=*=*=*", "C#CC#*", "[R]=[#6;R]=[R]", "[R]#[R]", "[R2]=*", "[R2]:*", "[R2;#7]", "[R3]",
    "[R]1=[R][R]=[R]1", "[r3,r4;a]", "[r3]=[r3;#8,#7]", "[r3;#8,#7][r3]=*", "[r3;#7,#8][r3;#7,#8]",
    "[r4;#7,#8][r4;#7,#8]", "[r3](=*)[r3]=*", "*=[r3][r3;#7,#8]")]

GROUPS = [Chem.MolFromSmarts(pattern) for pattern in (
    "[CX4;!R][CX4;!R]", "[CX3]=[CX3]", "C#C", "[#6]=C=[#6]", "C=C-C=*", "[CX3H1]=O",
    "[#6]C(=O)[#6]", "C(=O)[OH]", "C(=O)O[#6]", "C(=O)N", "C(=O)F", "C=C=O", "C=C-C=O",
    "[CX4][OH]", "[#6]O[#6]", "[CX4][NH2]", "[#6][NH][#6]", "[#6]N([#6])[#6]", "C=N[#6]",
    "C=N[OH]", "C=NN", "N[NX3]", "[NX3]O", "C#N", "N=C=O", "N=C=N", "N=O", "[N+]", "[CX4]F",
    "C=CF", "F[CX4]F", "[r3]", "[r4]", "[r5]", "[r6]", "[R2]", "c", "[nH]", "n", "o", "[C;R]=O",
    "[C;R]=[C;R]")]


def isKept(molecule):
    return not any(molecule.HasSubstructMatch(pattern) for pattern in UNSTABLE)


def grown(molecule):
    """Every molecule with one atom more than this one, which is in Kekule's form."""
    for atom in molecule.GetAtoms():
        for element in ELEMENTS:
            largest = {"C": 3, "N": 3, "O": 2, "F": 1}[element]
            for order in range(1, min(atom.GetTotalNumHs(), largest) + 1):
                larger = Chem.RWMol(molecule)
                larger.AddBond(atom.GetIdx(), larger.AddAtom(Chem.Atom(element)),
                               Chem.BondType.values[order])
                yield larger


def closed(molecule):
    """Every molecule with one ring more."""
    free = [atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetTotalNumHs() > 0]
    for first in free:
        for second in (other for other in free if other > first):
            if molecule.GetBondBetweenAtoms(first, second) is None:
                ring = Chem.RWMol(molecule)
                ring.AddBond(first, second, Chem.BondType.SINGLE)
                yield ring


def canonical(molecules):
    """SMILES of those that are kept."""
    names = set()
    for molecule in molecules:
        if Chem.SanitizeMol(molecule, catchErrors=True) == 0 and isKept(molecule):
            names.add(Chem.MolToSmiles(molecule))
    return names


def kekule(smiles):
    molecule = Chem.MolFromSmiles(smiles)
    Chem.Kekulize(molecule, clearAromaticFlags=True)
    return molecule


def enumerated():
    """Number of heavy atoms -> sorted SMILES."""
    layers, layer = {}, set(ELEMENTS[:3])
    for size in range(2, LARGEST + 1):
        layer = canonical(larger for smiles in sorted(layer) for larger in grown(kekule(smiles)))
        for _ in range(2):
            layer |= canonical(ring for smiles in sorted(layer) for ring in closed(kekule(smiles)))
        layers[size] = sorted(layer)
    return layers


def varied(names, count):
    """`count` of the names: again and again one that has a group still rare among them."""
    names = random.Random(SEED).sample(names, len(names))
    groups = {}
    for name in names:
        molecule = Chem.MolFromSmiles(name)
        groups[name] = [i for i, group in enumerate(GROUPS) if molecule.HasSubstructMatch(group)]
    seen, picked = [0] * len(GROUPS), []
    while len(picked) < count:
        best = min((name for name in names if name not in picked),
                   key=lambda name: min((seen[i] for i in groups[name]), default=count))
        picked.append(best)
        for i in groups[best]:
            seen[i] += 1
    return picked


def heavyAtoms(name):
    return Chem.MolFromSmiles(name).GetNumHeavyAtoms()


def chosen(count):
    """`count` SMILES, small ones first: the known ones, all tiny ones, then a varied choice."""
    excluded = {Chem.CanonSmiles(smiles) for smiles in HELD_BACK}
    names = {Chem.CanonSmiles(smiles) for smiles in KNOWN} - excluded
    layers = {size: [name for name in layer if "C" in name.upper() and name not in excluded | names]
              for size, layer in enumerated().items()}
    names.update(layers[2] + layers[3])
    for size, share in ((4, 0.3), (5, 0.5), (6, 1.0)):
        names.update(varied(layers[size], round(share * (count - len(names)))))
    return sorted(names, key=lambda name: (heavyAtoms(name), name))

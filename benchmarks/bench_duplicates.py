"""Measures the grouping of near-duplicates: what is found at which threshold, and how long it takes.

    python -m benchmarks.bench_duplicates [quality|vault|speed|change] [--seed 1] [--count 3000]

Run it in the repository's folder. Quality is measured on `make_duplicates`, and on the labels of `make_vault`. Speed is
that of 1,250 to 10,000 proposals of one person, beside comparing all pairs of the same readings; trust the ratios
between the rows, not the numbers. Change is one proposal that goes and another that comes, among 5,000 and 20,000.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rapidfuzz import fuzz

from benchmarks.make_duplicates import PEOPLE, SURNAMES, Labelled, make_alike, make_duplicates, make_repeated
from benchmarks.make_vault import make_vault
from vaultsync.model import TaskSettings
from vaultsync.reconcile.duplicates import THRESHOLD, Group, Proposal, fullness, group_duplicates, likeness
from vaultsync.reconcile.grouping import Grouping
from vaultsync.reconcile.wording import read_wording
from vaultsync.tasks.line import parse_line
from vaultsync.tasks.people import UNASSIGNED, PersonSource, build_roster
from vaultsync.tasks.text import read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")

THRESHOLDS = (70, 74, 78, 80, 82, 84, 86, 88, 90, 92, 94, 96, 98)
MOST_PAIRED = 2500  # all pairs of more take minutes
SIZES = (1250, 2500, 5000, 10_000)
CHANGED_AMONG = (5000, 20_000)
CHANGES = 100
KNOWN = frozenset(name.casefold() for name in (*PEOPLE, *SURNAMES))


def bare(proposals: Sequence[Proposal], threshold: float) -> tuple[Group, ...]:
    """Group by the token sort ratio and the due dates alone, to see what the guards are worth."""
    return all_pairs(proposals, threshold, lambda one, other: ratio(one, other, threshold))


def ratio(one: str, other: str, threshold: float) -> float:
    return fuzz.ratio(read_wording(one).text, read_wording(other).text, score_cutoff=threshold)


def all_pairs(
    proposals: Sequence[Proposal], threshold: float, score: Callable[[str, str], float] | None = None
) -> tuple[Group, ...]:
    """Compare each proposal with every leader so far. Only due dates are looked at: these sets have no others."""
    alike = score or (lambda one, other: likeness(one, other, threshold, KNOWN))
    groups: list[tuple[Proposal, list[Proposal], set[str]]] = []
    for proposal in sorted(proposals, key=fullness):
        due = {proposal.due} if proposal.due else set()
        scored = (
            (alike(proposal.prose, leader.prose), -at)
            for at, (leader, _, dates) in enumerate(groups)
            if len(due | dates) < 2
        )
        best, at = max(scored, default=(0, 0))
        if not best:
            groups.append((proposal, [], due))
            continue
        groups[-at][1].append(proposal)
        groups[-at][2].update(due)
    return tuple(Group(leader, tuple(others)) for leader, others, _ in groups)


def pairs(sizes: Counter[int] | Counter[tuple[int, int]]) -> int:
    return sum(math.comb(size, 2) for size in sizes.values())


def measures(labelled: Sequence[Labelled], groups: Sequence[Group]) -> tuple[float, float, float, float]:
    """Return precision and recall of pairs, the share of pure groups, and that of things found in one group."""
    truth = {one.proposal.order: one.group for one in labelled}
    found = [[truth[one.order] for one in (group.leader, *group.others)] for group in groups]
    common = pairs(Counter((at, group) for at, members in enumerate(found) for group in members))
    joined = pairs(Counter({at: len(members) for at, members in enumerate(found)}))
    meant = Counter(one.group for one in labelled)
    several = [members for members in found if len(members) > 1]
    whole = {members[0] for members in several if len(set(members)) == 1 and len(members) == meant[members[0]]}
    repeated = sum(size > 1 for size in meant.values())
    return (
        common / joined if joined else 1,
        common / pairs(meant),
        sum(len(set(members)) == 1 for members in several) / len(several) if several else 1,
        len(whole) / repeated,
    )


def quality(count: int, seed: int) -> None:
    labelled = make_duplicates(count, seed)
    proposals = [one.proposal for one in labelled]
    print(f"{len(proposals)} proposals, {len({one.group for one in labelled})} things to do, seed {seed}")
    print("            with the guards                    token sort and due dates alone")
    print("threshold   precision recall  pure    whole    precision recall  pure    whole")
    for threshold in THRESHOLDS:
        rows = (group_duplicates(proposals, threshold, KNOWN), bare(proposals, threshold))
        print(f"{threshold:9}   " + "  ".join(" ".join(f"{x:7.3f}" for x in measures(labelled, row)) for row in rows))
    by_kind(labelled, group_duplicates(proposals, known=KNOWN))


def vault(seed: int) -> None:
    """Print the same for the proposals of each person in a vault of the usual kind."""
    with tempfile.TemporaryDirectory() as temporary:
        folder, labels = Path(temporary, "vault"), Path(temporary, "labels.jsonl")
        make_vault(folder, 1828, seed=seed, labels=labels)
        known, labelled = of_people(folder, labels)
    print(f"make_vault, {sum(map(len, labelled.values()))} proposals of {len(labelled)} people, seed {seed}")
    print("threshold   precision recall  pure    whole")
    for threshold in THRESHOLDS:
        everything: list[Labelled] = []
        groups: list[Group] = []
        for some in labelled.values():
            everything += some
            groups += group_duplicates([one.proposal for one in some], threshold, known)
        print(f"{threshold:9}   " + " ".join(f"{x:7.3f}" for x in measures(everything, groups)))


def of_people(folder: Path, labels: Path) -> tuple[frozenset[str], dict[str, list[Labelled]]]:
    """Read a made-up vault's proposals, by assignee; what no label names stands alone."""
    people = [PersonSource(path.stem) for path in folder.glob("People/*.md")]
    owner = (folder / ".vaultsync/config.yaml").read_text("utf-8").splitlines()[0].removeprefix("owner: ")
    roster, _ = build_roster(people, owner=owner)
    records = map(json.loads, labels.read_text("utf-8").splitlines())
    meant = {(record["path"], record["line"]): (record["group"], record["how"]) for record in records}
    found: dict[str, list[Labelled]] = defaultdict(list)
    for path in sorted(folder.glob("Meetings/**/*.md")):
        name = path.relative_to(folder).as_posix()
        for number, text in enumerate(path.read_text("utf-8").split("\n"), 1):
            line = parse_line(text, TaskSettings(), hidden=True) if "[?]" in text else None
            if line is None or line.symbol != "?":
                continue
            task = read_text(line, roster)
            for person in task.assignees or (UNASSIGNED,):
                at = sum(map(len, found.values()))
                group, how = meant.get((name, number), (-1 - at, "first"))
                proposal = Proposal((0, "", "", name, at), task.prose, len(line.fields), line.due)
                found[person].append(Labelled(proposal, group, (how,)))
    return frozenset(word.casefold() for person in people for word in person.name.split()), found


def by_kind(labelled: Sequence[Labelled], groups: Sequence[Group]) -> None:
    """Print, for each rewording that was the only one, the share of pairs with an original that were found."""
    place = {one.order: at for at, group in enumerate(groups) for one in (group.leader, *group.others)}
    firsts = {one.group: one for one in reversed(labelled)}
    asked, found = Counter[str](), Counter[str]()
    for one in labelled:
        if one is not firsts[one.group] and len(one.how) == 1:
            asked[one.how[0]] += 1
            found[one.how[0]] += place[one.proposal.order] == place[firsts[one.group].proposal.order]
    print("\nfound at 88, where nothing else was reworded")
    for how, count in asked.most_common():
        print(f"{how:16} {found[how] / count:6.2f} of {count}")
    wrong = [
        (one.prose, other.prose)
        for group in groups
        for one, other in combinations((group.leader, *group.others), 2)
        if labelled[one.order[-1]].group != labelled[other.order[-1]].group
    ]
    print(f"\n{len(wrong)} pairs wrongly joined at 88, for example")
    for first, second in wrong[:: max(1, len(wrong) // 8)]:
        print(f"  {first}\n  {second}\n")


def three_runs(count: int) -> list[Proposal]:
    return [one.proposal for one in make_duplicates(count)][:count]


def speed() -> None:
    for name, make in SETS.items():
        print(f"{name:24} {'first':>8} {'again':>8} {'all pairs':>10}   CPU seconds; again: with the readings kept")
        rows = []
        for size in SIZES:
            proposals = make(size)
            read_wording.cache_clear()
            group: Callable[[], tuple[Group, ...]] = partial(group_duplicates, proposals, known=KNOWN)
            first, groups = timed(group)
            again, _ = timed(group)
            plain = math.nan
            if size <= MOST_PAIRED:
                plain, expected = timed(partial(all_pairs, proposals, THRESHOLD))
                assert sorted(map(orders, groups)) == sorted(map(orders, expected))
            rows.append((first, again, plain))
            print(f"{size:24} {first:8.3f} {again:8.3f} {plain:10.2f}   {len(groups)} groups")
        print(f"{'exponent':24} " + " ".join(f"{exponent(list(column)):8.2f}" for column in zip(*rows, strict=True)))


def change() -> None:
    """Print how long it takes that one proposal goes and another comes, and how long to group all anew."""
    print(f"{'one of':24} {'all anew':>9} {'median':>9} {'slowest':>9}   CPU ms; median to all anew")
    for name, make in SETS.items():
        print(name)
        for size in CHANGED_AMONG:
            proposals = make(size)
            grouping = Grouping(THRESHOLD, KNOWN)
            grouping.change((), proposals)
            taken = []
            for turn in range(CHANGES):
                at = turn * (size // CHANGES)
                old, other = proposals[at], proposals[at - size // 3]
                # Every second one then says what another says, and the rest says something new.
                proposals[at] = replace(old, prose=other.prose if turn % 2 else f"{old.prose} again", due=other.due)
                taken.append(timed(partial(grouping.change, (old,), (proposals[at],)))[0])
            anew, groups = timed(partial(group_duplicates, proposals, known=KNOWN))
            assert tuple(grouping) == groups
            usual = statistics.median(taken)
            print(f"{size:24} {anew * 1e3:9.0f} {usual * 1e3:9.2f} {max(taken) * 1e3:9.2f}   1 : {anew / usual:.0f}")


def orders(group: Group) -> list[int]:
    return [group.leader.order[-1], *sorted(other.order[-1] for other in group.others)]


def exponent(seconds: list[float]) -> float:
    """Return by which power of the size the time grows, from the first to the last size measured."""
    known = [(size, taken) for size, taken in zip(SIZES, seconds, strict=True) if not math.isnan(taken)]
    (small, first), (large, last) = known[0], known[-1]
    return math.log(last / first) / math.log(large / small)


def timed(work: Callable[[], T]) -> tuple[float, T]:
    begun = time.process_time()
    done = work()
    return time.process_time() - begun, done


SETS: dict[str, Callable[[int], list[Proposal]]] = {
    "three runs": three_runs,
    "most words shared": make_alike,
    "one sentence, many days": make_repeated,
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the grouping of near-duplicates.")
    parser.add_argument("what", nargs="?", choices=("quality", "vault", "speed", "change"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=3000)
    asked = parser.parse_args()
    if asked.what in {None, "quality"}:
        quality(asked.count, asked.seed)
    if asked.what in {None, "vault"}:
        vault(asked.seed)
    if asked.what in {None, "speed"}:
        speed()
    if asked.what in {None, "change"}:
        change()


if __name__ == "__main__":
    main()

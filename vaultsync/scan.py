"""Scan the vault: which notes there are, what each says, and how long ago somebody else changed it.

A note is read again only if its stamp has changed or can't be trusted. What follows from a note is decided when it is
planned on, below `cycle`.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from vaultsync.read_ahead import ENOUGH, Work, read_many, read_note
from vaultsync.reconcile.copies import Copy, is_twin, numbered_original, original_of, spellings
from vaultsync.storage import vault
from vaultsync.storage.listing import IN_CLOUD, is_in_cloud, list_notes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from vaultsync.clock import Clock
    from vaultsync.settings import Settings
    from vaultsync.storage.listing import Listing
    from vaultsync.tasks.note import Note


# A file changed this shortly before it was read may change again within the same time stamp.
_FRESH = 2.0


class Seen(NamedTuple):
    """A note as it was read, and its stamp then; without one only another read tells whether it still is so."""

    note: Note
    stamp: vault.Stamp | None


@dataclass(slots=True)
class Scanner:
    """The notes of one vault as last seen; `changed_at` is the monotonic time of a note's last change but ours."""

    settings: Settings
    clock: Clock
    written: Mapping[str, str]  # path -> digest of what we wrote there last
    kept: Mapping[str, Seen] = field(default_factory=dict)  # what another process read, until all notes have been seen
    notes: dict[str, Note] = field(default_factory=dict)
    copies: dict[str, Copy] = field(default_factory=dict)  # conflict copies, which are no notes
    changed_at: dict[str, float] = field(default_factory=dict)
    noticed_at: dict[str, float] = field(default_factory=dict)  # when (monotonic) a change was seen, or that it is gone
    touched: set[str] = field(default_factory=set)  # notes that were read or dropped since somebody emptied this
    unreadable: dict[str, str] = field(default_factory=dict)
    stale_temps: list[str] = field(default_factory=list)
    listed: bool = False  # all notes have been seen once
    _stamps: dict[str, vault.Stamp] = field(default_factory=dict)
    _read_at: dict[str, float] = field(default_factory=dict)
    _ours: Mapping[str, str] = field(default_factory=dict)  # path -> digest of what we have just written
    _numbered: dict[str, tuple[str, str, str]] = field(default_factory=dict)  # may be copies by their name, of these
    _numbers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # the same by original
    _twins: dict[str, tuple[str, str, bool]] = field(default_factory=dict)  # of such a path: both digests, the answer

    @property
    def _work(self) -> Work:
        return Work(self.settings.root, self.settings.rules)

    def scan_all(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Bring everything up to date: list the vault, read what is new or changed, drop what is gone."""
        listing = list_notes(self.settings.root, self._wants)
        self.unreadable, self.stale_temps = listing.unreadable, listing.stale_temps
        for path in (self.notes.keys() | self.copies.keys()) - listing.notes.keys():
            self._drop(path)

        def report(done: int) -> None:
            if progress:
                progress(done, len(listing.notes))

        began, ahead = self.clock.now(), {} if self.listed else self._known_ahead(listing.notes, report)
        for number, (path, stamp) in enumerate(sorted(listing.notes.items())):
            self._look_at(path, stamp, ahead.get(path))
            report(max(number + 1, len(ahead)))
        self._read_at |= dict.fromkeys(ahead.keys() & self._read_at.keys(), began)
        self._sort_numbered(self._numbered)
        if not self.listed:
            self._compare_with_kept()
        self.listed = True

    def scan_some(self, paths: Iterable[str]) -> bool:
        """Bring these notes up to date; tell whether anything but our own writes was new. Other files don't count."""
        before: dict[str, Note | None] = {}
        for path in paths:
            if not path.endswith(".md") or any(part.startswith(".") for part in path.split("/")):
                continue
            before.setdefault(path, self.known(path))
            try:
                stamp = vault.stamp_of(self.settings.root, path) if self.settings.wants(path) else None
            except OSError as error:
                self._drop(path)
                self.unreadable[path] = error.strerror or str(error)
                continue
            self.unreadable.pop(path, None)
            if stamp is None:
                self._drop(path)
                if self.settings.wants(path) and is_in_cloud(self.settings.root, path):
                    self.unreadable[path] = IN_CLOUD
            else:
                self._look_at(path, stamp)
        self._sort_numbered(chain(before, *(self._numbers.get(path, ()) for path in before)))
        return any(self._is_new(path, note) for path, note in before.items())

    def scan_written(self, digests: Mapping[str, str]) -> None:
        """Bring the notes up to date that we have just written, given the digest of what was written by path.

        Of one that is gone by now, nothing else would tell.
        """
        self._ours = digests
        self.scan_some(digests)
        self._ours = {}
        self.noticed_at |= {path: self.clock.monotonic() for path in digests if self.known(path) is None}

    def known(self, path: str) -> Note | None:
        """Return what was last read of a file, be it a note or a conflict copy."""
        copy = self.copies.get(path)
        return copy.note if copy else self.notes.get(path)

    def age(self, path: str) -> float:
        """Return the seconds since somebody else last changed a note; infinite if that is long ago."""
        changed = self.changed_at.get(path)
        return float("inf") if changed is None else self.clock.monotonic() - changed

    def rest(self, path: str) -> float:
        """Return the seconds since anybody last changed a note, we too; of our own writes the file's time tells."""
        since = self.clock.now() - self._stamps[path].mtime_ns / 1e9
        return min(self.age(path), max(0.0, since)) if since >= -_FRESH else self.age(path)

    def forget_changes(self, before: float) -> None:
        """Forget the changes before a moment (monotonic) that no waiting period reaches back to."""
        self.changed_at = {path: at for path, at in self.changed_at.items() if at >= before}

    def is_stable(self, path: str, pause: float) -> bool:
        """Tell whether two reads with a pause (seconds) between them give the bytes that were parsed."""
        note = self.known(path)
        for wait in (0.0, pause):
            self.clock.sleep(wait)
            try:
                content = vault.read(self.settings.root, path)
            except OSError:
                return False
            if note is None or vault.digest_of(content) != note.digest:
                return False
        return True

    def is_as_listed(self, listing: Listing) -> bool:
        """Tell whether what was last read is what the vault holds: no note is missing, none has another stamp."""
        wanted = {path: stamp for path, stamp in listing.notes.items() if self.settings.wants(path)}
        return wanted == self._stamps and self.unreadable.items() <= listing.unreadable.items()

    def fresh(self) -> dict[str, str]:
        """Return the digests of the notes of which another read may say more, though their stamps are the same.

        They were changed just before they were read, or they couldn't be read at all: then the digest is empty.
        """
        known = {path: note for path in self._stamps if (note := self.known(path)) is not None}
        return {path: note.digest for path, note in known.items() if self._is_fresh(note)}

    def seen(self) -> dict[str, Seen]:
        """Return the notes for another process to go on with; conflict copies are left out."""
        return {
            path: Seen(note, None if self._is_fresh(note) else self._stamps[path]) for path, note in self.notes.items()
        }

    def _wants(self, path: str) -> bool:
        """Tell whether a path is a note's. Of one that was read this is known; asking takes as long as a `stat`."""
        return path in self.notes or path in self.kept or self.settings.wants(path)

    def _is_fresh(self, note: Note) -> bool:
        stamp = self._stamps[note.path]
        if not note.digest and stamp.size <= self.settings.rules.limits.note_bytes:
            return True
        return self._read_at[note.path] - max(stamp.mtime_ns, stamp.ctime_ns) / 1e9 <= _FRESH

    def _known_ahead(self, stamps: Mapping[str, vault.Stamp], progress: Callable[[int], None]) -> dict[str, Note]:
        """Return the notes that are as they were kept; where the others are much to read, read them all at once."""
        kept = {path: seen.note for path, seen in self.kept.items() if seen.stamp and seen.stamp == stamps.get(path)}
        sizes = {path: stamp.size for path, stamp in sorted(stamps.items()) if path not in kept}
        return kept | (read_many(sizes, self._work, progress) if sum(sizes.values()) >= ENOUGH else {})

    def _compare_with_kept(self) -> None:
        """Hold only those for touched that aren't as another process left them."""
        same = {path for path, seen in self.kept.items() if self.notes.get(path) is seen.note}
        self.touched = (self.touched | self.kept.keys()) - same
        self.kept = {}

    def _look_at(self, path: str, stamp: vault.Stamp, ahead: Note | None = None) -> None:
        known = self._stamps.get(path)
        if known == stamp and self._read_at[path] - stamp.mtime_ns / 1e9 > _FRESH:
            return
        before, kept = self.known(path), self.kept.get(path)
        note = ahead or read_note(path, stamp.size, self._work, before or (kept and kept.note))
        if note is None:
            self._drop(path)
            return
        self._stamps[path], self._read_at[path] = stamp, self.clock.now()
        if note is not before:
            self._sort_in(path, note)
        if before is not None and before.digest == note.digest:
            return
        # At first sight what we once wrote is ours; later, bytes of ours that come back are somebody's change, and so
        # is a note that does.
        if note.digest == (self._ours if self.listed else self.written).get(path):
            return
        # The file's own time is exact where it is plausible. At first sight one from the future tells nothing; later
        # the change happened between the last look and now, and so did a move, which keeps the file's time.
        age = self.clock.now() - stamp.mtime_ns / 1e9
        if (before is not None or self.listed) and not 0 <= age <= _FRESH:
            age = 0.0
        if self.listed:
            self.noticed_at[path] = self.clock.monotonic()
        if age >= -_FRESH:
            self.changed_at[path] = self.clock.monotonic() - max(age, 0.0)

    def _is_new(self, path: str, before: Note | None) -> bool:
        now = self.known(path)
        # Our own writes are known since they were made.
        return (before and before.digest) != (now and now.digest)

    def _drop(self, path: str) -> None:
        if self.known(path) is not None:
            self.noticed_at[path] = self.clock.monotonic()
        self.touched.add(path)
        self.notes.pop(path, None)
        self.copies.pop(path, None)
        for original in self._numbered.pop(path, ()):
            self._numbers[original].discard(path)
        self._twins.pop(path, None)
        self._stamps.pop(path, None)
        self._read_at.pop(path, None)
        self.changed_at.pop(path, None)

    # -- conflict copies

    def _sort_in(self, path: str, note: Note) -> None:
        """Put what was read of a file where it belongs, by its name."""
        self.touched.add(path)
        if original := original_of(path):
            self.copies[path] = Copy(self._with_text(note), original)
            return
        if original := numbered_original(path):
            self._numbered[path] = spellings(original)
            for spelling in self._numbered[path]:
                self._numbers[spelling].add(path)
            self.copies.pop(path, None)
        self.notes[path] = note

    def _sort_numbered(self, paths: Iterable[str]) -> None:
        """Tell some notes whose names end in a number from copies, after a change of theirs or of their originals."""
        unsorted = deque(path for path in paths if path in self._numbered)
        while unsorted:
            path = unsorted.popleft()
            originals = self._numbered[path]
            note = self.known(path)
            other = next((self.notes[name] for name in originals if name in self.notes), None)
            if note is None:
                continue
            was_copy = path in self.copies
            is_copy = other is not None and self._is_copy(note, other)
            if is_copy:
                self.touched.add(path)
                self.notes.pop(path, None)
                self.copies[path] = Copy(self._with_text(note), originals[0])
            elif copy := self.copies.pop(path, None):
                self.touched.add(path)
                self.notes[path] = copy.note
            if is_copy != was_copy:
                unsorted.extend(self._numbers.get(path, ()))  # whose original may be it

    def _is_copy(self, note: Note, other: Note) -> bool:
        known = self._twins.get(note.path)
        if known is None or known[:2] != (note.digest, other.digest):
            text, other_text = self._with_text(note).text, self._with_text(other).text
            answer = text is not None and other_text is not None and is_twin(note, text, other, other_text)
            known = self._twins[note.path] = (note.digest, other.digest, answer)
        return known[2]

    def _with_text(self, note: Note) -> Note:
        """Return a note with its text, if it still can be read as it was."""
        if note.raw is not None or note.held is not None:
            return note
        try:
            content = vault.read(self.settings.root, note.path)
        except OSError:
            return note
        return replace(note, raw=content) if vault.digest_of(content) == note.digest else note

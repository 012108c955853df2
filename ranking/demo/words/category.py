"""The shape of a category's vocabulary."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """Every opening goes with every subject and every detail: "{opening with subject}, {detail}".

    So openings may not care whether a subject is one or many, and details refer to the video, not to the
    subject.
    """

    openings: tuple[str, ...]  # each with one `{}` for the subject
    subjects: tuple[str, ...]
    details: tuple[str, ...]
    tags: tuple[str, ...]  # the most used first

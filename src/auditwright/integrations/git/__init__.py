"""Changes to code, read from the history of git repositories with the `git` program.

1. A repository is a folder, or a URL that is cloned without files into a folder that is thrown away.
2. Its main branch is the one in the settings, else the one that its remote names, else `main` or `master`.
   Where a remote-tracking branch is there, it counts: what was not pushed did not reach the shared branch.
3. Evidence is git's exact output for the commits of that branch. The same history gives the same bytes.
4. A change is a commit of the first-parent history; what its other parents brought in are its merged commits.
5. Who reviewed is what the history records: trailers, and the committer of a merge who wrote none of its
   commits. A history that records no review at all leaves reviewers Unknown for every change.

A repository is hostile input: its hooks, its configured commands and its replaced objects are never used,
and reading a folder never opens a connection.
"""

from typing import Final

from auditwright.core.integration import ConfigField, Integration, Operation, Stream, Takes
from auditwright.core.resources import Change, Release
from auditwright.integrations.git import releases
from auditwright.integrations.git.changes import normalize
from auditwright.integrations.git.collect import OPERATION, check, collect
from auditwright.integrations.git.settings import GIT, RELEASES, STREAM, targets

INTEGRATION: Final = Integration(
    id=GIT,
    title="Git",
    summary="Changes that reached the main branch of each repository, the reviews that the history records, and releases.",
    fields=(
        ConfigField(
            name="repositories",
            title="Repositories",
            help='Paths from the program folder, or URLs (https, ssh) to clone, such as ["../code"].',
            required=True,
            default=("..",),
            takes=Takes.TEXTS,
            names_files=("repositories",),
        ),
        ConfigField(
            name="branch",
            title="Main branch",
            help="The branch that changes must reach to count; found out where it is left out.",
        ),
    ),
    streams=(
        Stream(
            id=STREAM,
            title="Changes to code",
            operations=(Operation(name=OPERATION, permission="", lists=(Change,)),),
            emits=(Change,),
            collect=collect,
            normalize=normalize,
        ),
        Stream(
            id=RELEASES,
            title="Releases",
            operations=(Operation(name=releases.OPERATION, permission="", lists=(Release,)),),
            emits=(Release,),
            collect=releases.collect,
            normalize=releases.normalize,
        ),
    ),
    targets=targets,
    check=check,
    read=lambda config: tuple(targets(config)),
)

"""Read a program folder from disk."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from auditwright.app.errors import AppError
from auditwright.program.definitions import SETTINGS_FILE, Program, read_program
from auditwright.program.document import MAX_FILE_BYTES, ProgramError

DEFINITION_FOLDERS = ("controls", "waivers", "tests", "vulnerabilities")
"""The folders whose files define something; what else lies in the program folder is not read here."""

MAX_FILES = 5_000
"""Definitions in one folder: far above any program, far below a mistyped home directory."""


def find_program_folder(given: Path) -> Path:
    """The program folder at a path; raises AppError where there is none. Nothing is ever made here."""
    if not given.is_dir():
        raise AppError(
            f"{given} is not a folder. Name the program folder with --program, or make one: auditwright init {given}"
        )
    if not (given / SETTINGS_FILE).is_file():
        raise AppError(
            f"{given} holds no {SETTINGS_FILE}, so it is not a program folder. "
            f"Name the folder with --program, or make one: auditwright init {given}"
        )
    return given.resolve()


def load_program(folder: Path) -> Program:
    """Read and check the definitions of a program folder; raises AppError with file:line."""
    try:
        return read_program(read_files(folder))
    except ProgramError as error:
        raise AppError(str(error)) from None


def read_files(folder: Path) -> Mapping[str, bytes]:
    """The defining files of a program folder, by path within it."""
    return {path.relative_to(folder).as_posix(): _read(path) for path in _paths(folder)}


def signature(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """What changes when a defining file does: each one's path, time and size."""
    found = []
    for path in _paths(folder):
        try:
            stat = path.stat()
        except OSError:
            continue  # a file that goes away between two looks is a change by itself
        found.append((str(path), stat.st_mtime_ns, stat.st_size))
    return tuple(found)


def _paths(folder: Path) -> Iterator[Path]:
    yield folder / SETTINGS_FILE
    count = 0
    for name in DEFINITION_FOLDERS:
        for path in sorted((folder / name).rglob("*")):
            if path.suffix not in {".yaml", ".yml", ".toml", ".py", ".sql"} or "__pycache__" in path.parts:
                continue
            if not path.resolve().is_relative_to(folder.resolve()):
                raise AppError(f"{path} links to a file outside the program folder; copy the file instead")
            count += 1
            if count > MAX_FILES:
                raise AppError(f"{folder} holds more than {MAX_FILES} definitions; is it the program folder?")
            yield path


def _read(path: Path) -> bytes:
    try:
        size_bytes = path.stat().st_size
        if size_bytes > MAX_FILE_BYTES:
            raise AppError(f"{path}: {size_bytes} bytes; a definition has at most {MAX_FILE_BYTES}")
        return path.read_bytes()
    except OSError as error:
        raise AppError(f"{path} cannot be read: {error.strerror}") from None

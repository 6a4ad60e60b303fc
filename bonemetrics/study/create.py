"""Making a new study."""

from __future__ import annotations

from pathlib import Path, PurePath

from bonemetrics.atomic import write_atomic
from bonemetrics.errors import ProtocolError, StudyError
from bonemetrics.study import audit, enrolment
from bonemetrics.study.audit import Author
from bonemetrics.study.database import open_database, refuse_network_filesystem
from bonemetrics.study.layout import StudyFolder, make_private_folder
from bonemetrics.study.protocol import PROTOCOL_FILE, Protocol, load_protocol, parse_protocol
from bonemetrics.study.store import current_user
from bonemetrics.study.template import template


def init_study(folder: Path, protocol_file: Path | None = None, *, user: str | None = None) -> StudyFolder:
    """Make a study folder: protocol, database, first audit row.

    Everything is checked before anything is written.

    Parameters
    ----------
    folder
        A new or empty folder, or one that holds nothing of a study but a `study.toml` to be taken as it is.
    protocol_file
        A `study.toml` to copy, with the subjects table it names by a relative path; without it one with explained
        examples is written.
    user
        Who acts, as the audit log names them.

    Returns
    -------
    StudyFolder
        Ready for `Store.open`.

    Raises
    ------
    StudyError
        `study-exists`, `foreign-folder`, `network-filesystem` or a database error.
    ProtocolError
        If the protocol is not valid.
    """
    place = StudyFolder(folder)
    files = _files_to_write(place, protocol_file)
    protocol = _checked(place, protocol_file, files)
    if protocol.study.database == "sqlite":
        refuse_network_filesystem(folder)
    for part in (place.root, place.scans, place.exports):
        make_private_folder(part)
    for name, data in files.items():
        make_private_folder((place.root / name).parent)
        write_atomic(place.root / name, data)
    database = open_database(place, protocol.study.database, create=True)
    author = Author(user=user or current_user())
    with database.write() as connection:
        if enrolment.is_a_study(connection):
            raise StudyError("the database already holds a study; name another one", code="study-exists")
        audit.append(connection, author, "study-created", f"study {protocol.study.id}", new={"id": protocol.study.id})
        enrolment.make_identity_key(connection)
        enrolment.record_protocol(connection, author, protocol)
    return place


def _files_to_write(place: StudyFolder, protocol_file: Path | None) -> dict[str, bytes]:
    if place.root.exists() and not place.root.is_dir():
        raise StudyError("there is a file of this name where the study's folder should be", code="foreign-folder")
    if place.database.exists() and _holds_a_study(place):
        raise StudyError("the folder already holds a study; `bonemetrics run` adds to it", code="study-exists")
    if place.protocol.is_file():
        if protocol_file is not None and protocol_file.resolve() != place.protocol.resolve():
            raise StudyError(
                "the folder already holds a study.toml; remove it, or leave out --protocol", code="study-exists"
            )
        return {}
    if not place.is_free():
        raise StudyError(
            "the folder holds other things and no study.toml; name a new or empty folder", code="foreign-folder"
        )
    if protocol_file is None:
        return {PROTOCOL_FILE: template(place.root.resolve().name).encode()}
    protocol = load_protocol(protocol_file)
    source = protocol_file / PROTOCOL_FILE if protocol_file.is_dir() else protocol_file
    files = {PROTOCOL_FILE: source.read_bytes()}
    table = protocol.study.subjects
    if table is not None and not PurePath(table).is_absolute():
        if ".." in PurePath(table).parts:
            message = "'subjects' of [study] leaves the protocol's folder; put the table beside it or write a full path"
            raise ProtocolError(message, code="invalid-protocol")
        files[table] = (source.parent / table).read_bytes()
    return files


def _holds_a_study(place: StudyFolder) -> bool:
    """Whether `init` came to its end here; one that was killed may be made again."""
    with open_database(place, "sqlite").read() as connection:
        return enrolment.is_a_study(connection)


def _checked(place: StudyFolder, protocol_file: Path | None, files: dict[str, bytes]) -> Protocol:
    if not files:
        return load_protocol(place.protocol)
    if protocol_file is not None:
        return load_protocol(protocol_file)
    return parse_protocol(files[PROTOCOL_FILE].decode())

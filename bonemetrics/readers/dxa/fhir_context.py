"""What FHIR resources say of each other: whose result it is, from which day, by which device, within which report."""

from __future__ import annotations

import re
from datetime import date

from bonemetrics.readers.dxa.fhir_json import Entry, Resource, object_of, objects_of, text_of
from bonemetrics.records import DxaDevice, DxaPatient

_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:T\S*)?")
_SEXES = {"female": "F", "male": "M", "other": "O"}
_LONGEST = 128
_MOST_TWINS = 8
"""Versions of one resource in a file; beyond it the name says nothing, and looking at all of them takes for ever."""
WITHDRAWN = ("entered-in-error", "cancelled")


class Context:
    """The resources of one file, by the ways in which others refer to them."""

    def __init__(self, found: list[Entry]) -> None:
        self._named: dict[str, list[Entry]] = {}
        self._contained: dict[tuple[int, str], list[Entry]] = {}
        for entry in found:
            if entry.parent is not None:
                name = f"#{text_of(entry.resource.get('id'))}"
                self._contained.setdefault((id(entry.parent), name), []).append(entry)
            for name in {entry.key, entry.url} - {""}:
                twins = self._named.setdefault(name, [])
                if len(twins) <= _MOST_TWINS and all(one.resource != entry.resource for one in twins):
                    twins.append(entry)
        self._owners: dict[int, list[Entry]] = {}
        for entry in found:
            members = "result" if entry.kind == "DiagnosticReport" else "hasMember"
            for reference in objects_of(entry.resource.get(members)):
                for member in self.targets(reference, entry):
                    self._owners.setdefault(id(member), []).append(entry)

    def targets(self, reference: Resource, holder: Entry) -> list[Entry]:
        """The resources that a reference means; several where a file holds different ones of the same name."""
        text = text_of(reference.get("reference"))
        if text.startswith("#"):
            found = self._contained.get((id(holder.parent or holder), text), [])
        else:
            # Within a bundle a short reference is of the same server as the resource that holds it.
            url = (holder.parent or holder).url
            near = text if ":" in text or not url else f"{url.removesuffix(local_name(url))}{local_name(text)}"
            found = self._named.get(near) or [
                one for one in self._named.get(local_name(text), []) if not (one.url and ":" in text)
            ]
        return found if len(found) <= _MOST_TWINS else []

    def owners(self, entry: Entry) -> list[Entry]:
        """Reports and panels that a result belongs to."""
        outer = [entry.parent] if entry.parent is not None and entry.parent.kind == "DiagnosticReport" else []
        return list({id(one): one for one in (*self._owners.get(id(entry), []), *outer)}.values())

    def is_withdrawn(self, entry: Entry, *, levels: int = 3) -> bool:
        """Whether a result is withdrawn, or every panel and report that holds it."""
        if text_of(entry.resource.get("status")) in WITHDRAWN:
            return True
        owners = self.owners(entry) if levels else []
        return bool(owners) and all(self.is_withdrawn(owner, levels=levels - 1) for owner in owners)

    def inherited(self, entry: Entry, name: str) -> object:
        """A property of a result, or of the one report or panel that holds it where the result has none."""
        if name in entry.resource:
            return entry.resource[name]
        found = [owner.resource[name] for owner in self.owners(entry) if name in owner.resource]
        return found[0] if found and all(value == found[0] for value in found) else None

    def subject(self, entry: Entry) -> tuple[str, DxaPatient]:
        """Key of the person within the file, and what is known of her."""
        subject = object_of(self.inherited(entry, "subject"))
        owners = self.owners(entry)
        patients = [
            patient
            for holder in (entry, *owners)
            for patient in self.targets(subject, holder)
            if patient.kind == "Patient"
        ]
        stated = text_of(object_of(subject.get("identifier")).get("value"))
        name = text_of(subject.get("reference"))
        if patients:
            person = _person(patients)
            if len({_record_number(one.resource) for one in patients}) > 1 and not stated:
                # Two people of one name: nothing says whose result this is, nor that the next one is of the same.
                return self._alone(entry), DxaPatient()
            own = stated or person.patient_id or _id_part(name)
            return patients[0].url or patients[0].key or name, person.model_copy(update={"patient_id": own[:_LONGEST]})
        if name.startswith("#") or _kind(name) not in ("", "Patient"):
            name = ""
        own = stated or _id_part(name)
        return own or self._alone(entry), DxaPatient(patient_id=own[:_LONGEST])

    def _alone(self, entry: Entry) -> str:
        """Key of a person nobody knows: of one report at most."""
        owners = self.owners(entry)
        return f"result {id(owners[0]) if owners else id(entry)}"

    def day(self, entry: Entry) -> tuple[date | None, str]:
        """Day of the measurement and the moment as it is written; no day where it is not written in full."""
        text = text_of(self.inherited(entry, "effectiveDateTime")) or text_of(self.inherited(entry, "effectiveInstant"))
        period = object_of(self.inherited(entry, "effectivePeriod"))
        if not text and period:
            start, end = text_of(period.get("start")), text_of(period.get("end"))
            text = start if not end or start[:10] == end[:10] else ""
        return _day(text), text

    def device(self, entry: Entry) -> DxaDevice:
        """The densitometer, where its resource is in the file."""
        found = self.targets(object_of(self.inherited(entry, "device")), entry)
        resources = [one.resource for one in found if one.kind == "Device"]
        if len(resources) != 1:
            return DxaDevice()
        resource = resources[0]
        names = [text_of(one.get("name")) for one in objects_of(resource.get("deviceName"))]
        versions = [text_of(one.get("value")) for one in objects_of(resource.get("version"))]
        return DxaDevice(
            manufacturer=text_of(resource.get("manufacturer"))[:_LONGEST],
            model=(text_of(resource.get("modelNumber")) or (names[0] if names else ""))[:_LONGEST],
            serial=text_of(resource.get("serialNumber"))[:_LONGEST],
            software=(versions[0] if len(versions) == 1 else "")[:_LONGEST],
        )


def local_name(reference: str) -> str:
    """`Type/id` of a reference that may be a URL or name a version."""
    parts = reference.split("/_history/")[0].split("/")
    return "/".join(parts[-2:])


def _kind(reference: str) -> str:
    parts = local_name(reference).split("/")
    return parts[0] if len(parts) == 2 else ""


def _id_part(reference: str) -> str:
    return local_name(reference).rpartition("/")[2].removeprefix("urn:uuid:").removeprefix("urn:oid:")


def _person(patients: list[Entry]) -> DxaPatient:
    """Identifier, birth date and sex, as far as all resources of the person agree."""
    resources = [entry.resource for entry in patients]
    births = {_birth(text_of(resource.get("birthDate"))) for resource in resources}
    sexes = {_SEXES.get(text_of(resource.get("gender")), "") for resource in resources}
    numbers = {_record_number(resource) for resource in resources}
    return DxaPatient(
        patient_id=numbers.pop() if len(numbers) == 1 else "",
        birth_date=births.pop() if len(births) == 1 else "",
        sex=sexes.pop() if len(sexes) == 1 else "",
    )


def _record_number(resource: Resource) -> str:
    """The medical record number, or the only identifier; empty where several could be meant."""
    identifiers = objects_of(resource.get("identifier"))
    records = [
        one
        for one in identifiers
        if any(text_of(coding.get("code")) == "MR" for coding in objects_of(object_of(one.get("type")).get("coding")))
    ]
    chosen = records or identifiers
    return text_of(chosen[0].get("value")) if len(chosen) == 1 else ""


def _birth(text: str) -> str:
    day = _day(text)
    return day.strftime("%Y%m%d") if day is not None and len(text) == 10 else ""


def _day(text: str) -> date | None:
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None

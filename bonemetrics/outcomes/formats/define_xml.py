"""Define-XML 2.1: what every table and column of an export means, for programs that read metadata."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from bonemetrics.atomic import write_atomic
from bonemetrics.outcomes.formats.code_lists import CodeListEntry, code_list_of
from bonemetrics.outcomes.formats.dataset_json import text_length
from bonemetrics.outcomes.formats.moment import iso_time
from bonemetrics.outcomes.formats.names import (
    group_oid,
    item_oid,
    metadata_oid,
    study_oid,
    xpt_names,
    xpt_table_name,
)
from bonemetrics.outcomes.formats.origins import is_derived, meaning
from bonemetrics.outcomes.formats.titles import keys_of, title_of
from bonemetrics.outcomes.table import Column, ColumnType, Table
from bonemetrics.quantities import CATALOGUE
from bonemetrics.study.protocol_tables import ParameterTable

_NAMESPACES = {
    "namespaces": {
        "odm": "http://www.cdisc.org/ns/odm/v1.3",
        "xs": "http://www.w3.org/2001/XMLSchema-instance",
        "xml": "http://www.w3.org/XML/1998/namespace",
        "xlink": "http://www.w3.org/1999/xlink",
        "def": "http://www.cdisc.org/ns/def/v2.1",
    },
    "default": {"odm": "http://www.cdisc.org/ns/odm/v1.3"},
}
_TYPES: Mapping[ColumnType, str] = {"text": "text", "number": "float", "integer": "integer", "date": "date"}
_DIGITS = 17
"""Decimal digits that tell any two IEEE doubles apart."""
_LONG, _VALUE, _CODE = "outcomes_long", "AVAL", "PARAMCD"
_SDTM = re.compile(r"mk|lb|qs|ae|supp..")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class _Parts:
    """What a MetaDataVersion is made of, in the making."""

    define: ModuleType
    groups: list[Any] = field(default_factory=list)
    items: list[Any] = field(default_factory=list)
    code_lists: dict[str, Any] = field(default_factory=dict)
    methods: list[Any] = field(default_factory=list)
    comments: list[Any] = field(default_factory=list)
    value_lists: list[Any] = field(default_factory=list)
    clauses: list[Any] = field(default_factory=list)

    def description(self, text: str) -> Any:
        plain = _NOT_XML.sub("\ufffd", text) or "-"
        return self.define.Description(TranslatedText=[self.define.TranslatedText(lang="en", _content=plain)])

    def comment(self, oid: str, text: str) -> str:
        self.comments.append(self.define.CommentDef(OID=oid, Description=self.description(text)))
        return oid

    def code_list(self, entry: CodeListEntry) -> Any:
        oid = f"CL.{entry.name}"
        if oid not in self.code_lists:
            items = [
                self.define.CodeListItem(
                    CodedValue=code,
                    OrderNumber=number,
                    Decode=self.define.Decode(
                        TranslatedText=[self.define.TranslatedText(lang="en", _content=_NOT_XML.sub("\ufffd", text))]
                    ),
                )
                for number, (code, text) in enumerate(entry.codes.items(), start=1)
            ]
            self.code_lists[oid] = self.define.CodeList(
                OID=oid, Name=entry.title, DataType="text", IsNonStandard="Yes", CodeListItem=items
            )
        return self.define.CodeListRef(CodeListOID=oid)


def write_define(
    tables: Iterable[Table],
    parameters: Sequence[ParameterTable],
    path: Path,
    *,
    facts: Mapping[str, str],
    ending: str = "xpt",
) -> Path:
    """Write the metadata of an export as Define-XML 2.1.

    Parameters
    ----------
    tables
        Every table that is handed out beside it.
    parameters
        `[[parameters]]` of the protocol: code list of PARAMCD, and what AVAL of the long form is for each of them.
    path
        File to make or replace.
    facts
        With `study_id`, `software_version`, `protocol_sha256`, `audit_head` and `last_change`.
    ending
        Of the files that the tables lie in, for their references.

    Returns
    -------
    Path
        `path`.

    References
    ----------
    CDISC Define-XML Specification 2.1.
    """
    import odmlib.define_2_1.model as define
    from odmlib.ns_registry import bind_document_namespaces

    parts = _Parts(define)
    for table in tables:
        _add_table(parts, table, parameters, ending)
    root = define.ODM(
        FileType="Snapshot",
        FileOID=f"{facts['study_id']}.{facts.get('audit_head', '')[:16]}.define",
        CreationDateTime=iso_time(facts),
        ODMVersion="1.3.2",
        SourceSystem="bonemetrics",
        SourceSystemVersion=facts["software_version"],
        Context="Other",
        Study=_study(parts, facts),
    )
    # The registry of namespaces is one for the whole process; whatever else was read must not change what is written.
    bind_document_namespaces(root, _NAMESPACES)  # type: ignore[no-untyped-call]  # odmlib types it in part
    write_atomic(path, root.to_xml_string(xml_declaration=True).encode())
    return path


def _study(parts: _Parts, facts: Mapping[str, str]) -> Any:
    define, study = parts.define, facts["study_id"]
    told = f"Outcomes of {study}, made by bonemetrics {facts['software_version']}"
    version = define.MetaDataVersion(
        OID=metadata_oid(study),
        Name=f"Study {study} Data Definitions",
        Description=f"{told} from the protocol with SHA-256 {facts.get('protocol_sha256', '')}",
        DefineVersion="2.1.0",
    )
    for name, found in (
        ("ValueListDef", parts.value_lists),
        ("WhereClauseDef", parts.clauses),
        ("ItemGroupDef", parts.groups),
        ("ItemDef", parts.items),
        ("CodeList", list(parts.code_lists.values())),
        ("MethodDef", parts.methods),
        ("CommentDef", parts.comments),
    ):
        if found:
            setattr(version, name, found)
    names = define.GlobalVariables(
        StudyName=define.StudyName(_content=study),
        StudyDescription=define.StudyDescription(_content=told),
        ProtocolName=define.ProtocolName(_content=study),
    )
    return define.Study(OID=study_oid(study), GlobalVariables=names, MetaDataVersion=version)


def _add_table(parts: _Parts, table: Table, parameters: Sequence[ParameterTable], ending: str) -> None:
    define, title, keys = parts.define, title_of(table.name), keys_of(table)
    short = xpt_names(table.columns)
    for place, column in enumerate(table.columns):
        parts.items.append(_item(parts, table, place, column, short[column.name], parameters))
    references = [
        define.ItemRef(
            ItemOID=item_oid(table.name, column.name),
            OrderNumber=number,
            Mandatory="No",
            **({"KeySequence": keys.index(column.name) + 1} if column.name in keys else {}),
            **_method(parts, table, column),
        )
        for number, column in enumerate(table.columns, start=1)
    ]
    leaf = f"LF.{table.name.upper()}"
    file = f"{table.name}.{ending}"
    domain = {"Domain": table.name.removeprefix("supp").upper()} if _SDTM.fullmatch(table.name) else {}
    parts.groups.append(
        define.ItemGroupDef(
            OID=group_oid(table.name),
            Name=table.name.upper(),
            Repeating="Yes",
            IsReferenceData="No",
            SASDatasetName=xpt_table_name(table.name),
            **domain,
            Purpose="Tabulation" if domain else "Analysis",
            Structure=title.structure,
            IsNonStandard="Yes",
            ArchiveLocationID=leaf,
            Description=parts.description(title.title),
            ItemRef=references,
            Class=define.Class(Name=title.cdisc_class),
            leaf=define.leaf(ID=leaf, href=file, title=define.title(_content=file)),
        )
    )
    if table.name == _LONG and parameters:
        _add_values(parts, parameters)


def _item(
    parts: _Parts, table: Table, place: int, column: Column, short: str, parameters: Sequence[ParameterTable]
) -> Any:
    define, oid = parts.define, item_oid(table.name, column.name)
    told: dict[str, Any] = {}
    if column.type != "date":
        told["Length"] = text_length(table, place) if column.type == "text" else _DIGITS
    else:
        told["DisplayFormat"] = "DATE9."
    if not is_derived(table.name, column):
        told["CommentOID"] = parts.comment(f"COM.{oid}", meaning(column))
    codes = code_list_of(table.name, column.name)
    if column.name == _CODE and table.name == _LONG and parameters:
        names = {one.paramcd: one.param for one in parameters}
        codes = CodeListEntry(name=_CODE, title="Parameters of the Protocol", codes=names)
    if codes is not None:
        told["CodeListRef"] = parts.code_list(codes)
    if is_derived(table.name, column):
        told["Origin"] = [define.Origin(Type="Derived", Source="Sponsor")]
    if column.name == _VALUE and table.name == _LONG and parameters:
        told["ValueListRef"] = define.ValueListRef(ValueListOID=_VALUE_LIST)
    return define.ItemDef(
        OID=oid,
        Name=column.name,
        DataType=_TYPES[column.type],
        SASFieldName=short,
        Description=parts.description(column.label),
        **told,
    )


def _method(parts: _Parts, table: Table, column: Column) -> dict[str, str]:
    if not is_derived(table.name, column):
        return {}
    oid = f"MT.{table.name.upper()}.{column.name}"
    method = parts.define.MethodDef(
        OID=oid,
        Name=f"{column.name} of {table.name}",
        Type="Computation",
        Description=parts.description(meaning(column)),
    )
    parts.methods.append(method)
    return {"MethodOID": oid}


_VALUE_LIST = "VL.OUTCOMES_LONG.AVAL"


def _add_values(parts: _Parts, parameters: Sequence[ParameterTable]) -> None:
    """What AVAL is, parameter by parameter."""
    define, references = parts.define, []
    for number, one in enumerate(parameters, start=1):
        entry = CATALOGUE[one.quantity]
        oid, clause = f"{item_oid(_LONG, _VALUE)}.{one.paramcd}", f"WC.OUTCOMES_LONG.PARAMCD.EQ.{one.paramcd}"
        place = ", ".join(part for part in (one.site, one.side, one.region) if part)
        text = f"{entry.code} of {place}: {entry.definition}. Unit: {one.own_unit or 'none'}. Source: {entry.source}."
        parts.items.append(
            define.ItemDef(
                OID=oid,
                Name=_VALUE,
                DataType="float",
                Length=_DIGITS,
                SASFieldName=_VALUE,
                CommentOID=parts.comment(f"COM.{oid}", text),
                Description=parts.description(one.param),
            )
        )
        check = define.RangeCheck(
            Comparator="EQ",
            SoftHard="Soft",
            ItemOID=item_oid(_LONG, _CODE),
            CheckValue=[define.CheckValue(_content=one.paramcd)],
        )
        parts.clauses.append(define.WhereClauseDef(OID=clause, RangeCheck=[check]))
        reference = define.WhereClauseRef(WhereClauseOID=clause)
        references.append(define.ItemRef(ItemOID=oid, OrderNumber=number, Mandatory="No", WhereClauseRef=[reference]))
    parts.value_lists.append(define.ValueListDef(OID=_VALUE_LIST, ItemRef=references))

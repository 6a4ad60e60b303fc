"""The plugin uses only public names of napari, Qt and vispy, so that their next release does not end it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.conftest import ROOT

PLUGIN = ROOT / "plugins" / "napari_bonemetrics"


def private_names(source: str) -> Iterator[str]:
    """Where a name with one leading underscore is read from another object or imported from another package."""
    for node in ast.walk(ast.parse(source)):
        if any(map(_is_private, _foreign_names(node))):
            yield f"line {node.lineno}: {ast.unparse(node)}"


def _foreign_names(node: ast.AST) -> list[str]:
    match node:
        case ast.Attribute(value=ast.Name(id="self" | "cls")):
            return []
        case ast.Attribute():
            return [node.attr]
        case ast.ImportFrom(module=str(package)) if not package.startswith(("napari_bonemetrics", "bonemetrics")):
            return [*package.split("."), *(one.name for one in node.names)]
        case ast.Call(func=ast.Name(id="getattr" | "setattr" | "hasattr"), args=[_, ast.Constant(value=str(name)), *_]):
            return [name]
    return []


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


@pytest.mark.parametrize("module", sorted(PLUGIN.glob("**/*.py")), ids=lambda path: path.stem)
def test_plugin__reads_public_names_only(module):
    assert list(private_names(module.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "viewer.window._qt_viewer.canvas",
        "from napari._qt.qt_viewer import QtViewer",
        "from napari.layers import _private",
        "getattr(viewer, '_layer_slicer')",
        "self.viewer._overlays",
    ],
)
def test_plugin__would_be_caught_reading_a_private_name(source):
    assert len(list(private_names(source))) == 1


def test_plugin__may_have_private_names_of_its_own():
    assert list(private_names("self._own\nfrom napari_bonemetrics._reader import read\nwidget.__class__")) == []

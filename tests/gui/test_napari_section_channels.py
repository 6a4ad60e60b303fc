"""Fluorescence channels of a section as layers of one picture."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("napari")

from napari_bonemetrics.section_panel import SectionPanel

pytestmark = pytest.mark.gui


def test_section_panel__each_channel_is_a_layer_in_its_colour_at_the_same_pixel_size(
    make_napari_viewer, tmp_path, qtbot
):
    tifffile = pytest.importorskip("tifffile")
    dark = np.random.default_rng(3).integers(100, 140, (90, 140)).astype(np.uint16)
    label = dark.copy()
    label[40:44, 20:120] += 3000
    path = tmp_path / "Jane_Doe.ome.tif"
    named = {"Name": ["Calcein Jane Doe", "Doe P-123"]}
    size = {"PhysicalSizeX": 0.5, "PhysicalSizeY": 0.25}
    tifffile.imwrite(path, np.stack((label, dark)), metadata={"axes": "CYX", "Channel": named, **size})
    viewer = make_napari_viewer(show=True)
    panel = SectionPanel(viewer, "KL")
    viewer.window.add_dock_widget(panel, name="Section", area="right")
    with qtbot.waitSignal(panel.opened, timeout=20_000):
        panel.open_picture(path)
    assert [layer.name for layer in viewer.layers] == ["Section, channel 1 (calcein)", "Section, channel 2"]
    assert [layer.colormap.name for layer in viewer.layers] == ["green", "magenta"]
    assert {
        layer.blending.value if hasattr(layer.blending, "value") else layer.blending for layer in viewer.layers
    } == {"additive"}
    assert {tuple(layer.scale) for layer in viewer.layers} == {(0.25, 0.5)}
    first, second = (layer.contrast_limits for layer in viewer.layers)
    # 400 of 12 600 pixels are label, so that the channel is shown up to it; the other one has no more than 140.
    assert first[1] > 3000
    assert second[1] < 150
    # Lines lie on all channels alike: 100 pixels of 0.5 um are 0.05 mm.
    panel.choose("dL.Pm")
    panel.start_drawing()
    viewer.layers["dL.Pm"].add(np.array([(42, 20), (42, 120)]), shape_type="path")
    qtbot.waitUntil(lambda: "dL.Pm" in panel.drawn)
    assert panel.drawn["dL.Pm"].value == pytest.approx(0.05)
    panel.draw_as_known()
    with qtbot.waitSignal(panel.opened, timeout=20_000):
        panel.open_picture(path)
    assert len(viewer.layers) == 2

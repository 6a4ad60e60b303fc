"""Quantities of bone histomorphometry under their ASBMR names; formulas and limits stand in `histomorphometry`."""

from __future__ import annotations

from bonemetrics.quantities.base import Quantity

ILIAC = "iliac-crest"
_ASBMR = "Dempster DW et al. 2013, J Bone Miner Res 28:2, doi 10.1002/jbmr.1805"


def _entries(unit: str, *lines: tuple[str, str, str]) -> tuple[Quantity, ...]:
    return tuple(
        Quantity(code=code, name=name, unit=unit, definition=definition, source=_ASBMR, site=ILIAC)
        for code, name, definition in lines
    )


_AREAS = _entries(
    "mm2",
    ("T.Ar", "Tissue area", "Area of the sections within the envelope: bone and marrow"),
    ("B.Ar", "Bone area", "Area of bone, osteoid included"),
    ("O.Ar", "Osteoid area", "Area of unmineralised bone"),
    ("Md.Ar", "Mineralised area", "Area of mineralised bone: B.Ar - O.Ar"),
    ("Vd.Ar", "Void area", "Area of what is neither bone nor tissue"),
    ("Ma.Ar", "Marrow area", "Area of marrow"),
    ("Fb.Ar", "Fibrosis area", "Area of fibrous tissue"),
    ("Ca.Ar", "Canal area", "Area of cortical canals"),
)
_LENGTHS = _entries(
    "mm",
    ("B.Pm", "Bone perimeter", "Length of the boundary between bone and marrow"),
    ("O.Pm", "Osteoid perimeter", "Length of the bone boundary covered by osteoid; one side of the seam"),
    ("E.Pm", "Eroded perimeter", "Length of the bone boundary that is eroded"),
    ("Q.Pm", "Quiescent perimeter", "Length of the boundary that is neither osteoid nor eroded"),
    ("Md.Pm", "Mineralised perimeter", "Length of the boundary without osteoid: E.Pm + Q.Pm"),
    ("Ob.Pm", "Osteoblast perimeter", "Length of the boundary covered by osteoblasts"),
    ("Oc.Pm", "Osteoclast perimeter", "Length of the boundary covered by osteoclasts"),
    ("Rv.Pm", "Reversal perimeter", "Length of the eroded boundary without osteoclasts: E.Pm - Oc.Pm"),
    ("sL.Pm", "Single-labelled perimeter", "Length of the boundary with one fluorescent label"),
    ("dL.Pm", "Double-labelled perimeter", "Length of the boundary with two fluorescent labels"),
)
_WIDTHS = _entries(
    "um",
    ("Ct.Wi", "Cortical width", "Mean width of the cortices in the section"),
    ("W.Wi", "Wall width", "Mean width of completed structural units"),
    ("O.Wi", "Osteoid width", "Mean width of osteoid seams"),
    ("Md.Wi", "Mineralised width", "Mean width of mineralised bone"),
    ("L.Wi", "Label width", "Mean width of a label"),
    ("Tb.Wi", "Trabecular width", "Mean width of trabeculae in the section"),
    ("It.Wi", "Interstitial width", "Mean width of interstitial bone"),
    ("Ir.L.Wi", "Interlabel width", "Mean distance between the midlines of two labels"),
    ("Ca.Rd", "Canal radius", "Mean distance from the centre of a cortical canal to its wall"),
    ("E.De", "Erosion depth", "Mean depth of erosion cavities below the restored bone surface"),
    ("Ct.Th", "Cortical thickness", "Cortical width corrected for the obliquity of the section"),
    ("O.Th", "Osteoid thickness", "Osteoid width corrected for the obliquity of the section"),
    ("W.Th", "Wall thickness", "Wall width corrected for the obliquity of the section"),
    ("It.Th", "Interstitial thickness", "Interstitial width corrected for the obliquity of the section"),
    ("Tb.Th", "Trabecular thickness", "2 / (BS/BV): plate model, from area and perimeter of the section"),
    ("Tb.Sp", "Trabecular separation", "1 / Tb.N - Tb.Th: plate model"),
    ("Tb.Dm", "Trabecular diameter", "4 / (BS/BV): rod model"),
)
_COUNTS = _entries(
    "1",
    ("N.Ob", "Osteoblast number", "Number of osteoblast profiles"),
    ("N.Oc", "Osteoclast number", "Number of osteoclast profiles"),
    ("N.Ot", "Osteocyte number", "Number of osteocyte profiles"),
    ("N.Ad", "Adipocyte number", "Number of adipocyte profiles"),
    ("N.Nc", "Nuclei number", "Number of osteoclast nuclei profiles"),
    ("N.Ca", "Canal number", "Number of cortical canals"),
    ("N.Sm", "Seam number", "Number of osteoid seams"),
    ("N.E", "Erosion number", "Number of erosion cavities"),
    ("N.Pf", "Profile number", "Number of profiles"),
)
_FRACTIONS = _entries(
    "%",
    ("BV/TV", "Bone volume per tissue volume", "100 B.Ar / T.Ar"),
    ("OV/BV", "Osteoid volume per bone volume", "100 O.Ar / B.Ar"),
    ("OV/TV", "Osteoid volume per tissue volume", "100 O.Ar / T.Ar"),
    ("Md.V/TV", "Mineralised volume per tissue volume", "100 (B.Ar - O.Ar) / T.Ar"),
    ("OS/BS", "Osteoid surface", "100 O.Pm / B.Pm"),
    ("ES/BS", "Eroded surface", "100 E.Pm / B.Pm"),
    ("QS/BS", "Quiescent surface", "100 - OS/BS - ES/BS"),
    ("Ob.S/BS", "Osteoblast surface", "100 Ob.Pm / B.Pm"),
    ("Oc.S/BS", "Osteoclast surface", "100 Oc.Pm / B.Pm"),
    ("Rv.S/BS", "Reversal surface", "100 (E.Pm - Oc.Pm) / B.Pm"),
    ("Ob.S/OS", "Osteoblast surface per osteoid surface", "100 Ob.Pm / O.Pm"),
    ("Oc.S/ES", "Osteoclast surface per eroded surface", "100 Oc.Pm / E.Pm"),
    ("MS/BS", "Mineralising surface", "100 (dL.Pm + sL.Pm / 2) / B.Pm"),
    ("MS/OS", "Mineralising surface per osteoid surface", "100 (dL.Pm + sL.Pm / 2) / O.Pm"),
)
_PERIODS = _entries(
    "d",
    ("Ir.L.t", "Interlabel time", "Days between the midpoints of the two label courses"),
    ("Omt", "Osteoid maturation time", "O.Th / MAR"),
    ("Mlt", "Mineralisation lag time", "O.Th / Aj.AR"),
    ("FP", "Formation period", "W.Th / Aj.AR"),
    ("FPa+", "Active formation period", "W.Th / MAR"),
    ("Rs.P", "Resorption period", "FP x Oc.S / OS"),
    ("Rv.P", "Reversal period", "FP x (ES - Oc.S) / OS"),
    ("EP", "Erosion period", "FP x ES / OS"),
    ("QP", "Quiescent period", "FP x QS / OS"),
    ("Rm.P", "Remodelling period", "EP + FP"),
    ("Tt.P", "Total period", "FP x BS / OS"),
)
ENTRIES = (
    *_AREAS,
    *_LENGTHS,
    *_WIDTHS,
    *_COUNTS,
    *_FRACTIONS,
    *_PERIODS,
    *_entries(
        "mm2/mm3",
        ("BS/BV", "Bone surface per bone volume", "k_s B.Pm / B.Ar, k_s the factor from perimeter to surface"),
        ("BS/TV", "Bone surface per tissue volume", "k_s B.Pm / T.Ar, k_s the factor from perimeter to surface"),
    ),
    *_entries(
        "1/mm",
        ("Tb.N", "Trabecular number", "BV/TV / Tb.Th: plate model"),
        ("N.Oc/B.Pm", "Osteoclast number per bone perimeter", "N.Oc / B.Pm"),
        ("N.Ob/B.Pm", "Osteoblast number per bone perimeter", "N.Ob / B.Pm"),
    ),
    *_entries("1/mm2", ("N.Oc/T.Ar", "Osteoclast number per tissue area", "N.Oc / T.Ar")),
    *_entries(
        "um/d",
        ("MAR", "Mineral apposition rate", "k_w Ir.L.Wi / Ir.L.t, k_w the factor from width to thickness"),
        ("Aj.AR", "Adjusted apposition rate", "MAR x MS/OS"),
    ),
    *_entries("um3/um2/a", ("BFR/BS", "Bone formation rate per bone surface", "MAR x MS/BS x 365 d")),
    *_entries(
        "%/a",
        ("BFR/BV", "Bone formation rate per bone volume", "BFR/BS x BS/BV"),
        ("BFR/TV", "Bone formation rate per tissue volume", "BFR/BS x BS/TV"),
    ),
    *_entries("1/a", ("Ac.f", "Activation frequency", "(BFR/BS) / W.Th")),
)

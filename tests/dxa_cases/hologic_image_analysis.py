"""An image analysis of Hologic in XML that names its regions, of an invented person."""

from __future__ import annotations

from tests.dxa_cases import DxaCase

REPORT = """\
<ImageAnalysis>
<Patient><Name>Featherstone, Hedwig</Name><PatientID>ZK-30417</PatientID><Born>1953-08-29</Born></Patient>
<Roi><RegionName>Neck</RegionName><Area units="cm2">4.87</Area><BMC units="g">3.21</BMC><BMD units="g/cm2">0.659</BMD>
<TScore>-1.7</TScore><ZScore>0.2</ZScore></Roi>
<Roi><RegionName>Troch</RegionName><Area units="cm2">9.64</Area><BMC units="g">5.58</BMC><BMD units="g/cm2">0.579</BMD>
</Roi>
<Roi><RegionName>Wards</RegionName><Area units="cm2">1.13</Area><BMC units="g"></BMC><BMD units="g/cm2">0.433</BMD>
</Roi>
</ImageAnalysis>"""

CASE = DxaCase(
    route="hologic-image-analysis",
    module="bonemetrics.readers.dxa.hologic_image_analysis",
    file_name="analysis.xml",
    make=lambda: REPORT.encode(),
    secrets=("Featherstone", "Hedwig", "ZK-30417", "1953-08-29", "19530829"),
    numbers={
        ("neck", "", "bmc"): 3.21,
        ("neck", "", "t_score"): -1.7,
        ("trochanter", "", "area"): 9.64,
        ("wards", "", "bmd"): 0.433,
    },
    by_attribute=True,
)

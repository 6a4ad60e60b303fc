"""The report in a real browser: what its reader sees, on the screen and on paper."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace

import pypdfium2
import pytest

from bonemetrics.outcomes.report.build import write_report
from tests.outcome_datasets import trial_dataset

pytestmark = pytest.mark.gui

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
LAPTOP = "1366,900"
A4_PT = (595.0, 842.0)
MARGIN_PT = 14 / 25.4 * 72
# Runs in a copy of the page whose ban on scripts is lifted, and leaves what it finds in the document.
PROBE = """<script>
window.addEventListener('load', () => {
  const wide = [...document.querySelectorAll('main *')].filter((one) => !one.closest('svg') &&
    one.getBoundingClientRect().right > document.documentElement.clientWidth + 1);
  const cut = [...document.querySelectorAll('.table-box')].filter((one) => one.scrollWidth > one.clientWidth + 1);
  const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);
  const left = [...document.querySelectorAll('nav a')].filter((one) =>
    !document.getElementById(decodeURIComponent(one.hash.slice(1))));
  const found = {
    width: document.documentElement.scrollWidth,
    wide: wide.map((one) => one.tagName + ' ' + one.className),
    cut: cut.map((one) => one.innerText.slice(0, 60)),
    repeated: ids.filter((one, place) => ids.indexOf(one) !== place).slice(0, 5),
    requested: performance.getEntriesByType('resource').map((one) => one.name),
    dead: left.map((one) => one.hash),
    empty: [...document.querySelectorAll('figure svg')].filter((one) => one.getBoundingClientRect().height < 60).length,
    figures: document.querySelectorAll('figure svg').length,
    unnamed: [...document.querySelectorAll('figure svg')].filter((one) => !one.querySelector('title, desc')).length,
    language: document.documentElement.lang,
    contents: document.querySelector('nav').getBoundingClientRect().height,
    links: [...document.querySelectorAll('nav a')].filter((one) => one.checkVisibility()).length,
    headless: [...document.querySelectorAll('table')].filter((one) => !one.caption || !one.tHead).length,
  };
  const told = document.createElement('pre');
  told.id = 'probe';
  told.textContent = JSON.stringify(found);
  document.body.append(told);
});
</script>"""


@pytest.fixture(scope="module")
def browser():
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    if found is None:
        pytest.skip("no Chromium on this machine; scripts/setup.sh installs it where it may")
    return found


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return write_report(trial_dataset(), tmp_path_factory.mktemp("report"))[0]


def run(browser, folder, *arguments):
    options = ("--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}")
    # Nothing has a name to be found under, so a page that asks for anything fails.
    offline = ("--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking", "--no-first-run")
    done = subprocess.run(
        [browser, *options, *offline, *arguments], capture_output=True, text=True, timeout=180, check=True
    )
    return done.stdout


def probe(browser, folder, page, size):
    html = page.read_text(encoding="utf-8")
    html, lifted = re.subn(r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>", "", html)
    assert lifted == 1
    copy = folder / "probed.html"
    copy.write_text(html.replace("</head>", PROBE + "</head>"), encoding="utf-8")
    dom = run(browser, folder, f"--window-size={size}", "--dump-dom", copy.as_uri())
    (told,) = re.findall(r'<pre id="probe">(.*?)</pre>', dom, re.DOTALL)
    return json.loads(told.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))


@pytest.mark.parametrize("size", [LAPTOP, "1920,1080", "820,1100"], ids=["laptop", "desktop", "tablet"])
def test_report__fits_the_screen_and_asks_for_nothing(browser, report, tmp_path, size):
    found = probe(browser, tmp_path, report, size)
    assert found["width"] <= int(size.split(",")[0])
    assert found["requested"] == []
    for fault in ("wide", "repeated", "dead", "cut"):
        assert found[fault] == [], fault
    assert (found["empty"], found["unnamed"], found["headless"]) == (0, 0, 0)
    assert found["language"] == "en"
    assert found["figures"] >= 20


@pytest.mark.parametrize(("size", "is_folded"), [(LAPTOP, False), ("768,1024", True)], ids=["laptop", "tablet"])
def test_report__contents_are_folded_on_a_narrow_screen(browser, report, tmp_path, size, is_folded):
    found = probe(browser, tmp_path, report, size)
    assert (found["links"] == 0) is is_folded
    # One line of them takes nothing of the first screen; a wide table scrolls in its own box.
    assert (found["contents"] < 60) is is_folded
    assert found["width"] <= int(size.split(",")[0])


def test_report__shows_every_section_in_the_browser_as_it_is_sent(browser, report, tmp_path):
    dom = run(browser, tmp_path, f"--window-size={LAPTOP}", "--dump-dom", report.as_uri())
    for title in (
        "Overview of changes",
        "Endpoints",
        "Biopsies",
        "Follow-up and completeness",
        "Adverse events",
        "Fractures",
        "Participants",
    ):
        assert re.search(rf"<h2>{title}", dom), title
    for participant in trial_dataset().gathered.participants:
        assert f"<h3>{participant.subject}" in dom


def test_report__runs_no_script_that_a_table_brings(browser, tmp_path):
    dataset = trial_dataset()
    study = dataset.gathered.protocol.study.model_copy(update={"title": "<script>document.title='owned'</script>"})
    protocol = dataset.gathered.protocol.model_copy(update={"study": study})
    page = write_report(replace(dataset, gathered=replace(dataset.gathered, protocol=protocol)), tmp_path / "out")[0]
    dom = run(browser, tmp_path, "--dump-dom", page.as_uri())
    assert "<title>owned</title>" not in dom
    assert "&lt;script&gt;document.title='owned'&lt;/script&gt;" in dom


def test_report__prints_on_a4_with_a_page_for_each_woman(browser, report, tmp_path):
    pdf = tmp_path / "report.pdf"
    run(browser, tmp_path, f"--print-to-pdf={pdf}", "--no-pdf-header-footer", report.as_uri())
    document = pypdfium2.PdfDocument(pdf)
    texts = [page.get_textpage().get_text_range() for page in document]
    sizes = {tuple(round(side) for side in page.get_size()) for page in document}
    assert sizes == {(round(A4_PT[0]), round(A4_PT[1]))}
    for participant in trial_dataset().gathered.participants:
        starts = [text for text in texts if re.match(rf"(Participants\s.*?)?{participant.subject}\b", text, re.DOTALL)]
        assert len(starts) == 1, participant.subject
    first = next(place for place, text in enumerate(texts) if text.startswith("Endpoints"))
    assert "Radius trabecular density" in texts[first], "the heading of endpoints stands alone"
    # From the first woman's sheet on there is one for each woman, then the methods.
    women = next(place for place, text in enumerate(texts) if text.startswith("Participants"))
    methods = next(place for place, text in enumerate(texts) if text.startswith("Methods and definitions"))
    assert methods - women == len(trial_dataset().gathered.participants)
    assert all(_is_within_margins(page) for page in document)
    assert not [number for number, text in enumerate(texts) if not text.strip()], "a blank page"


def _is_within_margins(page):
    """Whether every letter lies between the margins; a browser shrinks nothing that is too wide, it cuts it."""
    text = page.get_textpage()
    width = page.get_size()[0]
    boxes = [text.get_charbox(place) for place in range(text.count_chars())]
    return all(left >= MARGIN_PT - 2 and right <= width - MARGIN_PT + 2 for left, _, right, _ in boxes if right > left)

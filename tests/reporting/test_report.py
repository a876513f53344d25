"""report.html: what it says, that names cannot harm it, and how it behaves in a browser."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.metrics_file import MetricsLog
from bigmodel_cli.reporting.report.page import write_report
from bigmodel_cli.run_folder import RunFolder, update_record
from bigmodel_cli.signature import Signature, signature_as_json
from bigmodel_cli.stopped import Stopped
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.whole_files import write_json

pytestmark = pytest.mark.slow

CONFIG = """\
name: pets
seed: 0
data: {source: {npz: {path: data.npz}}, batch_size: 32}
optimizer: {Adam: {learning_rate: 0.01}}
training: {epochs: 9}
"""


@pytest.fixture
def make_run(tmp_path, evaluated, columns_of):
    """Makes the folder of a complete run: `make_run(["cat", "dog"], epochs=50)`."""

    def make(names, epochs=3, stamp="20260102-030405", config=CONFIG, gates=()):
        run = RunFolder(tmp_path / "runs" / "pets" / stamp)
        run.path.mkdir(parents=True)
        document, samples = evaluated(names)
        write_json(run.evaluation("test"), document)
        write_json(run.samples("test"), samples)
        run.config.write_text(config)
        run.source_config.write_text(config)
        columns = columns_of(epochs, "loss", "val_loss", "accuracy", "val_accuracy")
        log = MetricsLog(run.metrics, list(columns)[5:])
        log.start_over([{name: values[row] for name, values in columns.items()} for row in range(epochs)])
        update_record(
            run,
            {
                "status": "completed",
                "name": "pets",
                "started": "2026-01-02T03:04:05+0000",
                "seconds": 75.0,
                "epochs": epochs,
                "best": {"epoch": epochs, "monitor": "val_accuracy", "value": 0.9},
                "parameters": 12345,
                "seed": 0,
                "test": document["metrics"],
                "plan": {"device": {"name": "cpu", "model": "a processor"}, "precision": "float32"},
                "data": {
                    "splits": {"test": {"examples": document["examples"], "sha256": "abc"}},
                    "skipped": {},
                },
                "gates": [dict(gate) for gate in gates],
                "signature": signature_as_json(
                    Signature.of(ImageKind(ImageFormat((28, 28), "grayscale")), Classification(tuple(names)))
                ),
                "versions": {"bigmodel": "0.1.0", "python": "3.11.7", "keras": "3.15.1"},
                "command": ["bigmodel", "train", "pets and more.yaml"],
                "sessions": [{"seconds": {"steps": 60.0}}],
            },
        )
        return run

    return make


class Page(HTMLParser):
    """What a browser would make of a page: its text, its elements with their attributes."""

    VOID = frozenset({"meta", "img", "br", "link", "input"})

    def __init__(self, text):
        super().__init__()
        self.elements, self.text, self._open = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        # Cells of a table stand apart.
        self.text.append(" " if tag in ("td", "th", "li", "dd") else "")
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open and self._open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        if not {"style", "script"} & {*self._open[-1:]}:
            self.text.append(data)

    @property
    def words(self):
        return re.sub(r"\s+", " ", "".join(self.text))


def page_of(run):
    write_report(run)
    return Page(run.report.read_text("utf-8"))


def test_headline_and_facts(make_run):
    run = make_run(["cat", "dog"])
    document = json.loads(run.evaluation("test").read_text())
    accuracy, interval = document["metrics"]["accuracy"], document["intervals"]["accuracy"]
    words = page_of(run).words
    assert f"{accuracy:.2%} accuracy" in words
    assert f"95 % interval {interval['low']:.2%} to {interval['high']:.2%}, on 60 examples" in words
    for fact in ("3, the best is 3", "1.2 min", "12,345", "a processor", "float32", "60 test"):
        assert fact in words
    assert "bigmodel train 'pets and more.yaml'" in words
    assert "# bigmodel 0.1.0, Python 3.11.7, and pip install keras==3.15.1 bigmodel train" in words


def test_what_is_cut_says_so_and_of_a_path_the_end_is_seen(make_run):
    from bigmodel_cli.tasks.classification.sections import confusion

    run = make_run([f"class {number}" for number in range(10)])
    text = run.evaluation("test").read_text()
    found = confusion(json.loads(text))
    pairs, all_pairs = len(found["pairs"]), found["num_pairs"]
    page = page_of(run)
    assert (f"Most often confused, {pairs} of {all_pairs} pairs" in page.words) == (all_pairs > pairs)
    assert found["is_cut"] == ("…" in page.words.partition("Most often confused")[2][:2000])
    whole = {"confusion_matrix": [[3, 1], [0, 2]], "per_class": [{"class": "a"}, {"class": "b"}]}
    assert not confusion(whole)["is_cut"]
    # The line runs from right to left, so that its left is cut; the name in it does not.
    html = run.report.read_text("utf-8")
    assert re.search(r'<p class="name soft" title="[^"]+"><bdi dir="ltr">[^<]+</bdi></p>', html)
    assert re.search(r"\.name \{[^}]*direction: rtl; text-align: left;", html)


def test_what_ended_the_run_is_shown(make_run):
    run = make_run(["cat", "dog"])
    assert "ended by" not in page_of(run).words
    stopped = Stopped("EarlyStopping", 3, 9, "val_loss", 0.25, 1, 2)
    update_record(run, {"stopped": stopped.as_json()})
    says = (
        "ended by EarlyStopping after epoch 3 of 9: val_loss was not better than 0.25 (epoch 1) for 2 epochs"
    )
    assert says in re.sub(r"\s+", " ", page_of(run).words.replace("ended by", "ended by "))


def test_gates_are_shown(make_run):
    gates = [
        {"metric": "test_accuracy", "expected": ">= 0.5", "value": 0.78, "met": True},
        {"metric": "per_class.recall.min", "expected": ">= 0.99", "value": 0.5, "met": False},
    ]
    words = page_of(make_run(["cat", "dog"], gates=gates)).words
    assert "met test_accuracy >= 0.5, found 0.78" in words
    assert "missed per_class.recall.min >= 0.99, found 0.5" in words


def test_the_page_needs_nothing_else(make_run):
    run = make_run(["cat", "dog"])
    page = page_of(run)
    for tag, attributes in page.elements:
        assert tag not in ("link", "iframe", "object", "embed"), tag
        for name in ("src", "href", "xlink:href"):
            value = attributes.get(name) or ""
            assert value.startswith(("#", "data:")) or not value, (tag, value)
    text = run.report.read_text("utf-8")
    assert "@import" not in text and "url(http" not in text
    policy = next(a["content"] for t, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")


def test_the_page_is_small(make_run):
    run = make_run([f"class {number}" for number in range(10)], epochs=50)
    write_report(run)
    assert run.report.stat().st_size < 3e6


def test_names_cannot_harm_the_page(make_run, names):
    run = make_run(names)
    page = page_of(run)
    (data,) = re.findall(
        r'<script type="application/json" id="data">(.*?)</script>', run.report.read_text("utf-8"), re.DOTALL
    )
    assert json.loads(data)["confusion"]["classes"] == names
    assert [tag for tag, _ in page.elements].count("script") == 2
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    # Each class's name is read as it is: nothing in it is markup, nor a template.
    for name in names:
        assert re.sub(r"\s+", " ", name) in page.words


def test_what_changed_since_the_run_before(make_run):
    make_run(["cat", "dog"], stamp="20260101-000000", config=CONFIG.replace("epochs: 9", "epochs: 5"))
    page = page_of(make_run(["cat", "dog"]))
    assert "Different from the previous run" in page.words
    assert "training.epochs 5 9" in page.words
    assert "previous run" in page.words and "in the run before." in page.words


def test_the_same_config_as_the_run_before(make_run):
    make_run(["cat", "dog"], stamp="20260101-000000")
    assert "The same as that of the previous run" in page_of(make_run(["cat", "dog"])).words


def test_a_run_that_is_not_complete_has_no_report(make_run):
    run = make_run(["cat", "dog"])
    record = {key: value for key, value in run.read_record().items() if key != "test"}
    run.record.unlink()
    update_record(run, record)
    with pytest.raises(UsageError, match="there is no report before training is complete"):
        write_report(run)


def test_a_missing_piece_is_named(make_run):
    run = make_run(["cat", "dog"])
    run.samples("test").unlink()
    with pytest.raises(DataError, match=r"the run has no evaluation/samples_test\.json"):
        write_report(run)


@pytest.fixture
def opened(browser, make_run):
    """Opens the report of a run: `opened(["cat", "dog"], width=390)`; fails where the page complains."""
    contexts = []

    def open_page(names, *, epochs=3, width=1100, scheme="light"):
        run = make_run(names, epochs)
        write_report(run)
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, offline=True
        )
        page = context.new_page()
        complaints = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda request: (
                complaints.append(request.url)
                if "file:" not in request.url and not request.url.startswith("data:")
                else None
            ),
        )
        page.goto(run.report.as_uri())
        page.wait_for_timeout(200)
        assert complaints == []
        contexts.append(context)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1100, "light")])
def test_it_fits_a_phone_and_a_desk(opened, names, width, scheme):
    page = opened(names, width=width, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.title().startswith("pets/20260102-030405: ")
    drawn = page.evaluate(
        "(() => { const c = document.querySelector('canvas.confusion'); const d = c.getContext('2d')"
        ".getImageData(0, 0, c.width, c.height).data; return new Set(d).size; })()"
    )
    assert drawn > 5
    ink, paper = page.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]"
    )
    assert ink == {"light": "rgb(27, 31, 36)", "dark": "rgb(230, 237, 243)"}[scheme]
    assert ink != paper


def test_the_matrix_answers_to_the_keyboard_and_to_the_pointer(opened):
    page = opened(["cat", "dog", "owl"])
    page.focus("canvas.confusion")
    assert page.inner_text("#confusion-cell").startswith("cat recognised: ")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#confusion-cell").startswith("cat taken for dog: ")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.inner_text("#confusion-cell").startswith("owl taken for dog: ")
    box = page.locator("canvas.confusion").bounding_box()
    page.locator("canvas.confusion").hover(position={"x": box["width"] - 5, "y": box["height"] - 5})
    assert page.inner_text("#confusion-cell").startswith("owl recognised: ")


def test_the_table_of_classes_sorts(opened):
    page = opened(["cat", "dog", "owl", "ant"])
    column = page.locator("table.sortable tbody th")
    page.get_by_role("button", name="class", exact=True).focus()
    page.keyboard.press("Enter")
    assert column.all_inner_texts() == ["ant", "cat", "dog", "owl"]
    page.keyboard.press("Enter")
    assert column.all_inner_texts() == ["owl", "dog", "cat", "ant"]
    heading = page.locator("table.sortable thead th").first
    assert heading.get_attribute("aria-sort") == "descending"
    page.get_by_role("button", name="recall", exact=True).click()
    cells = page.locator("table.sortable tbody tr td:nth-child(3)").all_inner_texts()
    assert cells == sorted(cells) and heading.get_attribute("aria-sort") == "none"


def test_hostile_names_run_nothing(opened):
    page = opened(
        ["</script><script>document.title='owned'</script>", '"><img src=x onerror="document.title=1">']
    )
    assert "owned" not in page.title() and page.title() != "1"
    assert page.locator("img[src='x']").count() == 0


def test_a_screenshot(opened, tmp_path):
    page = opened([f"class {number}" for number in range(10)], epochs=50)
    page.screenshot(path=str(tmp_path / "page.png"), full_page=True)
    assert (tmp_path / "page.png").stat().st_size > 50_000


@pytest.mark.parametrize("seen", [{}, {"test": 8, "validation": 1}])
def test_the_run_that_it_started_from_is_named(make_run, seen):
    run = make_run(["cat", "dog"])
    parent = {"run": "runs/photos/1", "loaded": ["a", "b"], "new": ["dense"], "trained_on": seen}
    update_record(run, {"parent": parent})
    words = page_of(run).words
    assert "starts from weights of 2 layers are from runs/photos/1; new: dense" in words
    assert ("it was trained on 8 test examples and 1 validation examples of this run" in words) is bool(seen)


def test_a_run_that_began_anew_names_none(make_run):
    assert "starts from" not in page_of(make_run(["cat", "dog"])).words


def label_problems(names, *, stands_out, split="validation"):
    """label_problems_<split>.json of a run."""
    suspect = {"name": "train[7]", "label": names[0], "suggested": names[1], "probability": 0.98}
    return {
        "split": split,
        "checkpoint": "best",
        "method": "confident_learning",
        "examples": 1000,
        "estimated": 41.3,
        "share": 0.0413,
        "stands_out": stands_out,
        "surest": {"contradicted": 9, "examples": 250},
        "pairs": [{"label": names[0], "right": names[1], "estimated": 41.3, "noise_rate": 0.08}],
        "suspects": [{**suspect, "of_label": 0.01, "png": None}] * 30,
    }


def test_labels_that_may_be_wrong(make_run):
    names = ["<b>cat</b>", "</script><script>document.title='owned'</script>"]
    run = make_run(names)
    write_json(run.label_problems("validation"), label_problems(names, stands_out=True))
    write_json(run.label_problems("test"), label_problems(names, stands_out=False, split="test"))
    write_report(run)
    page = run.report.read_text("utf-8")
    assert '<section id="label_problems_validation"><h2>Labels that may be wrong, validation</h2>' in page
    assert '<a href="#label_problems_validation">Labels, validation</a>' in page
    assert "about 41 of 1,000 labels of the validation split may be wrong" in page
    assert "30 are suspected, the most suspicious first; all are in evaluation/label_problems_valid" in page
    section = page[page.index('id="label_problems_validation"') :].partition("</section>")[0]
    assert section.count('<li class="wrong">') == 24
    assert "&lt;/script&gt;" in section and "<script" not in section
    assert "98.0%" in section and "8.0%" in section
    # What does not stand out is not told.
    assert "label_problems_test" not in page

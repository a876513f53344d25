"""`bigmodel predict`: files, folders, globs and arrays; results as lines, JSON, CSV and a plot."""

from __future__ import annotations

import csv
import io
import json
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.run_folder import RunFolder, labels_hash, update_record
from bigmodel_cli.run_lock import record_files

pytestmark = pytest.mark.tf

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 6, 6, 1), np.uint8)
# Names that mean something to matplotlib, to a terminal, to CSV, or that are long.
HOSTILE = ["$x_", '\x1b[31mred,"', "n" * 200]


@pytest.fixture
def predict(bigmodel, trained):
    return lambda *words: bigmodel("predict", *words, "--runs-dir", trained)


@pytest.fixture
def images(tmp_path, monkeypatch):
    """Five images in two folders below the current one."""
    monkeypatch.chdir(tmp_path)
    for number, pixels in enumerate(PIXELS):
        path = tmp_path / "images" / ("a" if number < 3 else "b") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels[..., 0]).save(path)
    return sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.png"))


@pytest.fixture
def hostile_runs(trained, tmp_path):
    """The trained run with names of classes that are not harmless."""
    runs = tmp_path / "hostile"
    shutil.copytree(trained, runs)
    run = RunFolder(next((runs / "tiny").iterdir()))
    run.labels.write_text(json.dumps(HOSTILE))
    signature = run.read_record()["signature"]
    signature["targets"]["label"]["class_names"] = HOSTILE
    update_record(run, {"labels_sha256": labels_hash(HOSTILE), "signature": signature})
    record_files(run, [run.labels])
    return runs


def test_a_file(predict, images, trained):
    outcome = predict(images[0])
    assert outcome.code == 0
    (line,) = outcome.out.splitlines()
    name, _, shown = line.partition(": ")
    assert name == "images/a/0.png"
    parts = [part.split(" ") for part in shown.split(", ")]
    assert {label for label, _ in parts} == {"class_0", "class_1", "class_2"}
    shares = [float(share.rstrip("%")) for _, share in parts]
    assert shares == sorted(shares, reverse=True) and sum(shares) == pytest.approx(100, abs=0.2)
    (run,) = (trained / "tiny").iterdir()
    told, *others = outcome.err.splitlines()
    assert told == f"run: {run} (the newest completed one)"
    # Its noise is nothing that the run was trained on.
    assert others[0].startswith("images/a/0.png: ") and "unlike the training examples" in others[-1]


@pytest.mark.parametrize(
    "words", [["images"], ["images/*/*.png"], ["images/**/*.png"], ["images/a", "images/b"]]
)
def test_folders_and_globs_are_their_files(predict, images, words):
    expected = predict(*images)
    outcome = predict(*words)
    assert outcome.code == 0
    assert outcome.out == expected.out and expected.out.count("\n") == 5


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_arrays(predict, images, name):
    if name.endswith("y"):
        np.save(name, PIXELS)
    else:
        np.savez(name, x=PIXELS, y=np.zeros(5))
    lines, expected = predict(name).out.splitlines(), predict("images").out.splitlines()
    assert [line.partition(": ")[0] for line in lines] == [f"{name}[{number}]" for number in range(5)]
    assert [line.partition(": ")[2] for line in lines] == [line.partition(": ")[2] for line in expected]


def test_one_example_without_a_batch_axis(predict, images):
    np.save("one.npy", PIXELS[0].astype(np.float64))
    assert predict("one.npy").out.partition(": ")[2] == predict(images[0]).out.partition(": ")[2]


def test_top(predict, images):
    assert predict(images[0], "--top", "1").out.count("class_") == 1
    assert predict(images[0], "--top", "9").out.count("class_") == 3
    document = predict(images[0], "--top", "2", "--json").json
    ((prediction),) = document["predictions"]
    assert len(prediction["top"]) == 2
    assert prediction["prediction"] == prediction["top"][0]["class"]
    assert prediction["probability"] == prediction["top"][0]["probability"]


def test_invert_predicts_the_negative(predict, images):
    np.save("negative.npy", 255 - PIXELS)
    inverted = predict("images", "--invert").out.splitlines()
    negative = predict("negative.npy").out.splitlines()
    assert [line.partition(": ")[2] for line in inverted] == [line.partition(": ")[2] for line in negative]
    assert inverted != predict("images").out.splitlines()


def test_both_engines_agree(predict, images):
    litert, keras = (predict("images", "--engine", name, "--json").json for name in ("litert", "keras"))
    assert (litert["engine"], keras["engine"]) == ("litert", "keras")
    for one, other in zip(litert["predictions"], keras["predictions"], strict=True):
        assert one["prediction"] == other["prediction"]
        for a, b in zip(one["top"], other["top"], strict=True):
            assert a["probability"] == pytest.approx(b["probability"], abs=1e-5)


def test_without_a_litert_model_keras_answers(bigmodel, trained, images, tmp_path):
    shutil.copytree(trained, "runs")
    for path in Path("runs").rglob("model.tflite"):
        path.unlink()
    assert bigmodel("predict", images[0], "--runs-dir", "runs", "--json").json["engine"] == "keras"


def test_more_inputs_than_one_batch_keep_their_order(predict, images):
    pixels = np.random.default_rng(1).integers(0, 256, (150, 6, 6, 1), np.uint8)
    np.save("many.npy", pixels)
    np.save("last.npy", pixels[149])
    lines = predict("many.npy").out.splitlines()
    assert len(lines) == 150
    assert lines[149].partition(": ")[2] == predict("last.npy").out.strip().partition(": ")[2]


def test_verbose_says_which_engine_answers_and_why(predict, images, trained):
    (run,) = (trained / "tiny").iterdir()
    compared = RunFolder(run).read_record()["litert"]
    assert compared["same_classes"] is True and compared["max_difference"] < 1e-5
    difference = f"{compared['max_difference']:.2g}"
    outcome = predict(images[0], "--verbose", "--run", run)
    assert outcome.err.startswith(
        "engine: LiteRT, since the run has its model: the same classes as Keras on "
        f"{compared['examples']} real examples, with a largest difference of {difference}\n"
    )
    assert outcome.out == predict(images[0]).out
    outcome = predict(images[0], "--verbose", "--run", run, "--engine", "keras", "--json")
    assert outcome.err.startswith("engine: Keras, as --engine keras asks\n")
    assert outcome.json["engine"] == "keras"
    assert "engine" not in predict(images[0]).err


@pytest.mark.parametrize("word", ["one.npy", "none.npy", "é.npy", "bell\a.npy"])
def test_json_is_laid_out_as_one_document(predict, word, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save(word, PIXELS[: {"one.npy": 1, "none.npy": 0}.get(word, 3)])
    outcome = predict(word, "--json")
    assert outcome.code == 0
    assert outcome.out == json.dumps(outcome.json, indent=2, ensure_ascii="\a" in word) + "\n"
    names = [prediction["input"] for prediction in outcome.json["predictions"]]
    assert names == [f"{word}[{number}]" for number in range(len(names))]
    assert list(outcome.json) == ["run", "engine", "predictions"]


@pytest.mark.slow
def test_only_what_litert_needs_is_loaded(trained, images):
    program = (
        "import json, sys\n"
        "from bigmodel_cli.cli.main import run\n"
        f"code = run(['predict', 'images', '--runs-dir', {str(trained)!r}])\n"
        "print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code == 0 and done.stdout.count("\n") == 5
    slow = {"tensorflow", "keras", "matplotlib", "sklearn", "rich", "pydantic"}
    assert not slow & set(modules)


@pytest.fixture
def start(trained, tmp_path, monkeypatch):
    """Begins to predict 20,000 examples, in a process of its own, whose output fills any pipe."""
    monkeypatch.chdir(tmp_path)
    np.save("many.npy", np.random.default_rng(0).integers(0, 256, (20_000, 6, 6, 1), np.uint8))
    words = [sys.executable, "-m", "bigmodel_cli", "predict", "many.npy", "--runs-dir", trained]
    with ExitStack() as processes:
        yield lambda *more: processes.enter_context(
            subprocess.Popen([*words, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        )


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_in_the_midst_leaves_no_half_csv(start, number, code):
    process = start("--csv", "scores.csv")
    first = process.stdout.readline()
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code and err.endswith(b"error: interrupted\n")
    assert first.startswith(b"many.npy[0]: class_") and out.count(b"\n") < 19_999
    assert [path.name for path in Path().iterdir()] == ["many.npy"]


@pytest.mark.slow
def test_who_reads_the_first_predictions_only_is_no_error(start, trained):
    process = start("--csv", "scores.csv")
    process.stdout.readline()
    process.stdout.close()
    (run,) = (trained / "tiny").iterdir()
    assert process.wait(60) == 0
    assert process.stderr.read().decode() == f"run: {run} (the newest completed one)\n"
    assert [path.name for path in Path().iterdir()] == ["many.npy"]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_behind_the_predictions(trained, images):
    words = ["predict", images[0], "--runs-dir", trained]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "bigmodel_cli", *words], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 5
    assert done.stderr.splitlines()[1:] == ["error: the output cannot be written: no space left"]


def test_csv(predict, images):
    outcome = predict("images", "--csv", "deep/scores.csv", "--json")
    assert "written: deep/scores.csv" in outcome.err
    with Path("deep/scores.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["input"] for row in rows] == [str(path) for path in images]
    for row, prediction in zip(rows, outcome.json["predictions"], strict=True):
        scores = [float(row[f"score_class_{number}"]) for number in range(3)]
        assert sum(scores) == pytest.approx(1, abs=1e-5)
        assert row["prediction"] == prediction["prediction"] == f"class_{np.argmax(scores)}"
        assert float(row["probability"]) == pytest.approx(max(scores))
        assert row["error"] == ""


@pytest.mark.parametrize("count", [1, 2, 5])
def test_plot(predict, images, count):
    outcome = predict(*images[:count], "--plot", "p.png")
    assert outcome.code == 0 and outcome.err.endswith("written: p.png\n")
    with Image.open("p.png") as image:
        assert image.format == "PNG"
        columns = {1: 1, 2: 2, 5: 3}[count]
        assert image.width == pytest.approx((2.2 * columns + 0.4) * 120, abs=2)
        assert len(np.unique(np.asarray(image.convert("L")))) > 20


def test_plot_of_other_kinds(predict, images):
    predict(images[0], "--plot", "p.svg")
    predict(images[0], "--plot", "p.pdf")
    assert "<svg" in Path("p.svg").read_text() and Path("p.pdf").read_bytes().startswith(b"%PDF")


def test_hostile_names_of_classes(bigmodel, hostile_runs, images):
    words = ["predict", "images", "--runs-dir", hostile_runs, "--csv", "s.csv", "--plot", "p.png"]
    outcome = bigmodel(*words)
    assert outcome.code == 0
    assert "\x1b" not in outcome.out + outcome.err
    assert "$x_" in outcome.out and '\\x1b[31mred,"' in outcome.out
    assert bigmodel(*words, "--json").json["predictions"][0]["top"][0]["class"] in HOSTILE
    with Path("s.csv").open(newline="") as file:
        header = next(csv.reader(file))
    assert header == [
        "input",
        "prediction",
        "probability",
        *(f"score_{name}" for name in HOSTILE),
        "error",
        "unlike",
    ]
    with Image.open("p.png") as image:
        assert image.format == "PNG"


def test_hostile_names_in_the_evaluation(bigmodel, trained, tmp_path, write):
    """Such names come from folders; here from the config of arrays."""
    config = Path(write((trained.parent / "tiny.yaml").read_text(), "c.yaml"))
    np.savez("d.npz", x=np.tile(PIXELS, (12, 1, 1, 1)), y=np.arange(60) % 3)
    names = json.dumps(HOSTILE)
    source = f"data.source={{npz: {{path: d.npz, class_names: {names}}}}}"
    outcome = bigmodel("train", config, source, "training.epochs=1", "--runs-dir", "runs")
    assert outcome.code == 0, outcome.err
    assert "\x1b" not in outcome.out + outcome.err
    evaluated = bigmodel("evaluate", "--runs-dir", "runs")
    assert evaluated.code == 0 and "\x1b" not in evaluated.out


def given(monkeypatch, content):
    """Standard input has this content, however often it is read."""

    class Stdin:
        def __iter__(self):
            return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8")

    monkeypatch.setattr("sys.stdin", Stdin())


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_dash_stands_for_names_from_standard_input(predict, images, monkeypatch, ends):
    expected = predict(*images)
    given(monkeypatch, f"{images[1]}{ends}{ends}{images[2]}{ends}images/b".encode())
    assert predict(images[0], "-").out == expected.out


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "-: expected names of files on standard input, one a line; found none"),
        (b"\n\n", "-: expected names of files on standard input, one a line; found none"),
        (b"\x89PNG\r\n\x1a\n\xff", "-: expected names of files on standard input, one a line; found no text"),
        (b"nowhere.png\n", "nowhere.png: no such file"),
    ],
)
def test_what_is_no_name_on_standard_input(refuses, trained, monkeypatch, content, says):
    given(monkeypatch, content)
    refuses(2, "predict", "-", "--runs-dir", trained, says=(says,))


def test_each_file_that_cannot_be_read_is_named(predict, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number in range(22):
        (tmp_path / f"{number:02d}.png").write_bytes(b"")
    outcome = predict("00.png", "01.png", "02.png")
    named = [line for line in outcome.err.splitlines() if line.startswith("error: ")]
    assert outcome.code == 3 and [line[7:13] for line in named] == ["00.png", "01.png", "02.png"]
    err = predict(".").err
    assert err.count("error: ") == 20 and "hint: 2 more could not be read: --json names each" in err


def test_that_invert_changes_nothing_in_what_is_drawn_anew(capsys):
    from bigmodel_cli.cli.commands.predict import _Results
    from bigmodel_cli.inference.batches import Prediction
    from bigmodel_cli.kinds.inputs import Input

    results = _Results(3, keeps_documents=False, plot_room=0)
    results.take(Prediction(Input("a.png"), None, None, True, None))
    (drawn,) = results.remarks(inverted=False)
    assert results.remarks(inverted=True) == [
        drawn,
        "--invert changes nothing in what is drawn anew: the border says what the ground is",
    ]

"""What is compared: each comparison measures bigmodel and a plain script side by side, once per round."""

from __future__ import annotations

import csv
import json
import statistics
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from processes import Finished, bigmodel, plain, run

from bigmodel_cli.modeling.devices import has_bfloat16

REPOSITORY = Path(__file__).parent.parent
CONFIGS = REPOSITORY / "configs"
OURS, PLAIN = "bigmodel", "plain"


@dataclass(frozen=True)
class Bar:
    """What is to hold of the medians.

    Attributes:
        text: As the issue has it.
        of: The measurement, or `ratio` for ours over the plain one.
        at_least: Its lower bound.
        at_most: Its upper bound.
    """

    text: str
    of: str = "ratio"
    at_least: float | None = None
    at_most: float | None = None

    def holds(self, values: Mapping[str, float]) -> bool:
        value = values[self.of]
        above = self.at_least is None or value >= self.at_least
        return above and (self.at_most is None or value <= self.at_most)


@dataclass
class Workplace:
    """Where comparisons find data and leave what they make.

    Attributes:
        data: A folder with mnist/mnist.npz, imagenette_mini/ and imagenet_weights/.
        scratch: An empty folder.
    """

    data: Path
    scratch: Path
    _made: dict[str, Path] = field(default_factory=dict)

    @property
    def mnist(self) -> Path:
        return self.data / "mnist" / "mnist.npz"

    @property
    def mobilenet(self) -> Path:
        return self.data / "imagenet_weights" / "mobilenet_1_0_224.weights.h5"

    def folder(self, name: str) -> Path:
        path = self.scratch / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def trained(self, config: str, *words: str) -> Path:
        """A run of a config on MNIST; made once."""
        if config not in self._made:
            folder = self.folder(f"run-{config}")
            self._made[config] = train(CONFIGS / f"{config}.yaml", self.mnist, folder, *words).path
        return self._made[config]

    def of_table(self) -> Path:
        """A run of table.yaml on adult; made once."""
        if "table" not in self._made:
            self._made["table"] = train_table(self, self.folder("run-table"), 1).path
        return self._made["table"]

    def plain_of_table(self) -> Path:
        """The model of plain/table_fit.py; made once."""
        if "plain table" not in self._made:
            path = self.scratch / "table.keras"
            files = (self.data / "adult" / f"adult_{split}.csv" for split in ("train", "test"))
            plain("table_fit.py", *files, "income", "1", "0", path, folder=self.scratch)
            self._made["plain table"] = path
        return self._made["plain table"]

    def rows(self, count: int) -> Path:
        """A CSV file of rows of adult's test split, again and again."""
        name = f"rows-{count}"
        if name not in self._made:
            head, *lines = (self.data / "adult" / "adult_test.csv").read_text().splitlines()
            path = self.scratch / f"{name}.csv"
            chosen = (lines[number % len(lines)] for number in range(count))
            path.write_text("\n".join([head, *chosen, ""]))
            self._made[name] = path
        return self._made[name]

    def digits(self, count: int) -> Path:
        """A folder of PNG files of MNIST's test split."""
        name = f"digits-{count}"
        if name not in self._made:
            folder = self.scratch / name
            run(
                [sys.executable, Path(__file__).parent / "png_folder.py", self.mnist, folder, str(count)],
                self.scratch,
            )
            self._made[name] = folder
        return self._made[name]

    def packed(self, source: str, count: int) -> Path:
        """Photographs as `bigmodel data pack` writes them."""
        name = f"packed-{count}"
        if name not in self._made:
            folder = self.scratch / name
            config = Path(__file__).parent / "image_folder.yaml"
            bigmodel("data", "pack", config, source, "--out", folder, folder=self.scratch)
            self._made[name] = folder
        return self._made[name]

    def photos(self, count: int) -> Path:
        """A folder of JPEG files of photographs, in folders by class."""
        name = f"photos-{count}"
        if name not in self._made:
            folder = self.scratch / name
            script = Path(__file__).parent / "image_folder_data.py"
            run(
                [sys.executable, script, self.data / "imagenette_mini", folder, "--count", str(count)],
                self.scratch,
            )
            self._made[name] = folder
        return self._made[name]


@dataclass(frozen=True)
class TrainedRun:
    """A run that `bigmodel train` made, as a whole process."""

    process: Finished
    path: Path

    @property
    def record(self) -> dict[str, Any]:
        return json.loads((self.path / "run.json").read_text())

    @property
    def accuracy(self) -> float:
        """On the test split."""
        return json.loads(self.process.output)["test"]["accuracy"]

    def images_per_second(self) -> list[float]:
        """Of each epoch, without validation."""
        with (self.path / "metrics.csv").open() as file:
            return [float(row["examples_per_second"]) for row in csv.DictReader(file)]


def train(config: Path, mnist: Path | None, folder: Path, *words: str) -> TrainedRun:
    where = [f"data.source.mnist.path={mnist}"] if mnist else []
    process = bigmodel("train", config, *where, *words, "--plain", "--json", folder=folder)
    return TrainedRun(process, folder / json.loads(process.output)["run"])


def train_table(place: Workplace, folder: Path, epochs: int) -> TrainedRun:
    """A run of table.yaml on adult."""
    return train(
        HERE / "table.yaml",
        None,
        folder,
        f"data.source.table.path={place.data / 'adult' / 'adult_train.csv'}",
        f"data.source.table.test={place.data / 'adult' / 'adult_test.csv'}",
        f"training.epochs={epochs}",
    )


def steady(rates: list[float]) -> float:
    """The rate once everything is warm: the median without the first epoch."""
    return statistics.median(rates[1:] or rates)


class Comparison(ABC):
    """One row of the results.

    Attributes:
        name: What is compared.
        unit: Of both values.
        more_is_better: Whether the ratio is ours over the plain one's, or the other way round.
        bars: What is to hold.
        most_rounds: More would take too long.
        is_speed: Whether its ratio says how much faster than a plain script bigmodel is.
    """

    name: str
    unit: str
    more_is_better: bool = True
    bars: tuple[Bar, ...] = ()
    most_rounds: int | None = None
    is_speed: bool = True

    @abstractmethod
    def ours(self, place: Workplace) -> dict[str, float]:
        """One measurement; `value`, and whatever else is worth knowing."""

    def plain(self, place: Workplace) -> dict[str, float] | None:
        """The same for the plain script; None where there is nothing to compare."""
        return None


class Help(Comparison):
    name = "`bigmodel --help`, beside importing click, yaml and rich"
    unit = "s"
    more_is_better = False
    bars = (
        Bar("≤ 0.15 s", "value", at_most=0.15),
        Bar("≤ 1.7 × the imports", "inverse", at_most=1.7),
    )

    def ours(self, place: Workplace) -> dict[str, float]:
        return {"value": bigmodel("--help", folder=place.scratch).seconds}

    def plain(self, place: Workplace) -> dict[str, float]:
        return {"value": run([sys.executable, "-c", "import click, yaml, rich"], place.scratch).seconds}


class Check(Comparison):
    name = "`bigmodel check configs/mnist.yaml`"
    unit = "s"
    more_is_better = False
    bars = (Bar("≤ 0.4 s", "value", at_most=0.4),)

    def ours(self, place: Workplace) -> dict[str, float]:
        return {"value": bigmodel("check", CONFIGS / "mnist.yaml", folder=place.scratch).seconds}


class PredictOne(Comparison):
    name = "`bigmodel predict image.png`, beside loading the .keras file"
    unit = "s"
    more_is_better = False
    bars = (
        Bar("≤ 0.5 s", "value", at_most=0.5),
        Bar("≤ 150 MB", "megabytes", at_most=150),
        Bar("≥ 8 × faster", at_least=8),
    )

    def ours(self, place: Workplace) -> dict[str, float]:
        return self._measured(
            bigmodel("predict", self._image(place), "--run", self._run(place), folder=place.scratch)
        )

    def plain(self, place: Workplace) -> dict[str, float]:
        model = self._run(place) / "checkpoints" / "best.keras"
        return self._measured(plain("predict_one.py", model, self._image(place), folder=place.scratch))

    def _run(self, place: Workplace) -> Path:
        return place.trained("mnist", "training.epochs=1", "~expect")

    def _image(self, place: Workplace) -> Path:
        return place.digits(10_000) / "000000.png"

    def _measured(self, process: Finished) -> dict[str, float]:
        return {"value": process.seconds, "megabytes": process.megabytes}


class PredictFolder(Comparison):
    name = "`bigmodel predict folder/` of 10,000 PNG files"
    unit = "images/s"
    bars = (Bar("≥ 2 ×", at_least=2),)
    _count = 10_000

    def ours(self, place: Workplace) -> dict[str, float]:
        run_path = place.trained("mnist", "training.epochs=1", "~expect")
        process = bigmodel("predict", place.digits(self._count), "--run", run_path, folder=place.scratch)
        return self._measured(process)

    def plain(self, place: Workplace) -> dict[str, float]:
        model = place.trained("mnist", "training.epochs=1", "~expect") / "checkpoints" / "best.keras"
        return self._measured(
            plain("predict_folder.py", model, place.digits(self._count), folder=place.scratch)
        )

    def _measured(self, process: Finished) -> dict[str, float]:
        return {"value": self._count / process.seconds, "megabytes": process.megabytes}


class PredictRows(Comparison):
    """Whole processes."""

    unit = "rows/s"

    def __init__(self, name: str, count: int, *bars: Bar) -> None:
        self.name = name
        self.bars = bars
        self._count = count

    def ours(self, place: Workplace) -> dict[str, float]:
        words = [place.rows(self._count), "--run", place.of_table()]
        return self._measured(bigmodel("predict", *words, folder=place.scratch))

    def plain(self, place: Workplace) -> dict[str, float]:
        words = [place.plain_of_table(), place.rows(self._count)]
        return self._measured(plain("predict_rows.py", *words, folder=place.scratch))

    def _measured(self, process: Finished) -> dict[str, float]:
        return {
            "value": self._count / process.seconds,
            "seconds": process.seconds,
            "megabytes": process.megabytes,
        }


class Fit(Comparison):
    """Training alone, without start-up and validation."""

    unit = "images/s"

    def __init__(self, name: str, kind: str, config: Path, epochs: int, bar: Bar) -> None:
        self.name = name
        self.bars = (bar,)
        self._kind = kind
        self._config = config
        self._epochs = epochs

    def ours(self, place: Workplace) -> dict[str, float]:
        trained = train(
            self._config, place.mnist, place.folder(f"fit-{self._kind}"), f"training.epochs={self._epochs}"
        )
        return {"value": steady(trained.images_per_second()), "accuracy": trained.accuracy}

    def plain(self, place: Workplace) -> dict[str, float]:
        process = plain("mnist_fit.py", self._kind, place.mnist, str(self._epochs), folder=place.scratch)
        found = process.last_line
        return {"value": steady(found["images_per_second"]), "accuracy": found["accuracy"]}


class TableFit(Comparison):
    """Training alone, without start-up and validation."""

    name = "Training a dense network on a table (adult), beside Keras's preprocessing layers in tf.data"
    unit = "rows/s"
    bars = (Bar("≥ 5 ×", at_least=5),)
    _epochs = 6

    def ours(self, place: Workplace) -> dict[str, float]:
        trained = train_table(place, place.folder("table"), self._epochs)
        whole = {"seconds": trained.process.seconds, "accuracy": trained.accuracy}
        return {"value": steady(trained.images_per_second()), **whole}

    def plain(self, place: Workplace) -> dict[str, float]:
        files = (place.data / "adult" / f"adult_{split}.csv" for split in ("train", "test"))
        process = plain("table_fit.py", *files, "income", str(self._epochs), folder=place.scratch)
        found = process.last_line
        whole = {"seconds": process.seconds, "accuracy": found["accuracy"]}
        return {"value": steady(found["rows_per_second"]), **whole}


class WholeMnist(Comparison):
    name = "`bigmodel train configs/mnist.yaml`, whole, beside the gallery's script with 15 epochs"
    unit = "s"
    more_is_better = False
    bars = (
        Bar(
            "≤ 0.16 × the script's time with bfloat16, ≤ 0.21 × without",
            "inverse",
            at_most=0.16 if has_bfloat16() else 0.21,
        ),
        Bar("≥ 99.0 % test accuracy", "accuracy", at_least=0.99),
    )
    most_rounds = 3

    def ours(self, place: Workplace) -> dict[str, float]:
        trained = train(CONFIGS / "mnist.yaml", place.mnist, place.folder("whole-mnist"), "~expect")
        return {"value": trained.process.seconds, "accuracy": trained.accuracy}

    def plain(self, place: Workplace) -> dict[str, float]:
        process = plain("mnist_fit.py", "convnet", place.mnist, "15", folder=place.scratch)
        return {"value": process.seconds, "accuracy": process.last_line["accuracy"]}


class OutsideOfSteps(Comparison):
    name = "What is not training steps in 10 epochs of configs/mnist.yaml"
    unit = "share"
    more_is_better = False
    bars = (Bar("≤ 20 % of the whole process", "value", at_most=0.2),)
    most_rounds = 3

    def ours(self, place: Workplace) -> dict[str, float]:
        folder = place.folder("outside")
        trained = train(CONFIGS / "mnist.yaml", place.mnist, folder, "training.epochs=10", "~expect")
        phases = trained.record["sessions"][-1]["seconds"]
        whole = trained.process.seconds
        return {"value": 1 - phases["steps"] / whole, "seconds": whole - phases["steps"]}


class ImageFolder(Comparison):
    name = "JPEG files → 224 × 224, flip and rotation, fed to a model"
    unit = "images/s"
    bars = (Bar("≥ 1.5 ×", at_least=1.5),)
    _count, _epochs = 2_000, 3

    def ours(self, place: Workplace) -> dict[str, float]:
        photos = place.photos(self._count)
        trained = train(
            Path(__file__).parent / "image_folder.yaml",
            None,
            place.folder("image-folder"),
            f"data.source.image_folder.path={photos}",
            f"training.epochs={self._epochs}",
        )
        rates = trained.images_per_second()
        whole = len(rates) / sum(1 / rate for rate in rates)
        return {"value": whole, "first epoch": rates[0], "later epochs": steady(rates)}

    def plain(self, place: Workplace) -> dict[str, float]:
        process = plain(
            "image_folder.py", place.photos(self._count), "--epochs", str(self._epochs), folder=place.scratch
        )
        rates = process.last_line["images_per_second"]
        whole = len(rates) / sum(1 / rate for rate in rates)
        return {"value": whole, "first epoch": rates[0], "later epochs": steady(rates)}


class Frozen(Comparison):
    name = "A head on a frozen MobileNet, 10 epochs of 400 + 100 photographs, without start-up and report"
    unit = "s"
    more_is_better = False
    bars = (Bar("≥ 5 × faster", at_least=5), Bar("≥ 93 % on validation", "accuracy", at_least=0.93))
    most_rounds = 3

    def ours(self, place: Workplace) -> dict[str, float]:
        trained = train(
            Path(__file__).parent / "frozen.yaml",
            None,
            place.folder("frozen"),
            f"data.source.image_folder.path={place.data / 'imagenette_mini'}",
            f"model.0.MobileNet.weights={place.mobilenet}",
        )
        phases = trained.record["sessions"][-1]["seconds"]
        fitting = ("input", "steps", "callbacks", "validation", "checkpoints", "other")
        return {
            "value": sum(phases.get(phase, 0) for phase in fitting),
            "accuracy": trained.record["best"]["value"],
            "whole process": trained.process.seconds,
        }

    def plain(self, place: Workplace) -> dict[str, float]:
        photographs = place.data / "imagenette_mini"
        process = plain("frozen.py", photographs, place.mobilenet, folder=place.scratch)
        found = process.last_line
        return {
            "value": found["seconds"],
            "accuracy": found["val_accuracy"],
            "whole process": process.seconds,
        }


class ImageMemory(Comparison):
    name = "Peak memory of training on 20,000 image files, beside 2,000 (both bigmodel)"
    unit = "MB"
    more_is_better = False
    bars = (Bar("≤ 1.1 ×", "inverse", at_most=1.1),)
    most_rounds = 1
    is_speed = False

    def ours(self, place: Workplace) -> dict[str, float]:
        return self._peak(place, 20_000)

    def plain(self, place: Workplace) -> dict[str, float]:
        return self._peak(place, 2_000)

    def _peak(self, place: Workplace, count: int) -> dict[str, float]:
        config = Path(__file__).parent / "image_folder.yaml"
        path = f"data.source.image_folder.path={place.photos(count)}"
        trained = train(config, None, place.folder("image-memory"), path, "training.epochs=1")
        return {"value": trained.process.megabytes}


class Packed(Comparison):
    name = "Training from 10,000 packed photographs, beside the folder of JPEG files (both bigmodel)"
    unit = "images/s"
    bars = (Bar("≥ 1.5 ×", at_least=1.5), Bar("memory ≤ 1.1 × the folder's", "memory", at_most=1.1))
    most_rounds = 2
    is_speed = False
    _count = 10_000

    def ours(self, place: Workplace) -> dict[str, float]:
        packed = place.packed(self._config(place), self._count)
        return self._rate(place, f"data.source={{tfrecord: {{path: {packed}}}}}")

    def plain(self, place: Workplace) -> dict[str, float]:
        return self._rate(place, self._config(place))

    def _config(self, place: Workplace) -> str:
        return f"data.source.image_folder.path={place.photos(self._count)}"

    def _rate(self, place: Workplace, source: str) -> dict[str, float]:
        config = Path(__file__).parent / "image_folder.yaml"
        trained = train(config, None, place.folder("packed-runs"), source, "training.epochs=1")
        return {"value": trained.images_per_second()[0], "megabytes": trained.process.megabytes}


class Accuracy(Comparison):
    name = "Test accuracy of the network with batch normalisation after 3 epochs, over 3 seeds"
    unit = "%"
    bars = (Bar("within 0.2 points", "difference", at_least=-0.2),)
    most_rounds = 1
    is_speed = False
    _seeds, _epochs = (0, 1, 2), 3

    def ours(self, place: Workplace) -> dict[str, float]:
        config = Path(__file__).parent / "convnet_bn.yaml"
        words = f"training.epochs={self._epochs}"
        runs = [
            train(config, place.mnist, place.folder("accuracy"), words, f"seed={seed}")
            for seed in self._seeds
        ]
        found = [trained.accuracy for trained in runs]
        return {"value": 100 * statistics.mean(found)}

    def plain(self, place: Workplace) -> dict[str, float]:
        found = [
            plain(
                "mnist_fit.py",
                "convnet_bn",
                place.mnist,
                str(self._epochs),
                str(seed),
                folder=place.scratch,
            ).last_line["accuracy"]
            for seed in self._seeds
        ]
        return {"value": 100 * statistics.mean(found)}


HERE = Path(__file__).parent
IMAGES_AND_TABLES: dict[str, Comparison] = {
    "help": Help(),
    "check": Check(),
    "predict": PredictOne(),
    "predict-folder": PredictFolder(),
    "mlp": Fit(
        "Training the dense network of the article",
        "mlp",
        CONFIGS / "mnist_mlp.yaml",
        6,
        Bar("≥ 2.5 ×", at_least=2.5),
    ),
    "convnet": Fit(
        "Training the gallery's convolutional network",
        "convnet",
        HERE / "convnet.yaml",
        3,
        Bar("≥ 1.5 × in float32, ≥ 2.5 × with bfloat16", at_least=2.5 if has_bfloat16() else 1.5),
    ),
    "convnet-bn": Fit(
        "The same with batch normalisation",
        "convnet_bn",
        HERE / "convnet_bn.yaml",
        3,
        Bar("≥ 1.5 × in float32, ≥ 2 × with bfloat16", at_least=2 if has_bfloat16() else 1.5),
    ),
    "table": TableFit(),
    "predict-row": PredictRows(
        "`bigmodel predict rows.csv` of one row, beside loading the .keras file",
        1,
        Bar("≤ 0.6 s", "seconds", at_most=0.6),
        Bar("≤ 160 MB", "megabytes", at_most=160),
    ),
    "predict-rows": PredictRows(
        "`bigmodel predict rows.csv` of 100,000 rows, beside a script", 100_000, Bar("≥ 5 ×", at_least=5)
    ),
    "mnist": WholeMnist(),
    "outside": OutsideOfSteps(),
    "image-folder": ImageFolder(),
    "frozen": Frozen(),
    "image-memory": ImageMemory(),
    "packed": Packed(),
    "accuracy": Accuracy(),
}

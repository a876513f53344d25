"""The range test of a learning rate without a run."""

from __future__ import annotations

from dataclasses import replace

from bigmodel_cli.config.auto_rate import AUTO, with_constant_rate
from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.inference.run_data import load_splits
from bigmodel_cli.listener import Listener, Silent
from bigmodel_cli.modeling.backend import import_tensorflow
from bigmodel_cli.modeling.replicas.distribution import distribute
from bigmodel_cli.network import downloads
from bigmodel_cli.training.batch_size import choose_batch_size
from bigmodel_cli.training.candidate import make_candidate
from bigmodel_cli.training.keeping import Keeping
from bigmodel_cli.training.known_data import fit_to_data
from bigmodel_cli.training.learning_rate_test import RateTest, find_learning_rate
from bigmodel_cli.training.memory import naming_memory
from bigmodel_cli.training.plan import make_plan
from bigmodel_cli.training.work import Work


def find_rate_alone(config: LoadedConfig, listener: Listener, *, offline: bool = False) -> RateTest:
    """What `auto` would be for the learning rate of a config, whatever it has.

    Args:
        config: A checked config.
        listener: Is told how it goes.
        offline: No download may be made.

    Raises:
        ConfigError: If the model does not fit the data.
        DataError: If the data is missing or damaged.
        ResourceError: If memory runs out, or the loss is no number before the first step.
    """
    splits = load_splits(config.experiment, listener, offline=offline)
    experiment = fit_to_data(config, splits, listener.warn)
    import_tensorflow()
    plan, asked = make_plan(experiment.training), experiment.data.batch_size
    work = Work(experiment, splits, 1 if asked == "auto" else asked, None, distribute(plan.device))
    with downloads(allowed=not offline), naming_memory(asked):
        if asked == "auto":
            work = replace(work, batch_size=choose_batch_size(work, plan, listener))
        constant = with_constant_rate(work.experiment.optimizer, AUTO)
        keeping = Keeping(work, Silent())
        # Fewer steps are made than compiling would pay for.
        plan = replace(plan, jit_compile=False)
        tried = replace(work, experiment=experiment.model_copy(update={"optimizer": constant}))
        try:
            return find_learning_rate(work, make_candidate(tried, plan, keeping.parts["train"], keeping.fed))
        finally:
            keeping.close()

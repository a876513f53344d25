"""The table of defaults that bite."""

from __future__ import annotations

from bigmodel_cli.config.checks.pitfalls import averages, callbacks, inputs, layers, learning_rates
from bigmodel_cli.config.checks.pitfalls.pitfall import Pitfall

PITFALLS = (
    Pitfall(
        "moving averages that cannot settle",
        "`BatchNormalization` keeps 0.99 of its moving averages in each step, so that it takes some"
        " 460 steps to forget their start.",
        "In shorter runs training looks good and validation is at chance: it uses averages that "
        "mean nothing yet.",
        "`BatchNormalization: {momentum: 0.9}`, more epochs, a smaller batch, or pretrained weights",
        averages.unsettled,
        of_start=True,
    ),
    Pitfall(
        "a momentum as PyTorch counts it",
        "The `momentum` of `BatchNormalization` is the share that is kept; PyTorch's is the share "
        "that is new.",
        "With 0.1 the averages are those of the last batch.",
        "`momentum: 0.9` for PyTorch's 0.1",
        averages.like_pytorch,
    ),
    Pitfall(
        "averages of weights that cannot settle",
        "`use_ema: true` averages weights with `ema_momentum: 0.99`, from their random start on.",
        "In short runs what is validated and saved is partly random.",
        "a smaller `ema_momentum`, or more steps",
        averages.averaged_weights,
        of_start=True,
    ),
    Pitfall(
        "a batch of one example",
        "`BatchNormalization` normalises a batch by its own mean, and the last batch is what is left over.",
        "A single example becomes zeros, and the averages take that up.",
        "a `batch_size` that leaves none or several over; `LayerNormalization` where batches are that small",
        averages.lone_examples,
    ),
    Pitfall(
        "a learning rate out of range",
        "Each optimizer has rates of its own size: `SGD` 0.01 to 1, `Adam` 1e-4 to 0.01, `Lion` a "
        "tenth of that; Keras's default of `Adadelta` is a thousandth of its authors'.",
        "The loss explodes, or does not move.",
        "a rate of the optimizer's own size",
        learning_rates.out_of_range,
    ),
    Pitfall(
        "a schedule that ends long before the run",
        "`decay_steps` counts steps, not epochs; behind its end `CosineDecay` stays at 0.",
        "Nothing is learned for the rest of the run.",
        "`decay_steps` left out: it is filled in",
        learning_rates.early_end,
    ),
    Pitfall(
        "a schedule that outlasts the run",
        "The same, the other way round: the rate is still high when training ends.",
        "The last, small steps, which bring the best results, are never made.",
        "`decay_steps` left out: it is filled in",
    ),
    Pitfall(
        "restarts that never come",
        "`first_decay_steps` of `CosineDecayRestarts` counts steps as well.",
        "There is no restart.",
        "a number below the steps of the run",
        learning_rates.no_restart,
    ),
    Pitfall(
        "no patience",
        "`EarlyStopping` has `patience: 0`.",
        "The first epoch that is no better ends training, often the third.",
        "`patience: 3` or more",
        callbacks.no_patience,
    ),
    Pitfall(
        "patience longer than the run",
        "`ReduceLROnPlateau` has `patience: 10`.",
        "In runs of ten epochs it never does anything.",
        "a smaller `patience`",
    ),
    Pitfall(
        "a plateau that comes after the end",
        "`EarlyStopping` and `ReduceLROnPlateau` count the same epochs without progress.",
        "Training is stopped before the learning rate is ever lowered.",
        "less patience for `ReduceLROnPlateau` than for `EarlyStopping`",
        callbacks.plateau_after_stop,
    ),
    Pitfall(
        "early stopping that begins too late",
        "`start_from_epoch` of `EarlyStopping` may be behind the last epoch.",
        "It never looks.",
        "a smaller number",
        callbacks.starts_too_late,
    ),
    Pitfall(
        "watching the training split",
        "`monitor: accuracy` is that of training; that of validation is called `val_accuracy`.",
        "It goes on getting better while the model overfits: nothing stops, and the last epoch is the best.",
        "`monitor: val_accuracy`",
        callbacks.watches_training,
    ),
    Pitfall(
        "the worst epoch for the best",
        "`mode: max` holds for whatever is monitored, a loss too.",
        "The worst epoch is kept.",
        "`mode` left out",
        callbacks.contrary_mode,
    ),
    Pitfall(
        "saving by steps",
        "A number as `save_freq` counts steps, not epochs.",
        "The model is written hundreds of times.",
        "`save_freq: epoch`",
        callbacks.steps_for_epochs,
    ),
    Pitfall(
        "a value_range that is not the data's",
        "Colour layers (`RandomBrightness`, `AugMix`, `AutoContrast`, …) clip to `value_range: [0, 255]`.",
        "Behind `Rescaling: {scale: 1/255}` they make every image nearly black.",
        "`value_range` left out: it follows from the preprocessing",
    ),
    Pitfall(
        "colour layers around zero",
        "`RandomInvert`, `RandomSaturation` and some others compute as if values began at 0, "
        "whatever `value_range` says.",
        "With values from -1 to 1 they make values that no image has.",
        "`Rescaling` to [0, 1] in preprocessing, and to [-1, 1] in the model",
    ),
    Pitfall(
        "pixels as they come",
        "Keras's initial weights are made for values around 1, and layers take whatever they get.",
        "With pixels up to 255 training is slow, unstable or stuck.",
        "`preprocessing: [{Rescaling: {scale: 1/255}}]`",
        inputs.unscaled,
    ),
    Pitfall(
        "rescaled twice",
        "`Rescaling` divides what is in [0, 1] already just as well.",
        "All examples look alike.",
        "one `Rescaling`",
        inputs.scaled_twice,
    ),
    Pitfall(
        "an application that rescales by itself",
        "`EfficientNet`, `EfficientNetV2`, `MobileNetV3` and `ConvNeXt` begin with a rescaling of "
        "their own (`include_preprocessing`).",
        "Behind `Rescaling` they see values near 0: with ImageNet's weights all images look alike.",
        "no `Rescaling`, or `include_preprocessing: false`",
        inputs.scales_by_itself,
    ),
    Pitfall(
        "another range than ImageNet's weights know",
        "`MobileNet`, `Xception`, `InceptionV3` and `ResNet50V2` were trained on [-1, 1], `VGG16` "
        "and `ResNet50` on pixels less their means.",
        "With other values pretrained features are worth much less.",
        "`Rescaling: {scale: 1/127.5, offset: -1}`",
        inputs.unlike_imagenet,
        of_start=True,
    ),
    Pitfall(
        "ImageNet's head in the middle",
        "Applications have `include_top: true`.",
        "The layers behind it see 1,000 probabilities of ImageNet's classes instead of features.",
        "`include_top: false, pooling: avg`",
        layers.head_in_the_middle,
    ),
    Pitfall(
        "dropout behind the last layer",
        "`Dropout` may stand anywhere.",
        "Behind the last layer it sets answers to 0 and the others too high while training.",
        "in front of the last layer",
        layers.noise_at_the_end,
    ),
    Pitfall(
        "softmax twice",
        "`Softmax` takes probabilities as well as logits.",
        "The second one makes them nearly the same, and gradients small.",
        "one of the two",
        layers.probabilities_twice,
    ),
    Pitfall(
        "softmax in a hidden layer",
        "Every layer takes `activation: softmax`.",
        "All units of the layer share a sum of 1, and little gets through.",
        "`activation: relu`",
        layers.hidden_softmax,
    ),
    Pitfall(
        "a rate that drops nearly all",
        "`rate` of `Dropout` is the share that is dropped; early TensorFlow's `keep_prob` was the other one.",
        "Nothing is left to learn from.",
        "`rate: 0.1` for `keep_prob` 0.9",
        layers.drops_nearly_all,
    ),
    Pitfall(
        "units that begin alike",
        "`kernel_initializer: zeros` is taken.",
        "All units of a layer get the same gradient, and stay the same.",
        "`kernel_initializer` left out",
        layers.same_weights,
        of_start=True,
    ),
)

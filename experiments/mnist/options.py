"""The knobs of the comparison on handwritten digits, as the command line shows them."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class MnistOptions:
    """Train rhythmic and other recurrent networks on handwritten digits, one pixel per step.

    Hyperparameters of each architecture are chosen on validation digits alone, with seeds outside
    the table; the test digits are read once for every seed of the table. A run that was stopped is
    resumed by the same command.

    Args:
        preset: where the defaults come from. quick: 5,000 digits, minutes. table: MNIST, the
            lecture's three rows. paper: MNIST, the whole published protocol of 448 runs.
        dataset: mnist (60,000 + 10,000 digits) or mnist5k (5,000 bundled digits, not MNIST).
        architectures: names from rrn-golden, rrn-log, rrn-two, rrn-linear,
            rrn-golden-unconnected, rrn-custom, rnn, lstm.
        seeds: seeds of the table, one network per seed, which sets split, initialisation, batch
            order and dropout.
        tuning_seeds: seeds on which settings are chosen; none of them may be in the table.
        learning_rates: peak learning rates to choose from; none means the documented rate of
            each architecture, found for mnist5k (rrn-custom takes that of rrn-golden).
        weight_decays: decoupled weight decays to choose from.
        label_smoothings: label smoothings to choose from, each in [0, 1).
        epochs: passes over the training digits.
        batch_size: digits per update, at least 2.
        rising_share: fraction of the updates before the learning rate peaks, in (0, 1).
        momentum: Adam's beta1; cycled: 0.95, 0.85, 0.95 against the rate; constant: 0.9.
        clip_norm: bound on the global norm of the gradient, above 0.
        dropout_rate: fraction of the pooled features that RNN and LSTM drop in training, in [0, 1).
        evaluation_batch_size: digits at a time in validation and test; changes no result.
        diagonal: how recurrent weights of an RRN keep a zero diagonal. projected: set back to
            zero after every update; masked: without a gradient.
        sample_rate: pixels per second, Hz.
        pole_radius: modulus of the poles of every RRN node, in (0, 1).
        frequencies: node frequencies in Hz of the architecture rrn-custom, each below a quarter
            of the sample rate.
        run_dir: folder of the run; by default runs/DATASET-PRESET-FINGERPRINT.
        data_dir: folder with the four MNIST files; otherwise the environment variable
            RHYTHMIC_DATA_DIR, then a download.
        results: file of finished networks, one row per network: those that it holds are not
            trained again, new ones are added; none keeps rows in the run folder alone.
        devices: CPU cores over which networks are sharded, by default all; GPUs are all used.
        members_per_device: networks that train side by side on one device at most; by default 6
            on a CPU, 64 on a GPU and without recurrence; fewer where they would not fit in
            memory. It changes no result beyond rounding.
        compilation_cache: folder in which compiled programs are kept, so that the next run with
            the same networks, shapes, device and JAX loads them instead of compiling again; none
            keeps nothing. It changes no result, and may be removed at any time.
        redraw: print and draw a run again from its saved results, training nothing:
            --redraw RUN_DIR; without a folder, that of run_dir.
        dry_run: train nothing and write no results; compile and time every architecture, half a
            minute for each, and print how many networks are missing and what memory and time they
            are expected to take.
    """

    preset: str = "quick"
    dataset: str = "mnist5k"
    architectures: tuple[str, ...] = ("rrn-golden", "rnn", "lstm")
    seeds: tuple[int, ...] = (1, 2, 3)
    tuning_seeds: tuple[int, ...] = (123, 456, 789)
    learning_rates: tuple[float, ...] = ()
    weight_decays: tuple[float, ...] = (0.0,)
    label_smoothings: tuple[float, ...] = (0.0,)
    epochs: int = 30
    batch_size: int = 128
    rising_share: float = 0.15
    momentum: str = "cycled"
    clip_norm: float = 1.0
    dropout_rate: float = 0.1
    evaluation_batch_size: int = 500
    diagonal: str = "projected"
    sample_rate: float = 1000.0
    pole_radius: float = 0.99999
    frequencies: tuple[float, ...] = ()
    run_dir: Path | None = None
    data_dir: Path | None = None
    results: Path | None = None
    devices: int | None = None
    members_per_device: int | None = None
    compilation_cache: Path | None = None
    redraw: bool = False
    dry_run: bool = False

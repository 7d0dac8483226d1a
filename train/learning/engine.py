"""The training loop: one recipe, one training set, one validation set, one folder."""

import copy
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from realtime.errors import ConfigError
from realtime.labels import NO_FACE
from realtime.machine import current_commit
from train.data import lineage
from train.data.datasets import FaceSet
from train.judging import inference, metrics, set_scores
from train.learning import balance, checkpoint, curves, freezing, optimizers
from train.learning.batches import Batches
from train.learning.checkpoint import Checkpoint
from train.learning.curves import Epoch
from train.learning.distributed import Group
from train.learning.teachers import Teachers
from train.network import faceres, imagenet, models, onnx_graph
from train.recipes import IMAGENET, Recipe

__all__ = ["CHANNELS_LAST_FROM", "Epoch", "Stopped", "Trainer"]

CHANNELS_LAST_FROM = 32
"""Smallest batch with channels-last layout: on two cores a step of 128 faces takes 0.87 times as long with it, one of 8 faces
1.5 times (bf16, ResNet-50 at 48 pixels; measured by `python -m train.throughput`)."""


def uses_bfloat16(device: torch.device) -> bool:
    """Whether forward passes of training run in bfloat16: on GPUs and on CPUs with AVX-512.

    With AVX2 only it is emulated: a step of 8 faces takes 4.0 s instead of 0.19 s (two cores of an AMD EPYC).
    """
    return device.type != "cpu" or torch.backends.cpu.get_cpu_capability() == "AVX512"


class Stopped(Exception):
    """The run was stopped; a checkpoint of the last step is on disk."""


class Trainer:
    """Trains a network by a recipe. Every epoch writes a checkpoint; resuming from it is deterministic (bit-equal on one CPU).

    Args:
        recipe: the settings.
        train, val: faces; `val` is for evaluation only.
        folder: for checkpoints and metrics.csv.
        init: initial weights: a full-precision ONNX file of the same network, matching `recipe.start`. None: random weights, or
            torchvision's if the recipe says "imagenet".
        device: a torch device; forward passes of training run in bfloat16 (autocast) if that is faster, all else in float32.
        on_step: called with (epoch, step, steps, loss) after every step.
        stop: called after every step; True saves a checkpoint and raises Stopped.
        group: the processes of a distributed run, each with its own Trainer; they share every batch.
        teachers: ONNX files for distillation, matching `recipe.teachers`.
        checkpoints: whether to write a checkpoint after every epoch; short runs of large networks do without.

    Raises:
        ConfigError: `init` or a teacher was trained on faces of `val`, or the batch has fewer faces than there are processes.
    """

    def __init__(
        self,
        recipe: Recipe,
        train: FaceSet,
        val: FaceSet,
        folder: Path,
        init: Path | None = None,
        device: str = "cpu",
        on_step: Callable[[int, int, int, float], None] = lambda *_: None,
        *,
        stop: Callable[[], bool] = lambda: False,
        group: Group | None = None,
        teachers: Sequence[Path] = (),
        checkpoints: bool = True,
    ) -> None:
        self.recipe, self.train, self.val, self.folder = recipe, train, val, folder
        self.device = torch.device(device)
        self.on_step, self.stop, self.group = on_step, stop, group or Group()
        self.checkpoints = checkpoints
        self.manifest = train.manifest_sha256()
        self.steps = max(1, len(train) // recipe.batch_size)
        if min(len(train), recipe.batch_size) < self.group.size:
            raise ConfigError(f"a batch of {recipe.batch_size} is too small for {self.group.size} processes; start fewer")
        self.batches = Batches(recipe, train)
        self.teachers = Teachers(teachers, train.labels, val)
        self.seen = np.union1d(lineage.images_of(train), self.teachers.seen)
        network = models.build(recipe.network, len(train.labels), max_pool=recipe.max_pool, seed=recipe.seed)
        if recipe.start == IMAGENET:
            imagenet.load_imagenet(recipe.network, network)
        elif init is not None and init.suffix == ".json":
            faceres.load_pretrained(network, init)
        elif init is not None:
            before = lineage.read(init)
            lineage.refuse_seen(before, val, init.name)
            self.seen = np.union1d(self.seen, before)
            onnx_graph.load_into(network, init, new_classes=onnx_graph.load_labels(init) != train.labels)
        freezing.freeze(network, recipe.trained)
        if not self.group.is_main:
            torch.manual_seed(recipe.seed + self.group.rank)  # different dropout in every process
        self.layout = torch.channels_last if recipe.batch_size >= CHANNELS_LAST_FROM else torch.contiguous_format
        self.model: nn.Module = network.to(self.device, memory_format=self.layout)  # type: ignore[call-overload]
        self.average: AveragedModel | None = None
        if recipe.ema_decay:
            self.average = AveragedModel(self.model, multi_avg_fn=get_ema_multi_avg_fn(recipe.ema_decay), use_buffers=True)
        self.optimizer = optimizers.optimizer(self.model, recipe)
        self.schedule = optimizers.schedule(self.optimizer, recipe, self.steps)
        self.epoch, self.step, self.loss_sum, self.right = 0, 0, 0.0, 0
        self._curve: tuple[Epoch, ...] = ()

    def resume(self) -> None:
        """Continues from the folder's checkpoint, at the exact step.

        Raises:
            ConfigError: no checkpoint, or one of another recipe or other data.
        """
        saved = self.group.on_main(lambda: checkpoint.load(self.folder))
        self.group.together(lambda: self._refuse_others(saved))
        self.model.load_state_dict(saved.model)
        if self.average is not None:
            self.average.load_state_dict(saved.average)
        self.optimizer.load_state_dict(saved.optimizer)
        self.schedule.load_state_dict(saved.schedule)
        # a copy: torch 2.15 crashes if the state is a view of another tensor
        torch.set_rng_state(saved.random_state[self.group.rank % len(saved.random_state)].clone())
        self.epoch, self.step, self.loss_sum, self.right = saved.epoch, saved.step, saved.loss_sum, saved.right
        self.seen, self._curve = saved.seen, saved.curve
        self.group.on_main(lambda: curves.write(self.folder, self._curve))

    def run(self) -> Iterator[Epoch]:
        """Trains the remaining epochs; yields each after its checkpoint, if any, is on disk.

        Raises:
            Stopped: `stop` returned True.
            ConfigError: the checkpoint or metrics.csv cannot be written.
        """
        network = self.group.wrap(self.model)
        while self.epoch < self.recipe.epochs:
            self._train_epoch(network)
            done = self.group.on_main(self._judge)
            self.epoch, self.step, self.loss_sum, self.right = self.epoch + 1, 0, 0.0, 0
            self._curve += (done,)
            if self.checkpoints:
                self.save()
            self.group.on_main(lambda: curves.write(self.folder, self._curve))
            yield done

    def save(self) -> None:
        """Writes a checkpoint of the current state."""
        saved = self.state()
        self.group.on_main(lambda: saved.save(self.folder))

    def predict(self, faces: FaceSet) -> NDArray[np.float32]:
        """Probabilities, float32 (n,k), from the averaged weights if the recipe has averaging."""
        # a copy, so that training keeps its batch norm statistics
        settled = copy.deepcopy(self.average or self.model)
        inference.settle(settled, self.train.images, self.recipe, self.device)
        return inference.predict(settled, faces.images, self.device, self.recipe.picture)

    def curve(self) -> tuple[Epoch, ...]:
        """All epochs so far, including those before a resume."""
        return self._curve

    def _refuse_others(self, saved: Checkpoint) -> None:
        if saved.recipe != self.recipe:
            raise ConfigError(f"{self.folder}: was trained by recipe {saved.recipe}, not {self.recipe}")
        if saved.manifest_sha256 != self.manifest:
            raise ConfigError(f"{self.folder}: was trained on other data (manifest {saved.manifest_sha256[:12]})")

    def state(self) -> Checkpoint:
        """The current state, as a checkpoint holds it."""
        return Checkpoint(
            recipe=self.recipe,
            labels=self.train.labels,
            manifest_sha256=self.manifest,
            commit=current_commit(),
            seen=self.seen,
            epoch=self.epoch,
            step=self.step,
            loss_sum=self.loss_sum,
            right=self.right,
            curve=self._curve,
            model=self.model.state_dict(),
            average=self.average.state_dict() if self.average is not None else {},
            optimizer=self.optimizer.state_dict(),
            schedule=self.schedule.state_dict(),
            random_state=self.group.stack(torch.get_rng_state()),
        )

    def _train_epoch(self, network: nn.Module) -> None:
        """Trains the remaining steps of the epoch."""
        freezing.train_mode(self.model, self.recipe.trained)
        order = balance.order(self.recipe.balance, self.train, np.random.default_rng([self.recipe.seed, self.epoch]))
        prior = balance.prior(self.recipe.balance, self.train)
        # a class without images gets a tiny prior instead of zero
        raised = torch.from_numpy(self.recipe.logit_adjustment * np.log(np.maximum(prior, 1e-6))).to(self.device)
        weights = torch.from_numpy(balance.class_weights(self.recipe.balance, self.train)).to(self.device)
        while self.step < self.steps:
            rows = order[self.step * self.recipe.batch_size : (self.step + 1) * self.recipe.batch_size]
            mine = self.group.share(len(rows))
            batch = self.batches.make(self.epoch, self.step, rows, mine)
            targets = self.teachers.blend(batch.targets, batch.images, self.recipe.teacher_weight)
            wanted = torch.from_numpy(targets).to(self.device)
            images = torch.from_numpy(batch.images).to(self.device, memory_format=self.layout)
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.bfloat16 and uses_bfloat16(self.device)):
                logits = network(images)
            # scaled to the mean over the whole batch of all processes
            part = len(mine) / len(rows)
            loss = F.cross_entropy(logits.float() + raised, wanted, weight=weights) * part
            self.optimizer.zero_grad(set_to_none=True)
            (loss * self.group.size).backward()
            self.optimizer.step()
            self.schedule.step()
            if self.average is not None:
                self.average.update_parameters(self.model)
            right = int((logits.argmax(dim=1) == wanted.argmax(dim=1)).sum())
            batch_loss, batch_right, stops = self.group.sums([loss.item(), right, self.stop()])
            self.step, self.loss_sum, self.right = self.step + 1, self.loss_sum + batch_loss, self.right + int(batch_right)
            self.on_step(self.epoch + 1, self.step, self.steps, batch_loss)
            if stops:
                self.save()
                raise Stopped

    def _judge(self) -> Epoch:
        probs = self.predict(self.val)
        if NO_FACE in self.val.labels:
            set_scores.append(self.folder, self.epoch + 1, set_scores.score(probs, self.val))
        judged = metrics.score(probs, self.val.classes(), self.val.labels)
        return Epoch(
            epoch=self.epoch + 1,
            learning_rate=float(self.schedule.get_last_lr()[0]),
            train_loss=self.loss_sum / self.steps,
            train_accuracy=self.right / (self.steps * min(len(self.train), self.recipe.batch_size)),
            val_loss=judged.nll,
            val_accuracy=judged.accuracy,
            val_balanced_accuracy=judged.balanced_accuracy,
            val_macro_f1=judged.macro_f1,
        )

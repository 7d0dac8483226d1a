"""Triggers: a condition on the expressions, and the action that follows when it is met.

happiness > 0.7 for 1s: osc:/smile
faces = 0 for 30s wait 5m: mqtt:home/camera/empty
anger >= 0.6 for 500ms until 0.3: notify-send "take a break"
"""

import re
import shlex
from dataclasses import dataclass
from enum import StrEnum

from realtime.endpoints import check_topic
from realtime.errors import ConfigError
from realtime.labels import LABELS, canonical

FACES = "faces"
"""The number of faces, which conditions may be on besides the expressions."""

HYSTERESIS = 0.1
"""Distance below the threshold (or above, for <) at which a trigger can fire again, unless `until` sets it."""

WAIT_S = 1.0
"""The refractory time if no `wait` says otherwise."""

UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}

NUMBER = r"\d+(?:\.\d*)?|\.\d+"
CONDITION = re.compile(
    rf"(?P<name>\w+)\s*(?P<compare>>=|<=|==|>|<|=)\s*(?P<level>{NUMBER})"
    rf"(?:\s+for\s+(?P<hold>{NUMBER})\s*(?P<hold_unit>ms|s|m|h))?"
    rf"(?:\s+until\s+(?P<release>{NUMBER}))?"
    rf"(?:\s+wait\s+(?P<wait>{NUMBER})\s*(?P<wait_unit>ms|s|m|h))?"
)
FORM = 'give "happiness > 0.7 for 1s: COMMAND", with osc:/ADDRESS, mqtt:TOPIC or shell:LINE in place of the command'
SETTING = "triggers"


class Kind(StrEnum):
    """Kinds of actions; all but the first are prefixes in the text."""

    COMMAND = "command"
    SHELL = "shell"
    OSC = "osc"
    MQTT = "mqtt"


@dataclass(frozen=True)
class Action:
    """The action of a trigger.

    Attributes:
        target: the command line, the OSC address, or the MQTT topic.
    """

    kind: Kind
    target: str

    @classmethod
    def parse(cls, text: str) -> "Action":
        """COMMAND, shell:LINE, osc:/ADDRESS or mqtt:TOPIC.

        Raises:
            ConfigError: it is none of them.
        """
        prefix, colon, rest = text.partition(":")
        kind = Kind(prefix) if colon and prefix in (Kind.SHELL, Kind.OSC, Kind.MQTT) else Kind.COMMAND
        target = (text if kind is Kind.COMMAND else rest).strip()
        if not target:
            raise ConfigError(f"has no action; {FORM}", SETTING)
        if kind is Kind.OSC and not re.fullmatch(r"/[!-~]+", target):
            raise ConfigError(f"osc:{target}: an OSC address begins with a slash, such as osc:/smile", SETTING)
        if kind is Kind.MQTT:
            check_topic(target, SETTING)
        action = cls(kind, target)
        if kind is Kind.COMMAND and not action.words[0].strip():
            raise ConfigError(f"has no action; {FORM}", SETTING)
        return action

    @property
    def words(self) -> tuple[str, ...]:
        """The program of a command and its arguments.

        Raises:
            ConfigError: a quotation mark is not closed.
        """
        try:
            return tuple(shlex.split(self.target))
        except ValueError as error:
            raise ConfigError("has a command with a quotation mark that is not closed", SETTING) from error

    def __str__(self) -> str:
        """Text for display: only the program of a command, since its arguments may contain a token."""
        match self.kind:
            case Kind.COMMAND:
                program, *arguments = self.words
                return f"{program} ..." if arguments else program
            case Kind.SHELL:
                return "shell: ..."
            case _:
                return f"{self.kind}:{self.target}"


@dataclass(frozen=True)
class Trigger:
    """One condition and its action.

    Attributes:
        condition: as it was written, for people.
        name: an expression, or `faces`.
        compare: ">", ">=", "<", "<=" or "=".
        level: what is compared with: a probability, or a number of faces.
        release: the value behind which the trigger can fire again.
        hold_s: how long the condition must be met without a break, by one and the same face.
        wait_s: the shortest time from one firing to the next.
    """

    condition: str
    name: str
    compare: str
    level: float
    release: float
    hold_s: float
    wait_s: float
    action: Action

    @classmethod
    def parse(cls, text: str) -> "Trigger":
        """NAME > LEVEL [for TIME] [until LEVEL] [wait TIME]: ACTION.

        Raises:
            ConfigError: it is something else. Of the text only the condition is shown, since a command may hold a token.
        """
        condition, colon, action = (part.strip() for part in text.partition(":"))
        match = CONDITION.fullmatch(condition)
        if not colon or match is None:
            raise ConfigError(f'"{condition}": {FORM}', SETTING)
        name, compare, level = _name(match["name"]), match["compare"].replace("==", "="), float(match["level"])
        release = _default_release(name, compare, level) if match["release"] is None else float(match["release"])
        _check(condition, name, compare, level, release)
        return cls(
            condition=" ".join(condition.split()),
            name=name,
            compare=compare,
            level=level,
            release=release,
            hold_s=_seconds(match["hold"], match["hold_unit"], 0.0),
            wait_s=_seconds(match["wait"], match["wait_unit"], WAIT_S),
            action=Action.parse(action),
        )

    def met(self, value: float) -> bool:
        """Whether a value fulfils the condition."""
        match self.compare:
            case ">":
                return value > self.level
            case ">=":
                return value >= self.level
            case "<":
                return value < self.level
            case "<=":
                return value <= self.level
            case _:
                return value == self.level

    def released(self, value: float) -> bool:
        """Whether a value is far enough from the condition to fire again later."""
        match self.compare:
            case ">" | ">=":
                return value <= self.release and not self.met(value)
            case "<" | "<=":
                return value >= self.release and not self.met(value)
            case _:
                return not self.met(value)

    def __str__(self) -> str:
        return f"{self.condition}: {self.action}"


def _name(word: str) -> str:
    if word.lower() == FACES:
        return FACES
    try:
        return canonical(word)
    except KeyError:
        raise ConfigError(f"{word}: give {FACES} or one of {', '.join(LABELS)}", SETTING) from None


def _default_release(name: str, compare: str, level: float) -> float:
    if name == FACES or compare == "=":
        return level
    return max(0.0, level - HYSTERESIS) if compare.startswith(">") else min(1.0, level + HYSTERESIS)


def _check(condition: str, name: str, compare: str, level: float, release: float) -> None:
    if name != FACES and compare == "=":
        raise ConfigError(f'"{condition}": a probability is never exactly a number; compare with > or <', SETTING)
    if name != FACES and not (0 <= level <= 1 and 0 <= release <= 1):
        raise ConfigError(f'"{condition}": a probability is from 0 to 1', SETTING)
    if (compare.startswith(">") and release > level) or (compare.startswith("<") and release < level):
        raise ConfigError(f'"{condition}": `until` lies on the side where the condition is met; give the other side', SETTING)


def _seconds(number: str | None, unit: str, default: float) -> float:
    return default if number is None else float(number) * UNITS_S[unit]

"""`python -m train.fit` with additional recipes that train in milliseconds, for tests in other processes."""

import sys
from collections.abc import Callable, MutableMapping
from typing import Any

from tests.train_data import forgetful, plain, recipe
from train import fit, recipes
from train.network import models


def register(add: Callable[[MutableMapping[str, Any], str, Any], None] = dict.__setitem__) -> None:
    """Makes the recipes known in this process: "plain" can be compared, "long" lasts for a second and forgets at random.

    Args:
        add: puts an entry into a register; a test gives one that takes it out again at the end.
    """
    add(models.NETWORKS, "plain", plain)
    add(models.NETWORKS, "forgetful", forgetful)
    add(recipes.RECIPES, "plain", recipe(network="plain", epochs=4))
    add(recipes.RECIPES, "long", recipe(network="forgetful", epochs=25))


if __name__ == "__main__":
    register()
    sys.exit(fit.main())

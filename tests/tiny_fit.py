"""`python -m train.fit` with additional recipes that train in milliseconds, for tests in other processes."""

import sys

from tests.train_data import forgetful, plain, recipe
from train import fit, recipes
from train.network import models


def register() -> None:
    """Registers the recipes in this process: "plain" is deterministic, "long" takes a second and has dropout."""
    models.NETWORKS |= {"plain": plain, "forgetful": forgetful}
    recipes.RECIPES["plain"] = recipe(network="plain", epochs=4)
    recipes.RECIPES["long"] = recipe(network="forgetful", epochs=25)


if __name__ == "__main__":
    register()
    sys.exit(fit.main())

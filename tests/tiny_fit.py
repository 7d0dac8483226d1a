"""`python -m train.fit` with a recipe "plain" more, whose network learns in milliseconds; for tests in other processes."""

import sys

from tests.train_data import forgetful, plain, recipe
from train import fit, recipes
from train.network import models


def register() -> None:
    """Makes the recipes known in this process: "plain" can be compared, "long" lasts for a second and forgets at random."""
    models.NETWORKS |= {"plain": plain, "forgetful": forgetful}
    recipes.RECIPES["plain"] = recipe(network="plain", epochs=4)
    recipes.RECIPES["long"] = recipe(network="forgetful", epochs=25)


if __name__ == "__main__":
    register()
    sys.exit(fit.main())

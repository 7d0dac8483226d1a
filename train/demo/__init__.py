"""The parts of the bundled demo clip."""

"""Runs the command ``skymms`` for ``python -m skymms``."""

from .cli import entry

if __name__ == "__main__":
    entry()

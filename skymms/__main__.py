"""`python -m skymms` is the command `skymms`."""

from .cli import entry

if __name__ == "__main__":
    entry()

"""The version of skymms, which pyproject.toml reads from here."""

#: Not asked of the installed metadata: some programs are shipped without it, and reading it takes 2 ms.
__version__ = "0.1.0"

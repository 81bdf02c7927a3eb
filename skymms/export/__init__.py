"""Writes a message in forms that people copy: Python code, a file in TOML, and a command for curl.

The sandbox's page offers all three for each request, and so does :class:`skymms.sandbox.RequestRecord`. None contains an API
key: Python reads it from the environment, and so does the command.

- ``toml_text``: a slideshow in TOML
- ``python_code``: Python code that sends an operation
- ``curl_command``: a command that repeats a request
"""

from .curl_command import curl_command
from .python_code import python_code
from .toml_text import toml_text

__all__ = ["curl_command", "python_code", "toml_text"]

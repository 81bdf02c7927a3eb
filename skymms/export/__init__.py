"""Writes a message in forms that people copy: Python code, a file in TOML, and a command for curl.

The sandbox's page offers all three for each request, and so does :class:`skymms.sandbox.RequestRecord`. None contains an API
key: Python reads it from the environment, and so does the command.

- ``toml_text``: a slideshow in TOML
- ``python_code``: Python code that sends an operation
- ``curl_command``: a command that repeats a request
"""

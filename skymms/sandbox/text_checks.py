"""Checks texts that a postback will contain."""

from __future__ import annotations

from ..errors import ConfigurationError
from ..validation.slide_rules import invalid_xml_character


def check_texts(*texts: object) -> None:
    """Check that a postback can contain these texts: it is posted later, when the error could not be reported to the caller."""
    for text in texts:
        if not isinstance(text, str):
            raise ConfigurationError(f"{text!r:.40} must be text, not {type(text).__name__}")
        if invalid := invalid_xml_character(text):
            raise ConfigurationError(f"U+{ord(invalid[0]):04X} in {text!r:.40}: XML cannot contain this character, remove it")

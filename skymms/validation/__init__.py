"""Validation: the rules that gateways enforce, and the validator that applies them.

Rules are given plain objects and import no class of :mod:`skymms.model`.

In reading order:

- ``rule``: the class of rules, and the list in which Skycore's rules are registered
- ``checks``: checks of one value that several rules share
- ``dates``: dates and times in the forms that gateways accept
- ``hosts``: the form of URLs, and hosts that a gateway cannot reach
- ``slide_rules``: rules for one slide: its text, the URLs of its files, and which files may share a slide
- ``message_rules``: rules for the fields of a slideshow or an operation
- ``action_rules``: rules for the operations that only Skycore 1.3 has
- ``file_types``: the types of media files, by their first bytes
- ``validator``: applies a list of rules to slides and messages and reports every problem
- ``warnings``: rules for what vendors advise against but accept
"""

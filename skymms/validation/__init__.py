"""Validation: every rule that a gateway enforces, and what checks values against the rules.

Rules look at plain values and import no class of :mod:`skymms.model`.

In reading order:

- ``rule``: what a rule is, and the list that all rules are registered in
- ``checks``: questions about one value that several rules ask
- ``dates``: dates and times in the forms that gateways accept
- ``slide_rules``: one slide: its text, the URLs of its files, and which files may stand together
- ``message_rules``: the fields of a slideshow or an operation
- ``action_rules``: the operations that only Skycore 1.3 has
- ``warnings``: what vendors advise against but accept
- ``validator``: applies a list of rules to slides and messages and reports every problem
"""

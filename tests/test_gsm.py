"""The length of a text in the GSM 03.38 alphabet and in UCS-2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skymms.gsm import gsm_units, max_units


class TestGsmUnits:
    @pytest.mark.parametrize(
        ("text", "units"),
        [
            ("", ("gsm", 0)),
            ("€5", ("gsm", 3)),
            ("it’s", ("ucs2", 4)),
            ("Hi {x}", ("gsm", 8)),
            ("😀", ("ucs2", 2)),
            ("\r\n", ("gsm", 2)),
            ("\f", ("gsm", 2)),
            ("¤ßÉÅåÑñÜü§àéèìòùÇ", ("gsm", 17)),
            ("ç", ("ucs2", 1)),
            ("`", ("ucs2", 1)),
            ("\t", ("ucs2", 1)),
            ("\x1b", ("ucs2", 1)),
        ],
    )
    def test_the_sms_encoding_and_units_of_a_text(self, text, units):
        assert gsm_units(text) == units

    def test_the_gsm_table_has_127_basic_characters_and_ten_of_the_extension(self):
        every = map(chr, range(0x10000))
        sizes = [gsm_units(one).units for one in every if gsm_units(one).encoding == "gsm"]
        assert (sizes.count(1), sizes.count(2)) == (127, 10)

    @given(st.text())
    def test_the_largest_count_of_units_is_an_upper_bound(self, text):
        assert max_units(text) >= gsm_units(text).units >= len(text)

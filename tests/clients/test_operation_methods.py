"""``client.send_mms(…)`` and its siblings: complete, equal to ``client.call``, and typed."""

from __future__ import annotations

import asyncio
import inspect
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from client_calls import CANARY

from skymms import Account, Client, Operation, SendMMS, Slideshow
from skymms.aio import AsyncClient
from skymms.model import actions, operations, stored_operations
from skymms.transport.operation_methods import OperationMethod, OperationMethods

SHOW = Slideshow("coupon", subject="Free").slide("Hi!")


def snake_case(name: str) -> str:
    """``SendPassInMMS`` as ``send_pass_in_mms``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


OPERATIONS = {
    snake_case(name): kind
    for module in (operations, stored_operations, actions)
    for name, kind in vars(module).items()
    if isinstance(kind, type)
    and issubclass(kind, Operation)
    and kind.__module__ == module.__name__
    and kind is not Operation
    and not name.startswith("_")
}
METHODS = {name for name, value in vars(OperationMethods).items() if isinstance(value, OperationMethod)}


def arguments(kind: Any) -> tuple[list[Any], dict[str, Any]]:
    """Arguments for an operation: a slideshow where one is needed, any text elsewhere."""
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for parameter in inspect.signature(kind).parameters.values():
        if parameter.default is not inspect.Parameter.empty:
            continue
        value = SHOW if parameter.name == "slideshow" else "15551234888"
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            named[parameter.name] = value
        else:
            positional.append(value)
    return positional, named


def test_a_client_has_one_method_for_each_operation() -> None:
    assert set(OPERATIONS) == METHODS
    assert {"send_pass_in_mms", "send_message_by_subscriber_ref", "send_mms_barcode", "send_sms"} <= METHODS


@pytest.mark.parametrize("name", sorted(OPERATIONS))
class TestOperationMethod:
    def test_an_operation_method_equals_call_with_the_operation(self, name: str) -> None:
        class Recording(Client):
            def call(self, operation: Any) -> Any:
                return operation

        class RecordingAsync(AsyncClient):
            async def call(self, operation: Any) -> Any:
                return operation

        positional, named = arguments(OPERATIONS[name])
        expected = OPERATIONS[name](*positional, **named)
        with Recording(Account(CANARY)) as client:
            got = getattr(client, name)(*positional, **named)
        assert (type(got), got) == (OPERATIONS[name], expected)
        assert asyncio.run(getattr(RecordingAsync(Account(CANARY)), name)(*positional, **named)) == expected

    def test_an_operation_method_has_the_signature_and_documentation_of_the_operation(self, name: str) -> None:
        kind = OPERATIONS[name]
        for client in (Client(Account(CANARY)), AsyncClient(Account(CANARY))):
            method = getattr(client, name)
            assert inspect.ismethod(method)
            assert list(inspect.signature(method).parameters.values()) == list(inspect.signature(kind).parameters.values())
            assert method.__name__ == name
            assert kind.__name__ in (inspect.getdoc(method) or "")
        assert name in dir(Client)


def test_an_operation_method_of_the_class_takes_a_client_first() -> None:
    assert next(iter(inspect.signature(Client.send_mms).parameters)) == "self"


def test_an_operation_method_refuses_the_arguments_that_the_operation_refuses() -> None:
    with Client(Account(CANARY)) as client, pytest.raises(TypeError, match="recipient"):
        client.send_mms(SHOW, recipient="1")  # type: ignore[call-arg]


def test_importing_a_client_does_not_import_the_other_operations() -> None:
    script = "from skymms import Client, SendMMS; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    others = {
        f"skymms.model.{name}" for name in ("actions", "action_replies", "stored_operations", "stored_replies", "notices")
    }
    assert not others & set(done.stdout.split())


TYPED = textwrap.dedent("""
    from typing import assert_type

    from skymms import (
        Account, CampaignList, Client, DeletedMMS, ListMMS, MMSList, Retries, SavedMMS, SendMMS, SentMMS, Slideshow,
    )
    from skymms.aio import AsyncClient
    from skymms.cellcast import Balance, AccountBalance, CellcastAccount

    class Ledger:
        def request_started(self, event: object) -> None: ...

    account = Account("k" * 32)
    client = Client(account, retries=Retries(count=1), observer=Ledger())
    show = Slideshow("n")
    assert_type(client.call(SendMMS(show, to="1", sender="1")), SentMMS)
    assert_type(client.send_mms(show, to="1", sender="1"), SentMMS)
    assert_type(client.save_mms(show), SavedMMS)
    assert_type(client.send_saved_mms("1", to="1", sender="1"), SentMMS)
    assert_type(client.list_mms(page=1), MMSList)
    assert_type(client.delete_mms(1), DeletedMMS)
    assert_type(client.list_campaigns(), CampaignList)
    assert_type(Client(CellcastAccount("k" * 32, generation="v3")).call(Balance()), AccountBalance)

    async def job() -> None:
        asynchronous = AsyncClient(account, observer=Ledger())
        assert_type(await asynchronous.call(ListMMS()), MMSList)
        assert_type(await asynchronous.send_mms(show, to="1", sender="1"), SentMMS)
        assert_type(await asynchronous.list_mms(), MMSList)
        asynchronous.send_mms(show, to="1", sender="1") + 1  # wrong: not awaited

    client.send_mms("x", to="1", sender="1")  # wrong: not a slideshow
    client.send_mms(show, to="1", sender="1", colour="red")  # wrong: no such parameter
    client.list_mms(1)  # wrong: keywords only
""")


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_type_checkers_know_the_parameters_and_replies_of_both_clients(tmp_path: Path, checker: str) -> None:
    pytest.importorskip(checker)
    (tmp_path / "typed.py").write_text(TYPED)
    options = {
        "mypy": ["--strict", "--cache-dir", str(tmp_path / "cache"), "--disable-error-code", "unused-awaitable"],
        "pyright": ["--pythonpath", sys.executable],
    }
    done = subprocess.run(
        [sys.executable, "-m", checker, *options[checker], "typed.py"], capture_output=True, text=True, cwd=tmp_path
    )
    found = {int(line) for line in re.findall(r"typed\.py:(\d+):.*error", done.stdout)}
    wrong = {number for number, line in enumerate(TYPED.splitlines(), start=1) if "# wrong" in line}
    assert found == wrong, done.stdout


def test_cellcast_operations_have_no_methods() -> None:
    assert not [name for name in METHODS if "cellcast" in name]
    assert SendMMS is OPERATIONS["send_mms"]

"""The vendors' examples, each run through writer and reader alike."""

from __future__ import annotations

import json as standard
from urllib.parse import parse_qs, urlsplit

import pytest
from action_vectors import ACTION_VECTORS
from lxml import etree
from vectors import KEY, POSTBACKS, SEND_MMS_NODES, SEND_MMS_PARAMETERS, VECTORS, Posted, Vector, canonical

from skymms import Account, HttpResponse, MMSError, SendMMS, error_class, read_postbacks
from skymms.errors import Nodes
from skymms.http import HttpRequest
from skymms.model.replies import Refusal
from skymms.wire import table
from skymms.wire.codecs import json
from skymms.wire.dialects import DIALECTS
from skymms.wire.notation import wire_name

pytestmark = pytest.mark.compat

EACH = pytest.mark.parametrize("vector", [*VECTORS, *ACTION_VECTORS], ids=lambda vector: f"{vector.source}: {vector.name}")


def account(vector: Vector) -> Account:
    return Account(KEY, dialect=vector.dialect, **vector.options)


def unwrapped(request: HttpRequest) -> bytes:
    """The document in a request, wherever it is carried, found by a reader of its own."""
    if request.method == "GET":
        return urlsplit(request.url).query.encode("ascii")
    if request.headers["Content-Type"] == "application/x-www-form-urlencoded":
        fields = parse_qs(request.body.decode("ascii"), strict_parsing=True)
        assert list(fields) == ["xml"]
        return fields["xml"][0].encode()
    return request.body


@EACH
def test_an_operation_is_encoded_like_the_vendors_request(vector: Vector) -> None:
    document = vector.spoken.encode_request(vector.operation, KEY, account(vector).line_break)
    assert canonical(document) == canonical(vector.request)


@EACH
def test_an_account_encodes_the_vendors_request_or_reports_its_problems(vector: Vector) -> None:
    if vector.objections:
        with pytest.raises(MMSError) as caught:
            account(vector).encode(vector.operation)
        assert tuple(problem.code for problem in caught.value.problems) == vector.objections
    else:
        assert canonical(unwrapped(account(vector).encode(vector.operation))) == canonical(vector.request)


@EACH
def test_the_vendors_request_is_decoded_to_the_operation(vector: Vector) -> None:
    spoken = vector.spoken
    read = spoken.decode_request(spoken.decode_leaves(vector.request), account(vector).line_break)
    assert read.operation == vector.operation
    assert (read.api_key, read.unread) == (vector.key, ())


@EACH
def test_the_vendors_response_is_decoded(vector: Vector) -> None:
    response = HttpResponse(200, {}, vector.answer.encode())
    if not isinstance(vector.reply, Refusal):
        assert account(vector).decode(vector.operation, response) == vector.reply
        return
    if vector.reply.code == table.EMPTY_LIST_CODES.get(vector.operation.reply):
        assert account(vector).decode(vector.operation, response) == vector.operation.reply()
        return
    with pytest.raises(MMSError) as caught:
        account(vector).decode(vector.operation, response)
    error = caught.value
    assert type(error) is error_class(vector.reply.code or "")
    assert type(error) is not MMSError
    assert (error.code, error.info, error.foreseen, error.sent_maybe) == (vector.reply.code, vector.reply.info, False, False)


@EACH
def test_a_reply_is_encoded_like_the_vendors_response(vector: Vector) -> None:
    assert canonical(vector.spoken.encode_reply(vector.reply)) == canonical(vector.answer.encode())


@EACH
def test_raw_has_every_field_of_a_response(vector: Vector) -> None:
    if vector.spoken.response_codec is json:
        # The answers of these vectors are flat.
        assert list(raw_of(vector)) == list(standard.loads(vector.answer).items())
        return
    root = etree.fromstring(vector.answer.strip())
    # Of an element's ancestors the first is its parent and the last the root, which is no part of a node's name.
    said = [
        ("/".join([*[str(above.tag) for above in node.iterancestors()][-2::-1], str(node.tag)]), node.text)
        for node in root.iterdescendants()
        if len(node) == 0
    ]
    assert list(raw_of(vector)) == said


def raw_of(vector: Vector) -> Nodes:
    try:
        return account(vector).decode(vector.operation, HttpResponse(200, {}, vector.answer.encode())).raw
    except MMSError as error:
        return error.reply


@pytest.mark.parametrize("posted", POSTBACKS, ids=lambda posted: posted.name)
def test_a_json_postback_is_decoded_and_encoded(posted: Posted) -> None:
    (notice,) = read_postbacks(posted.document.encode())
    assert type(notice) is type(posted.notice)
    assert notice == posted.notice
    assert canonical(DIALECTS[posted.dialect].encode_notice(posted.notice)) == canonical(posted.document.encode())


def test_the_table_has_exactly_the_fields_of_the_vendors_sendmms_template() -> None:
    rows = (*table.ENVELOPE, *table.REQUESTS[SendMMS][1])
    assert {wire_name(row, 0).replace("[]", "") for row in rows} - {""} == set(SEND_MMS_NODES.split())
    assert {wire_name(row, 1) for row in rows} - {""} == set(SEND_MMS_PARAMETERS.split())


def test_a_line_break_is_a_line_feed_unless_the_account_says_otherwise() -> None:
    # The vendor's example has a backslash and an n; the default is a line feed.
    vector = VECTORS[0]
    ours = Account(KEY).encode(vector.operation).body
    theirs = account(vector).encode(vector.operation).body
    assert b"from+us%21%0APlease" in ours
    assert b"from+us%21%5CnPlease" in theirs

"""docs/how-to/aws-lambda.md: its handlers, called with events of the forms that AWS documents."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from recipe_pages import blocks, run_page

from skymms.sandbox import PostbackBodies, Sandbox

SECRET = "s3cret" * 8
MAKE = PostbackBodies()
TO = "15551234888"


@pytest.fixture
def page(gateway: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("SKYMMS_INBOX_SECRET", SECRET)
    monkeypatch.delenv("SKYMMS_STORE", raising=False)
    names = run_page("how-to/aws-lambda.md")
    assert len(gateway.sent) == 1, "the event of the page has one order twice"
    gateway.reset()
    # Mangum uses the event loop of the thread, and would leave one behind.
    with asyncio.Runner() as runner:
        asyncio.set_event_loop(runner.get_loop())
        (adapter,) = blocks("how-to/aws-lambda.md", "py")
        exec(adapter, vars(names))
        yield names
    asyncio.set_event_loop(None)
    names.client.close()
    names.inbox.close()


# ------------------------------------------------------------------------------------------------ events


def function_url(path: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    """The event of a function URL, and of an HTTP API (payload format 2.0)."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {
            "host": "abcdefg.lambda-url.us-east-1.on.aws",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
            "x-amzn-trace-id": "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e",
            "content-length": str(len(body)),
            **{name.lower(): value for name, value in headers.items()},
        },
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "abcdefg",
            "domainName": "abcdefg.lambda-url.us-east-1.on.aws",
            "domainPrefix": "abcdefg",
            "http": {"method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "x"},
            "requestId": "e1506fd5-9e7b-434f-bd42-4f8fa224b599",
            "routeKey": "$default",
            "stage": "$default",
            "time": "30/Nov/2026:14:00:00 +0000",
            "timeEpoch": 1796047200000,
        },
        # Bodies of other types than text and JSON come in base64.
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def rest_api(path: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    """The event of a REST API of API Gateway."""
    sent = {
        "Host": "abc.execute-api.us-east-1.amazonaws.com",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
        **headers,
    }
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": "POST",
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"proxy": path[1:]},
        "stageVariables": None,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc",
            "httpMethod": "POST",
            "identity": {"sourceIp": "203.0.113.7", "userAgent": "x"},
            "path": f"/prod{path}",
            "protocol": "HTTP/1.1",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "resourcePath": "/{proxy+}",
            "stage": "prod",
        },
        "body": body.decode(),
        "isBase64Encoded": False,
    }


def load_balancer(path: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    """The event of an application load balancer."""
    return {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/x/1"}},
        "httpMethod": "POST",
        "path": path,
        "queryStringParameters": {},
        "headers": {
            "host": "lambda-alb.us-east-1.elb.amazonaws.com",
            "x-forwarded-for": "203.0.113.7",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
            **{name.lower(): value for name, value in headers.items()},
        },
        "body": body.decode(),
        "isBase64Encoded": False,
    }


Event = Callable[[str, bytes, dict[str, str]], dict[str, Any]]
each_event = pytest.mark.parametrize("event", [function_url, rest_api, load_balancer])


class Context:
    aws_request_id = "e1506fd5-9e7b-434f-bd42-4f8fa224b599"

    def __init__(self, seconds: float = 60) -> None:
        self._left = int(seconds * 1000)

    def get_remaining_time_in_millis(self) -> int:
        return self._left


# ------------------------------------------------------------------------------------------------ receiving


@each_event
@pytest.mark.parametrize("dialect", ["skycore", "sinch", "sinch-json"])
def test_a_postback_is_stored_once_and_the_handlers_are_called_by_the_second_function(
    event: Event, dialect: Any, page: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    postback = MAKE.delivered("MMS_1", to=TO, dialect=dialect)
    for one in (postback, postback, postback.in_form() if dialect == "skycore" else postback):
        answer = page.receive(event(f"/mms/{SECRET}", one.body, one.headers), Context())
        assert answer["statusCode"] == 200
    assert "MMS_1" not in capsys.readouterr().out
    page.work({"source": "aws.events", "detail-type": "Scheduled Event"}, Context())
    assert capsys.readouterr().out.count("MMS_1 is delivered") == 1


@each_event
def test_a_post_without_the_secret_is_not_stored(event: Event, page: Any, capsys: pytest.CaptureFixture[str]) -> None:
    postback = MAKE.delivered("MMS_1")
    for path in ("/mms", "/mms/", "/mms/other", "/", f"/{SECRET}/x"):
        assert page.receive(event(path, postback.body, postback.headers), Context())["statusCode"] == 404
    page.work({}, Context())
    assert "MMS_1" not in capsys.readouterr().out


# ------------------------------------------------------------------------------------------------ sending


def from_sqs(*orders: tuple[str, str]) -> dict[str, Any]:
    """The event of SQS."""
    return {
        "Records": [
            {
                "messageId": f"m{number}",
                "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
                "body": json.dumps({"id": order, "number": to}),
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1796047200000"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:orders",
                "awsRegion": "us-east-1",
            }
            for number, (order, to) in enumerate(orders, 1)
        ]
    }


def failed(answer: dict[str, Any]) -> list[str]:
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def test_an_order_that_is_delivered_again_is_sent_once(page: Any, gateway: Sandbox) -> None:
    event = from_sqs(("1", TO), ("2", "15551234999"), ("1", TO))
    for _ in range(3):
        assert failed(page.send(event, Context())) == []
    assert sorted(str(one.to) for one in gateway.sent) == [TO, "15551234999"]


def test_only_what_was_not_sent_and_may_work_later_comes_back(page: Any, gateway: Sandbox) -> None:
    gateway.fail("E106", to="15551230001")
    gateway.fail("drop", to="15551230002")
    gateway.fail("E114", to="15551230003")
    event = from_sqs(("1", "15551230001"), ("2", "15551230002"), ("3", "15551230003"), ("4", "wrong"), ("5", TO))
    assert failed(page.send(event, Context())) == ["m1"]
    assert failed(page.send(event, Context())) == []
    # The lost answer is not sent again, and the throttled one was.
    assert [one.to for one in gateway.sent].count("15551230002") == 1
    assert [one.to for one in gateway.sent].count("15551230001") == 1


def test_no_call_begins_that_the_function_cannot_end(page: Any, gateway: Sandbox) -> None:
    assert failed(page.send(from_sqs(("1", TO), ("2", TO)), Context(seconds=24))) == ["m1", "m2"]
    assert gateway.counts["requests"] == 0

"""The form of an HTTP request offers what is read from its answer."""

from __future__ import annotations

import json

from orchestrator.definitions.models import Machine
from tests.designer.conftest import Post

REQUEST = {
    "owner": "draft",
    "kind": "http",
    "shown_kind": "http",
    "title": "Ask",
    "method": "GET",
    "url": "https://example.com",
    "policy": "fail",
}


def test_what_is_read_from_an_answer_is_kept(post: Post, machine: Machine) -> None:
    response = {"id": "body.id"}
    post("add-activity", **REQUEST, response=json.dumps(response), success="status == 200")
    given = machine.draft["states"]["draft"]["invoke"][0]["input"]
    assert given == {"method": "GET", "url": "https://example.com", "response": response, "success": "status == 200"}


def test_an_expression_that_does_not_fit_is_a_problem_of_the_chart(post: Post, machine: Machine) -> None:
    answer = post("add-activity", **REQUEST, success="context.tries > 1")
    assert answer.status_code == 200
    assert "context cannot be read any more" in answer.content.decode()


def test_what_is_no_map_is_refused(post: Post, machine: Machine) -> None:
    answer = post("add-activity", **REQUEST, response="[1]")
    assert (answer.status_code, machine.draft_revision) == (422, 0)
    assert "f-response-err" in answer.content.decode()

"""Whatever is sent, the API answers as its own description says."""

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.security.test_doors import Person

EXAMPLES = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
# The event stream does not end by itself; a session of its own keeps every example signed in.
PATHS = [
    "/api/v1/sessions",
    "/api/v1/messages",
    "/api/v1/typing",
    "/api/v1/read",
    "/api/v1/requests",
    "/api/v1/requests/{number}",
    "/api/v1/cases",
    "/api/v1/cases/{number}/attachments",
    "/api/v1/exports/{token}",
]
AS_DESCRIBED = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def test_no_input_makes_the_api_fail_or_answer_otherwise_than_described(stack):
    schema = schemathesis.openapi.from_url(f"{stack.url}/api/v1/openapi.json")
    authorised = f"Bearer {Person(stack.url, stack.spare_customer()).session['token']}"
    tried = 0
    for operation in schema.include(path=PATHS).get_all_operations():
        api = operation.ok()

        @EXAMPLES
        @given(case=api.as_strategy())
        def send(case):
            nonlocal tried
            tried += 1
            headers = {} if case.path == "/api/v1/sessions" else {"Authorization": authorised}
            answer = case.call(headers=headers)
            case.validate_response(answer, checks=AS_DESCRIBED)
            if answer.status_code >= 400:
                assert answer.headers["content-type"][0] == "application/problem+json"
                assert set(answer.json()) - {"errors"} == {"type", "title", "status", "detail", "code"}

        send()
    assert tried > 100

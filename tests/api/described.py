"""Holds answers against the API's own document."""

import re
from functools import cache, cached_property
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from gateway.openapi.document import make_document
from gateway.service import Gateway

OUTSIDE = re.compile(
    r"/(openapi\.json|docs(/[^/]+)?|metrics|reset-password|confirm-email|unsubscribe|link-pages/[^/]+"
    r"|app/.+|service-worker\.js|manifest\.webmanifest)?"
)
"""What has no envelope."""


class Described:
    """The document, ready to judge answers."""

    @cached_property
    def document(self):
        return make_document(Gateway)

    @cached_property
    def paths(self):
        """Every path as a pattern, literal parts first."""
        found = sorted(self.document["paths"], key=lambda path: path.count("{"))
        return [(re.compile(re.sub(r"{\w+}", "[^/]+", path)), path) for path in found]

    def check(self, answer):
        """Fail if an answer is not what the document says."""
        request = answer.request
        path = urlsplit(request.url).path
        if request.method == "OPTIONS" or OUTSIDE.fullmatch(path):
            return
        said = self.response(request.method, path, str(answer.status_code))
        told = f"{request.method} {path} {answer.status_code}"
        for name, header in said.get("headers", {}).items():
            self.check_header(told, name, header, answer.headers.get(name))
        if "content" not in said:
            assert not answer.content, told
            return
        media_type = answer.headers["Content-Type"]
        if media_type != "application/json":
            assert media_type.partition(";")[0] in said["content"], told
            return
        assert media_type in said["content"], told
        if request.method != "HEAD":
            self.check_body(told, said, answer.json())

    def response(self, method, path, status):
        """Return what the document says about an answer."""
        operations = self.operations(path)
        if operations is None:
            assert status == "404", f"{path} is not documented, and answers {status}"
            return self.resolve("#/components/responses/404")
        operation = operations.get("get" if method == "HEAD" else method.lower())
        if operation is None:
            assert status == "405", f"{method} {path} is not documented, and answers {status}"
            return self.resolve("#/components/responses/405")
        responses = operation["responses"]
        return self.resolved(responses.get(status, responses["default"]))

    def operations(self, path):
        for pattern, documented in self.paths:
            if pattern.fullmatch(path):
                return self.document["paths"][documented]
        return None

    def check_message(self, message):
        """Fail if a message to a webhook is not what the document says."""
        told = message.content["type"]
        for header in self.document["webhooks"][told]["post"]["parameters"]:
            name = header["name"]
            self.check_header(told, name, header, message.headers.get(name))
        self.check_content(message.content)

    def check_content(self, content):
        """Fail if the body of a message is not what the document says."""
        said = self.document["webhooks"][content["type"]]["post"]["requestBody"]
        problem = best_match(self.validator(said).iter_errors(content))
        assert problem is None, f"{content}: {problem.json_path}: {problem.message}"

    def check_header(self, told, name, header, value):
        header = self.resolved(header)
        if value is None:
            assert not header["required"], f"{told}: {name} is missing"
            return
        if header["schema"].get("type") == "integer":
            value = int(value)
        problem = best_match(Draft202012Validator(header["schema"]).iter_errors(value))
        assert problem is None, f"{told}: {name}: {problem.message}"

    def check_body(self, told, said, body):
        problem = best_match(self.validator(said).iter_errors(body))
        assert problem is None, f"{told}: {problem.json_path}: {problem.message}"
        # all failures have one schema, and each status examples of its codes
        codes = said["content"]["application/json"].get("examples", {}).keys()
        for error in body.get("errors", []):
            assert error["code"] in codes, f"{told}: {error['code']}"

    def validator(self, said):
        return self.validator_of(said["content"]["application/json"]["schema"])

    def validator_of(self, schema):
        """Return what judges values by a schema of the document."""
        # the document stays the same object, and so do all schemas in it
        if id(schema) not in self._validators:
            whole = {"components": self.document["components"], **schema}
            self._validators[id(schema)] = Draft202012Validator(
                whole, format_checker=Draft202012Validator.FORMAT_CHECKER
            )
        return self._validators[id(schema)]

    @cached_property
    def _validators(self):
        return {}

    def resolved(self, part):
        return self.resolve(part["$ref"]) if "$ref" in part else part

    def resolve(self, reference):
        part = self.document
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]
        return part


@cache
def described():
    """Return the one document of all tests."""
    return Described()

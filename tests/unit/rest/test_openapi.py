"""The API document of rest elements, and rest elements from an API document."""

import json

import pytest
import yaml

from esb.errors import ConfigErrors

DOCUMENTED = """
- restConfiguration:
    apiContextPath: /doc
    contextPath: /base
    host: example.org
    port: "8080"
    apiProperty: [{key: api.title, value: T}, {key: api.version, value: "1"}]
- rest:
    path: /o
    tag: orders
    description: the orders
    consumes: application/json
    produces: application/json
    securityDefinitions:
      basicAuth: {key: basic}
      apiKey: {key: api, name: X-Key, inQuery: true}
      oauth2: {key: oauth, flow: authorizationCode, tokenUrl: "https://t", scopes: [{key: a, value: does a}]}
    securityRequirements: [{key: basic}]
    get:
      - path: /{id}
        description: gets
        outType: crm.Order
        deprecated: true
        param: [{name: q, type: query, dataType: integer, defaultValue: "5", required: false}]
        responseMessage: [{code: "200", message: fine}, {code: "404", message: none}]
        security: [{key: oauth, scopes: "a,b"}]
        to: direct:a
      - {path: /hidden, apiDocs: false, to: direct:b}
    post:
      - {path: "", id: create, type: crm.Order, outType: "crm.Order[]", to: direct:c}
- from: {uri: direct:a, steps: [{setBody: {constant: a}}]}
- from: {uri: direct:b, steps: [{setBody: {constant: b}}]}
- from: {uri: direct:c, steps: [{setBody: {constant: c}}]}
"""


@pytest.fixture
def document(load):
    return load(DOCUMENTED)("GET", "/base/doc").json


def test_the_document_says_what_the_project_says(document):
    assert document["openapi"] == "3.0.0"
    assert document["info"] == {"title": "T", "version": "1"}
    assert document["servers"] == [{"url": "http://example.org:8080/base"}]
    assert document["tags"] == [{"name": "orders", "description": "the orders"}]
    assert document["security"] == [{"basic": []}]


def test_operations_stand_by_path_and_method(document):
    assert {path: list(methods) for path, methods in document["paths"].items()} == {"/o/": ["post"], "/o/{id}": ["get"]}


def test_an_operation_tells_its_parameters_answers_and_security(document):
    get = document["paths"]["/o/{id}"]["get"]
    assert get["parameters"] == [
        {"name": "q", "in": "query", "required": False, "schema": {"type": "integer", "default": 5}},
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
    ]
    assert get["responses"]["200"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/crm.Order"
    }
    assert get["responses"]["404"] == {"description": "none"}
    assert (get["deprecated"], get["security"], get["summary"]) == (True, [{"oauth": ["a", "b"]}], "gets")


def test_data_types_are_schemas(document):
    post = document["paths"]["/o/"]["post"]
    reference = {"$ref": "#/components/schemas/crm.Order"}
    assert post["operationId"] == "create"
    assert post["requestBody"]["content"]["application/json"]["schema"] == reference
    assert post["responses"]["200"]["content"]["application/json"]["schema"] == {"type": "array", "items": reference}
    schema = document["components"]["schemas"]["crm.Order"]
    assert (schema["required"], schema["properties"]["amount"]) == (["id", "amount"], {"type": "number"})


def test_ways_to_authenticate_are_told(document):
    assert document["components"]["securitySchemes"] == {
        "basic": {"type": "http", "scheme": "basic"},
        "api": {"type": "apiKey", "name": "X-Key", "in": "query"},
        "oauth": {
            "type": "oauth2",
            "flows": {"authorizationCode": {"tokenUrl": "https://t", "scopes": {"a": "does a"}}},
        },
    }


def test_the_document_is_yaml_where_its_path_ends_so(load):
    serve = load(DOCUMENTED)
    answer = serve("GET", "/base/doc/openapi.yaml")
    assert yaml.safe_load(answer.body) == serve("GET", "/base/doc/openapi.json").json
    assert answer.headers["content-type"] == "text/yaml"


def test_a_type_that_is_not_there_is_refused_at_load(load):
    with pytest.raises(ConfigErrors, match=r"crm\.Oder.*did you mean 'crm.Order'"):
        load(DOCUMENTED.replace("outType: crm.Order\n", "outType: crm.Oder\n"))


# -- contract first --------------------------------------------------------------------------------------------------------------

CONTRACT = {
    "openapi": "3.0.2",
    "info": {"title": "pets", "version": "1"},
    "servers": [{"url": "https://example.org/api"}],
    "paths": {
        "/pet/{id}": {
            "parameters": [{"$ref": "#/components/parameters/id"}],
            "get": {
                "operationId": "getPet",
                "parameters": [{"name": "v", "in": "query", "required": True, "schema": {"type": "integer"}}],
                "responses": {"200": {"description": "ok", "content": {"application/json": {"example": {"id": 1}}}}},
            },
            "delete": {"operationId": "delPet", "responses": {"204": {"description": "gone"}}},
        },
        "/pet": {
            "post": {
                "operationId": "addPet",
                "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
                "responses": {"201": {"description": "made"}},
            }
        },
    },
    "components": {"parameters": {"id": {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}}},
}
SERVED = """
- from: {uri: direct:getPet, steps: [{setBody: {simple: "pet ${header.id} ${header.v}"}}]}
- from: {uri: direct:delPet, steps: [{setBody: {simple: "${null}"}}]}
- from: {uri: direct:addPet, steps: [{setBody: {simple: "add ${body}"}}]}
"""


@pytest.fixture
def contract(load, tmp_path):
    """``contract(options, routes, document)``: a server of the document."""

    def make(options="", routes=SERVED, document=None, configuration=""):
        text = json.dumps(CONTRACT if document is None else document) if not isinstance(document, str) else document
        (tmp_path / "api.json").write_text(text)
        return load(f"{configuration}- rest: {{openApi: {{specification: 'file:api.json'{options}}}}}\n{routes}")

    return make


def test_operations_go_to_the_routes_of_their_names(contract):
    serve = contract()
    answer = serve("GET", "/api/pet/3?v=1")
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, "pet 3 1", "application/json")
    assert serve("DELETE", "/api/pet/3").status == 204
    assert serve("POST", "/api/pet", "{}", content_type="application/json").body == "add {}"


def test_what_the_contract_does_not_have_is_404_or_405(contract):
    serve = contract()
    assert (serve("GET", "/api/nothing").status, serve("GET", "/api/nothing").body) == (404, "")
    refused = serve("PUT", "/api/pet/3")
    assert (refused.status, refused.headers["allow"]) == (405, "DELETE, GET")
    assert serve("GET", "/elsewhere").status == 404


CHECKING = "- restConfiguration: {clientRequestValidation: true}\n"


@pytest.mark.parametrize(
    ("request_line", "body", "headers", "status"),
    [
        ("GET /api/pet/3?v=1", "", {}, 200),
        ("GET /api/pet/3", "", {}, 400),
        ("GET /api/pet/3?v=1", "", {"accept": "text/html"}, 406),
        ("POST /api/pet", "{}", {"content_type": "application/json"}, 200),
        ("POST /api/pet", "{", {"content_type": "application/json"}, 400),
        ("POST /api/pet", "", {"content_type": "application/json"}, 400),
        ("POST /api/pet", "x", {"content_type": "text/plain"}, 415),
    ],
)
def test_requests_are_held_against_the_contract_on_demand(contract, request_line, body, headers, status):
    assert contract(configuration=CHECKING)(*request_line.split(), body, **headers).status == status


def test_an_operation_without_a_route_is_refused_at_load(contract):
    with pytest.raises(
        ConfigErrors, match="2 operations of the OpenAPI document have no route: direct:delPet, direct:addPet"
    ):
        contract(routes=SERVED.splitlines()[1] + "\n")


def test_an_operation_without_a_route_gives_the_request_back_on_demand(contract):
    serve = contract(", missingOperation: ignore", routes="")
    assert serve("POST", "/api/pet", "x").body == "x"
    assert serve("DELETE", "/api/pet/1").status == 200


def test_an_operation_without_a_route_is_played_on_demand(contract):
    serve = contract(", missingOperation: mock", routes="")
    assert serve("GET", "/api/pet/1?v=1").json == {"id": 1}
    assert serve("DELETE", "/api/pet/1").status == 204
    assert serve("POST", "/api/pet", "x").body == "x"


def test_the_contract_itself_is_served_on_demand(contract):
    assert contract(", apiContextPath: /doc")("GET", "/api/doc").json == CONTRACT


def test_a_context_path_takes_the_place_of_the_contracts(contract):
    serve = contract(configuration="- restConfiguration: {contextPath: /my}\n")
    assert (serve("GET", "/my/pet/3?v=1").status, serve("GET", "/api/pet/3?v=1").status) == (200, 404)


def test_swagger_2_is_understood(contract):
    swagger = {
        "swagger": "2.0",
        "basePath": "/v2",
        "consumes": ["application/json"],
        "paths": {
            "/pet": {
                "post": {
                    "operationId": "addPet",
                    "parameters": [{"name": "b", "in": "body", "required": True, "schema": {}}],
                    "responses": {},
                }
            }
        },
    }
    serve = contract(document=swagger, configuration=CHECKING)
    assert serve("POST", "/v2/pet", "{}", content_type="application/json").body == "add {}"
    assert serve("POST", "/v2/pet", "x", content_type="text/plain").status == 415


def test_yaml_is_understood(contract):
    serve = contract(
        document="openapi: 3.0.0\npaths:\n  /y:\n    get: {operationId: getPet, responses: {'200': {description: ok}}}\n"
    )
    assert serve("GET", "/y").body == "pet  "


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ("{", "neither JSON nor YAML"),
        ("[1]", "no OpenAPI document"),
        ("a: 1", "no OpenAPI document"),
        ({"openapi": "3.0.0", "paths": {"/a": {"get": {}}}}, "GET /a of the OpenAPI document has no operationId"),
        (
            {"openapi": "3.0.0", "paths": {"/a": {"get": {"operationId": "x"}, "put": {"operationId": "x"}}}},
            "same operationId",
        ),
        ({"openapi": "3.0.0", "paths": {"/a": {"$ref": "other.json"}}}, "only what it holds itself is read"),
        ({"openapi": "3.0.0", "paths": {"/a": {"$ref": "#/nowhere"}}}, "does not hold"),
        ({"openapi": "3.0.0", "paths": {"/a": {"$ref": "#/paths/~1a"}}}, "lead in a circle"),
        ({"openapi": "3.0.0", "paths": {"/a": 5}}, "where a map is expected"),
    ],
)
def test_a_document_that_is_not_sound_is_refused_at_load(contract, document, told):
    with pytest.raises(ConfigErrors, match=told):
        contract(document=document)


def test_a_document_that_is_not_there_is_refused_at_load(load):
    with pytest.raises(ConfigErrors, match="cannot be read: No such file"):
        load("- rest: {openApi: {specification: nothing.json}}\n")

"""The rest DSL as written: verbs with paths, parameters and bindings (Camel's page "Rest DSL")."""

from __future__ import annotations

from esb.fields import Kind, Spec, field

BINDINGS = ("off", "auto", "json", "xml", "json_xml")


class ToSpec(Spec):
    """Where a verb's requests go."""

    name = "to"
    id = field(Kind.TEXT, None)
    description = field(Kind.TEXT, None)
    note = field(Kind.TEXT, None)
    disabled = field(Kind.BOOL, False)
    uri = field(Kind.URI, scalar=True, doc="The endpoint, usually direct:.")
    parameters = field(Kind.MAP, None, doc="Its options.")
    pattern = field(Kind.TEXT, None, doc="Exchange pattern for this call.")
    variable_send = field(Kind.TEXT, None, doc="Send this variable's value as the body.")
    variable_receive = field(Kind.TEXT, None, doc="Put the reply into this variable.")


class ValueSpec(Spec):
    """One allowed value."""

    name = "value"
    value = field(Kind.TEXT, scalar=True, doc="The value.")


class PropertySpec(Spec):
    """A name and a value."""

    name = "property"
    key = field(Kind.TEXT)
    value = field(Kind.TEXT, "")


class ParamSpec(Spec):
    """A parameter of a verb."""

    name = "param"
    param_name = field(Kind.TEXT, name="name", doc="Its name.")
    type = field(Kind.TEXT, "path", enum=("body", "formData", "header", "path", "query"), doc="Where it stands.")
    data_type = field(Kind.TEXT, "string", doc="What it holds: string, integer, number, boolean, array.")
    data_format = field(Kind.TEXT, None, doc="A closer word for the type, such as int64.")
    array_type = field(Kind.TEXT, "string", doc="What an array holds.")
    collection_format = field(Kind.TEXT, None, doc="How an array is written.")
    default_value = field(Kind.TEXT, None, doc="What it is where it is missing.")
    allowable_values = field(Kind.SPECS, (), spec=ValueSpec, doc="What is allowed.")
    required = field(Kind.BOOL, None, doc="Whether it must be there.")
    description = field(Kind.TEXT, None)
    examples = field(Kind.SPECS, (), spec=PropertySpec, doc="Examples for the API document, by media type.")


class ResponseHeaderSpec(Spec):
    """A header that an answer has."""

    name = "header"
    header_name = field(Kind.TEXT, name="name")
    description = field(Kind.TEXT, None)
    data_type = field(Kind.TEXT, "string")
    data_format = field(Kind.TEXT, None)
    array_type = field(Kind.TEXT, "string")
    collection_format = field(Kind.TEXT, None)
    allowable_values = field(Kind.SPECS, (), spec=ValueSpec)
    example = field(Kind.TEXT, None)


class ResponseMessageSpec(Spec):
    """An answer that a verb gives: for the API document."""

    name = "responseMessage"
    code = field(Kind.TEXT, "200", doc="Status.")
    message = field(Kind.TEXT, "", doc="What it means.")
    response_model = field(Kind.TEXT, None, doc="Data type of the body.")
    content_type = field(Kind.TEXT, None, doc="Media type of the body.")
    header = field(Kind.SPECS, (), spec=ResponseHeaderSpec)
    examples = field(Kind.SPECS, (), spec=PropertySpec)


class SecuritySpec(Spec):
    """A security definition that a verb, or all of them, ask for: for the API document."""

    name = "security"
    key = field(Kind.TEXT)
    scopes = field(Kind.NAMES, ())


class OpenApiSpec(Spec):
    """An OpenAPI document whose operations are served: each goes to the route at ``direct:`` and its operationId."""

    name = "openApi"
    id = field(Kind.TEXT, None)
    description = field(Kind.TEXT, None)
    note = field(Kind.TEXT, None)
    disabled = field(Kind.BOOL, False)
    specification = field(
        Kind.TEXT, scalar=True, doc="The document's file, JSON or YAML.", example="file:schemas/orders.json"
    )
    missing_operation = field(
        Kind.TEXT,
        "fail",
        enum=("fail", "ignore", "mock"),
        doc="Where an operation has no route: refuse to start, give the request back, or play the partner.",
    )
    mock_include_pattern = field(Kind.TEXT, None, doc="Accepted: mock data come from the document's examples.")
    api_context_path = field(Kind.TEXT, None, doc="Path at which the document itself is served.", example="/api-doc")
    route_id = field(Kind.TEXT, None, doc="Prefix of the ids of the operations' routes.")


class VerbSpec(Spec):
    """One operation: a method and a path below the rest element's."""

    name = "verb"
    id = field(Kind.TEXT, None)
    description = field(Kind.TEXT, None)
    note = field(Kind.TEXT, None)
    disabled = field(Kind.BOOL, False)
    path = field(Kind.TEXT, "", doc="Path below the rest element's, with parameters in braces.")
    to = field(Kind.SPEC, None, spec=ToSpec, doc="Where requests go.")
    consumes = field(Kind.TEXT, None, doc="Media types that are taken.")
    produces = field(Kind.TEXT, None, doc="Media types that are given.")
    binding_mode = field(Kind.TEXT, None, enum=BINDINGS, doc="Whether bodies are read and written as data.")
    type = field(Kind.TEXT, None, doc="Data type of the request's body.")
    out_type = field(Kind.TEXT, None, doc="Data type of the answer's body.")
    param = field(Kind.SPECS, (), spec=ParamSpec, doc="Parameters.")
    response_message = field(Kind.SPECS, (), spec=ResponseMessageSpec, doc="The answers, for the API document.")
    security = field(Kind.SPECS, (), spec=SecuritySpec, doc="Security definitions, for the API document.")
    enable_cors = field(Kind.BOOL, None, name="enableCORS", doc="Let browsers call from other origins.")
    enable_no_content_response = field(Kind.BOOL, None, doc="Answer 204 where the body would be {} or [].")
    client_request_validation = field(
        Kind.BOOL,
        None,
        doc="Refuse requests without what 'param' requires, and bodies that are not JSON where JSON is consumed.",
    )
    client_response_validation = field(
        Kind.BOOL, None, doc="Accepted without effect, as in Camel without its validator."
    )
    skip_binding_on_error_code = field(
        Kind.BOOL, None, doc="Leave bodies of answers with a status from 300 as they are; so by default."
    )
    api_docs = field(Kind.BOOL, True, doc="Whether it is part of the API document.")
    deprecated = field(Kind.BOOL, False, doc="Whether the API document calls it so.")
    stream_cache = field(Kind.BOOL, False, doc="Accepted: a body can always be read again.")
    route_id = field(Kind.TEXT, None, doc="Id of the route that is made.")


class RestSpec(Spec):
    """A group of operations."""

    name = "rest"
    id = field(Kind.TEXT, None)
    description = field(Kind.TEXT, None)
    note = field(Kind.TEXT, None)
    disabled = field(Kind.BOOL, False)
    path = field(Kind.TEXT, "", doc="Path before all verbs' paths.")
    tag = field(Kind.TEXT, None, doc="Tag in the API document.")
    consumes = field(Kind.TEXT, None, doc="Media types that are taken.")
    produces = field(Kind.TEXT, None, doc="Media types that are given.")
    binding_mode = field(Kind.TEXT, None, enum=BINDINGS, doc="Whether bodies are read and written as data.")
    enable_cors = field(Kind.BOOL, None, name="enableCORS", doc="Let browsers call from other origins.")
    enable_no_content_response = field(Kind.BOOL, None, doc="Answer 204 where the body would be {} or [].")
    client_request_validation = field(
        Kind.BOOL,
        None,
        doc="Refuse requests without what 'param' requires, and bodies that are not JSON where JSON is consumed.",
    )
    client_response_validation = field(
        Kind.BOOL, None, doc="Accepted without effect, as in Camel without its validator."
    )
    skip_binding_on_error_code = field(
        Kind.BOOL, None, doc="Leave bodies of answers with a status from 300 as they are; so by default."
    )
    api_docs = field(Kind.BOOL, True, doc="Whether it is part of the API document.")
    security_definitions = field(
        Kind.ANY, None, doc="Ways to authenticate, for the API document: nothing is checked by them."
    )
    security_requirements = field(
        Kind.SPECS, (), spec=SecuritySpec, doc="What all verbs ask for, for the API document."
    )
    open_api = field(Kind.SPEC, None, spec=OpenApiSpec, doc="Serve the operations of a document.")
    get = field(Kind.SPECS, (), spec=VerbSpec, doc="GET operations.")
    post = field(Kind.SPECS, (), spec=VerbSpec, doc="POST operations.")
    put = field(Kind.SPECS, (), spec=VerbSpec, doc="PUT operations.")
    patch = field(Kind.SPECS, (), spec=VerbSpec, doc="PATCH operations.")
    delete = field(Kind.SPECS, (), spec=VerbSpec, doc="DELETE operations.")
    head = field(Kind.SPECS, (), spec=VerbSpec, doc="HEAD operations.")


class RestConfigurationSpec(Spec):
    """What holds for all rest elements of a project."""

    name = "restConfiguration"
    component = field(Kind.TEXT, None)
    producer_component = field(Kind.TEXT, None)
    api_component = field(Kind.TEXT, None)
    scheme = field(Kind.TEXT, None)
    host = field(Kind.TEXT, None)
    port = field(Kind.TEXT, None)
    api_host = field(Kind.TEXT, None)
    use_x_forward_headers = field(Kind.BOOL, None, name="useXForwardHeaders")
    context_path = field(Kind.TEXT, "")
    api_context_path = field(Kind.TEXT, None)
    api_context_route_id = field(Kind.TEXT, None)
    api_vendor_extension = field(Kind.BOOL, None)
    host_name_resolver = field(Kind.TEXT, None)
    binding_mode = field(Kind.TEXT, "off", enum=BINDINGS)
    binding_package_scan = field(Kind.TEXT, None)
    skip_binding_on_error_code = field(
        Kind.BOOL, None, doc="Leave bodies of answers with a status from 300 as they are; so by default."
    )
    client_request_validation = field(
        Kind.BOOL,
        None,
        doc="Refuse requests without what 'param' requires, and bodies that are not JSON where JSON is consumed.",
    )
    client_response_validation = field(
        Kind.BOOL, None, doc="Accepted without effect, as in Camel without its validator."
    )
    enable_cors = field(Kind.BOOL, None, name="enableCORS", doc="Let browsers call from other origins.")
    enable_no_content_response = field(Kind.BOOL, None, doc="Answer 204 where the body would be {} or [].")
    inline_routes = field(Kind.BOOL, True)
    json_data_format = field(Kind.TEXT, None)
    xml_data_format = field(Kind.TEXT, None)
    component_property = field(Kind.ANY, None)
    endpoint_property = field(Kind.ANY, None)
    consumer_property = field(Kind.ANY, None)
    data_format_property = field(Kind.ANY, None)
    api_property = field(
        Kind.SPECS, (), spec=PropertySpec, doc="What the API document says about the project.", example="api.title"
    )
    cors_headers = field(Kind.SPECS, (), spec=PropertySpec, doc="Values of Access-Control headers, in place of ours.")
    producer_api_doc = field(Kind.TEXT, None)
    validation_levels = field(Kind.ANY, None)


VERBS = ("get", "post", "put", "patch", "delete", "head")

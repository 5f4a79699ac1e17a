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
    uri = field(Kind.URI, scalar=True)
    parameters = field(Kind.MAP, None)
    pattern = field(Kind.TEXT, None)
    variable_send = field(Kind.TEXT, None)
    variable_receive = field(Kind.TEXT, None)


class ValueSpec(Spec):
    """One allowed value."""

    name = "value"
    value = field(Kind.TEXT, scalar=True)


class ParamSpec(Spec):
    """A parameter of a verb."""

    name = "param"
    param_name = field(Kind.TEXT, name="name")
    type = field(Kind.TEXT, "path", enum=("body", "formData", "header", "path", "query"))
    data_type = field(Kind.TEXT, "string")
    data_format = field(Kind.TEXT, None)
    array_type = field(Kind.TEXT, "string")
    collection_format = field(Kind.TEXT, None)
    default_value = field(Kind.TEXT, None)
    allowable_values = field(Kind.SPECS, (), spec=ValueSpec)
    required = field(Kind.BOOL, None)
    description = field(Kind.TEXT, None)
    examples = field(Kind.ANY, None)


class VerbSpec(Spec):
    """One operation: a method and a path below the rest element's."""

    name = "verb"
    id = field(Kind.TEXT, None)
    description = field(Kind.TEXT, None)
    note = field(Kind.TEXT, None)
    disabled = field(Kind.BOOL, False)
    path = field(Kind.TEXT, "")
    to = field(Kind.SPEC, None, spec=ToSpec)
    consumes = field(Kind.TEXT, None)
    produces = field(Kind.TEXT, None)
    binding_mode = field(Kind.TEXT, None, enum=BINDINGS)
    type = field(Kind.TEXT, None, doc="Data type of the request's body.")
    out_type = field(Kind.TEXT, None, doc="Data type of the answer's body.")
    param = field(Kind.SPECS, (), spec=ParamSpec)
    response_message = field(Kind.ANY, None)
    security = field(Kind.ANY, None)
    enable_cors = field(Kind.BOOL, None, name="enableCORS")
    enable_no_content_response = field(Kind.BOOL, None)
    client_request_validation = field(Kind.BOOL, None)
    client_response_validation = field(Kind.BOOL, None)
    skip_binding_on_error_code = field(Kind.BOOL, None)
    api_docs = field(Kind.BOOL, True)
    deprecated = field(Kind.BOOL, False)
    streaming = field(Kind.BOOL, False)
    route_id = field(Kind.TEXT, None)


class RestSpec(Spec):
    """A group of operations."""

    name = "rest"
    id = field(Kind.TEXT, None)
    description = field(Kind.TEXT, None)
    note = field(Kind.TEXT, None)
    disabled = field(Kind.BOOL, False)
    path = field(Kind.TEXT, "")
    tag = field(Kind.TEXT, None)
    consumes = field(Kind.TEXT, None)
    produces = field(Kind.TEXT, None)
    binding_mode = field(Kind.TEXT, None, enum=BINDINGS)
    enable_cors = field(Kind.BOOL, None, name="enableCORS")
    enable_no_content_response = field(Kind.BOOL, None)
    client_request_validation = field(Kind.BOOL, None)
    client_response_validation = field(Kind.BOOL, None)
    skip_binding_on_error_code = field(Kind.BOOL, None)
    api_docs = field(Kind.BOOL, True)
    security_definitions = field(Kind.ANY, None)
    security_requirements = field(Kind.ANY, None)
    open_api = field(Kind.ANY, None)
    get = field(Kind.SPECS, (), spec=VerbSpec)
    post = field(Kind.SPECS, (), spec=VerbSpec)
    put = field(Kind.SPECS, (), spec=VerbSpec)
    patch = field(Kind.SPECS, (), spec=VerbSpec)
    delete = field(Kind.SPECS, (), spec=VerbSpec)
    head = field(Kind.SPECS, (), spec=VerbSpec)


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
    skip_binding_on_error_code = field(Kind.BOOL, None)
    client_request_validation = field(Kind.BOOL, None)
    client_response_validation = field(Kind.BOOL, None)
    enable_cors = field(Kind.BOOL, None, name="enableCORS")
    enable_no_content_response = field(Kind.BOOL, None)
    inline_routes = field(Kind.BOOL, True)
    json_data_format = field(Kind.TEXT, None)
    xml_data_format = field(Kind.TEXT, None)
    component_property = field(Kind.ANY, None)
    endpoint_property = field(Kind.ANY, None)
    consumer_property = field(Kind.ANY, None)
    data_format_property = field(Kind.ANY, None)
    api_property = field(Kind.ANY, None)
    cors_headers = field(Kind.ANY, None)
    validation_levels = field(Kind.ANY, None)


VERBS = ("get", "post", "put", "patch", "delete", "head")

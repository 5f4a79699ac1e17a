"""Placeholders, as Camel 4.17 resolves them (each line of the first test was recorded with it)."""

from pathlib import Path

import pytest

from esb.dsl.placeholders import Properties
from esb.errors import Position, ReferenceFault, RouteSyntaxError
from esb.secret import Secret

AT = Position("routes/a.yaml", 4, 7)
VALUES = {
    "word": "hello",
    "home": "prop",
    "self": "{{self}}",
    "a": "A{{b}}",
    "b": "B",
    "key-B": "found",
    "which": "b",
    "loop1": "{{loop2}}",
    "loop2": "x{{loop1}}",
    "broken": "{{nowhere}}",
}


@pytest.fixture
def properties() -> Properties:
    return Properties(
        VALUES,
        system={"sysword": "fromsys", "word2": "sys", "home": "sysv"},
        environment={"HOME": "/root", "MY_KEY": "env", "SHOP_SERVICE_HOST": "10.0.0.1", "SHOP_SERVICE_PORT": "80"},
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("{{word}}", "hello"),
        ("{{word}} and {{b}}", "hello and B"),
        (r"\{{word\}} {{word}}", "{{word}} hello"),
        (r"\{\{not a placeholder\}\}", r"\{\{not a placeholder\}\}"),
        ('"{{"x {{word}}', '"{{"x hello'),
        ("{{home}}", "/root"),
        ("{{HOME}}", "/root"),
        ("{{nope:b:c}}", "b:c"),
        ("x{{?unset}}y", "xy"),
        ("{{unset:{{word}}}}", "hello"),
        ("{{env:?NOPE}}", ""),
        ("[{{word:}}][{{nope:}}]", "[hello][]"),
        ("{{env:HOME}} {{env:home}}", "/root /root"),
        ("{{pa-th:x}}", "x"),
        ("{{?word}}", "hello"),
        ("{{?nope:def}}", "def"),
        ("{{sys:?nope}}|{{sys:nope:}}|", "||"),
        ("{{sys:sysword}} {{sysword}}", "fromsys fromsys"),
        ("{{my.key}} {{my-key}}", "env env"),
        ("{{a}} {{key-{{b}}}}", "AB found"),
        ("{{service.host:some-service:none}} {{nofunction:x}}", "none x"),
        ("{{service:shop}} {{service.port:shop}} {{service.name:shop}}", "10.0.0.1:80 80 shop"),
        ("no braces }} here", "no braces }} here"),
    ],
)
def test_a_text_is_resolved(properties: Properties, text: str, value: str) -> None:
    assert properties.resolve(text, AT) == value


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{{wrod}}", "did you mean 'word'"),
        ("{{env:HMOE}}", "did you mean 'HOME'"),
        ("{{?env:NOPE}}", "the environment variable 'NOPE' is not set"),
        ("{{sys:word}}", "the system property 'word' is not set"),
        ("{{ word }}", "no property ' word '"),
        ("{{self}}", "needs itself: self -> self"),
        ("{{loop1}}", "needs itself: loop1 -> loop2 -> loop1"),
        ("{{}}", "no property ''"),
        ("{{broken}}", "in the value of 'broken'"),
        ("{{credential:none}}", "the credential 'none' is not set"),
        ("{{credential:../../etc/passwd}}", "is not set"),
    ],
)
def test_what_has_no_value_is_a_finding_at_its_place(properties: Properties, text: str, word: str) -> None:
    with pytest.raises(ReferenceFault) as caught:
        properties.resolve(text, AT)
    assert str(caught.value).startswith("routes/a.yaml:4:7 [ESB-R030]")
    assert word in str(caught.value)


@pytest.mark.parametrize("text", ["x {{word", "x}} {{word}}", '{"a":{"b":"{{word}}"}}', r"\{{word}} {{word}}"])
def test_braces_that_do_not_match_are_a_finding(properties: Properties, text: str) -> None:
    with pytest.raises(RouteSyntaxError, match=r"is missing in"):
        properties.resolve(text, AT)


def test_parameters_of_a_template_beat_everything(properties: Properties) -> None:
    scope = properties.scoped({"home": "par", "word": "par2"}).scoped({"word": "{{b}}3"})
    assert scope.resolve("{{home}} {{word}} {{sysword}}") == "par B3 fromsys"
    assert properties.resolve("{{word}}") == "hello"


def test_an_unset_optional_text_is_not_given_at_all(properties: Properties) -> None:
    assert properties.resolve_optional("{{?unset}}") is None
    assert properties.resolve_optional("x{{?unset}}") == "x"
    assert properties.resolve_optional("{{?word}}") == "hello"
    assert properties.resolve_optional("plain") == "plain"


def test_a_uri_loses_the_parameter_whose_placeholder_is_unset(properties: Properties) -> None:
    assert properties.resolve_uri("mock:a?first={{?unset}}&last={{?word}}") == "mock:a?last=hello"
    assert properties.resolve_uri("mock:a?first={{?unset}}") == "mock:a"
    assert properties.resolve_uri("mock:{{word}}") == "mock:hello"


def test_growth_through_placeholders_is_bounded() -> None:
    values = {f"k{n}": f"{{{{k{n + 1}}}}}" * 2 for n in range(40)} | {"k40": "x" * 100}
    with pytest.raises(RouteSyntaxError, match="grows beyond"):
        Properties(values, environment={}).resolve("{{k0}}")


def test_a_credential_is_a_secret_and_so_is_a_text_that_holds_it(tmp_path: Path) -> None:
    (tmp_path / "erp").write_text("p{{w}}d\n")
    properties = Properties(credentials=[tmp_path], environment={})
    value = properties.resolve("{{credential:erp}}")
    assert value == "p{{w}}d"
    assert isinstance(value, Secret)
    assert repr(value) == "'***'"
    mixed = properties.resolve("erp:{{credential:erp}}@host")
    assert mixed == "erp:p{{w}}d@host"
    assert isinstance(mixed, Secret)
    with pytest.raises(ReferenceFault, match="did you mean 'erp'"):
        properties.resolve("{{credential:erb}}")


def test_the_folder_that_systemd_gives_comes_first(tmp_path: Path) -> None:
    for folder in ("given", "project"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "pw").write_text(folder)
    properties = Properties(
        credentials=[tmp_path / "project"], environment={"CREDENTIALS_DIRECTORY": str(tmp_path / "given")}
    )
    assert properties.resolve("{{credential:pw}}") == "given"


def test_a_credential_in_a_parameter_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("a&b+c")
    properties = Properties(credentials=[tmp_path], environment={})
    assert properties.resolve_uri("x:y?password={{credential:pw}}&z=1") == "x:y?password=RAW(a&b+c)&z=1"
    assert properties.resolve_uri("x:y?password=RAW({{credential:pw}})") == "x:y?password=RAW(a&b+c)"

import threading

import pytest

from esb.errors import ConfigError, ConversionFailed, Malformed, OptionError, ReferenceFault, StepFailed
from esb.exchange import Exchange
from esb.xml import parse

HEAD = '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'


@pytest.fixture
def sheet(drive, context, tmp_path):
    context.folder = tmp_path

    def write(rules, options=""):
        (tmp_path / "sheet.xsl").write_text(f"{HEAD}{rules}</xsl:stylesheet>")
        return drive.producer(f"xslt:file:sheet.xsl{options}")

    return write


PLAIN = '<xsl:template match="/"><out><xsl:value-of select="/in/n"/></out></xsl:template>'
TEXT = (
    '<xsl:output method="text"/><xsl:param name="h" select="\'none\'"/><xsl:param name="p"/>'
    '<xsl:template match="/">h=<xsl:value-of select="$h"/> p=<xsl:value-of select="$p"/></xsl:template>'
)


def sent(producer, body="<in><n>5 ü</n></in>", headers=None, **properties):
    exchange = Exchange(body, headers or {})
    exchange.properties.update(properties)
    producer.send(exchange)
    return exchange.body


@pytest.mark.parametrize("body", ["<in><n>5 ü</n></in>", "<in><n>5 ü</n></in>".encode(), parse("<in><n>5 ü</n></in>")])
def test_a_document_of_any_form_is_transformed(sheet, body):
    assert sent(sheet(PLAIN), body) == '<?xml version="1.0" encoding="UTF-8"?><out>5 ü</out>'


def test_the_result_may_be_bytes_or_an_element(sheet):
    assert sent(sheet(PLAIN, "?output=bytes")).endswith("<out>5 ü</out>".encode())
    assert sent(sheet(PLAIN, "?output=DOM")).tag == "out"


def test_headers_and_properties_are_parameters(sheet):
    producer = sheet(TEXT)
    assert sent(producer, headers={"h": "it's"}, p="P") == "h=it's p=P"
    assert sent(producer, headers={"h": 5}) == "h=5 p="
    assert sent(producer, headers={"not a name": 1, "l": [1]}) == "h=none p="


def test_no_body_is_an_error_unless_the_route_says_otherwise(sheet):
    with pytest.raises(ConversionFailed, match="no body"):
        sent(sheet(PLAIN), None)
    assert sent(sheet(PLAIN, "?failOnNullBody=false"), None).endswith("<out/>")


def test_a_body_that_is_no_xml_is_malformed(sheet):
    with pytest.raises(Malformed):
        sent(sheet(PLAIN), "no xml")


def test_a_stylesheet_may_give_up(sheet):
    producer = sheet('<xsl:template match="/"><xsl:message terminate="yes">stopped</xsl:message></xsl:template>')
    with pytest.raises(StepFailed, match="stopped"):
        sent(producer)


@pytest.mark.parametrize("what", ["/in/@href", "'/etc/hostname'", "'http://127.0.0.1:1/x'"])
def test_a_document_can_make_nothing_be_read(sheet, what):
    rules = f'<xsl:template match="/"><out><xsl:copy-of select="document({what})"/></out></xsl:template>'
    with pytest.raises(StepFailed):
        sent(sheet(rules), '<in href="/etc/hostname"/>')


def test_nothing_can_be_written(drive, context, tmp_path):
    context.folder = tmp_path
    made = tmp_path / "made.xml"
    (tmp_path / "sheet.xsl").write_text(
        HEAD.replace(">", ' xmlns:exsl="http://exslt.org/common" extension-element-prefixes="exsl">')
        + f'<xsl:template match="/"><exsl:document href="{made}"><a/></exsl:document></xsl:template></xsl:stylesheet>'
    )
    with pytest.raises(StepFailed, match=r"write rights for .*made\.xml denied"):
        sent(drive.producer("xslt:file:sheet.xsl"))
    assert not made.exists()


def test_threads_transform_at_the_same_time(sheet):
    producer = sheet(PLAIN)
    results = []

    def run():
        results.extend(sent(producer, f"<in><n>{number}</n></in>") for number in range(50))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == sorted(
        f'<?xml version="1.0" encoding="UTF-8"?><out>{number}</out>' for number in range(50) for _ in range(3)
    )


@pytest.mark.parametrize(
    ("uri", "error"),
    [
        ("xslt:file:none.xsl", ReferenceFault),
        ("xslt:http://example.org/x.xsl", OptionError),
        ("xslt:file:broken.xsl", ConfigError),
        ("xslt:file:other.xsl", ConfigError),
    ],
)
def test_a_stylesheet_that_is_none_is_refused_at_load(drive, context, tmp_path, uri, error):
    context.folder = tmp_path
    (tmp_path / "broken.xsl").write_text("<xsl:stylesheet")
    (tmp_path / "other.xsl").write_text(f"{HEAD}<xsl:nonsense/></xsl:stylesheet>")
    with pytest.raises(error):
        drive.endpoint(uri)

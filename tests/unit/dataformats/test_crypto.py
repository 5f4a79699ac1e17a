import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esb.coerce import NoConversion
from esb.dataformats.crypto import Crypto
from esb.errors import Malformed, OptionError
from esb.exchange import Exchange
from esb.languages.header import Header

OLD, NEW = base64.b64encode(b"o" * 32).decode(), (b"n" * 16).hex()


class Nothing:
    """A context without beans."""

    def lookup(self, kind, name):
        from esb.errors import UnknownName

        raise UnknownName(kind, name)


def made(**options):
    return Crypto(**{"key": NEW, "key_id": "2026", **options}).build(Nothing())


@given(st.binary(max_size=200))
def test_what_is_encrypted_is_decrypted_again(data):
    assert made().unmarshal(Exchange(), made().marshal(Exchange(), data)) == data


@given(st.data())
def test_no_change_of_any_bit_goes_unnoticed(data):
    packed = bytearray(made().marshal(Exchange(), b"pay 5 to ann"))
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Malformed):
        made().unmarshal(Exchange(), bytes(packed))


@given(st.binary(max_size=60))
def test_any_bytes_are_refused(data):
    with pytest.raises(Malformed):
        made().unmarshal(Exchange(), data)


def test_the_same_message_never_looks_the_same():
    assert made().marshal(Exchange(), b"x") != made().marshal(Exchange(), b"x")


def test_the_body_is_not_to_be_seen():
    assert b"secret" not in made().marshal(Exchange(), b"secret words")


def test_messages_from_before_a_change_of_keys_are_still_read():
    before = made(key=OLD, key_id="2025").marshal(Exchange(), b"x")
    assert made(old_keys={"2025": OLD}).unmarshal(Exchange(), before) == b"x"
    with pytest.raises(Malformed, match="key '2025', which is not among keyId and oldKeys"):
        made().unmarshal(Exchange(), before)


def test_a_message_cannot_be_moved_to_where_it_does_not_belong():
    bound = made(aad=Header(expression="partner"))
    packed = bound.marshal(Exchange(headers={"partner": "crm"}), b"x")
    assert bound.unmarshal(Exchange(headers={"partner": "crm"}), packed) == b"x"
    for elsewhere in (bound, made()):
        with pytest.raises(Malformed, match="is not for this 'aad'"):
            elsewhere.unmarshal(Exchange(headers={"partner": "erp"}), packed)


def test_a_bean_may_be_the_key(make, context):
    context.bind("bean", "vault", b"k" * 32)
    format_ = make("crypto", key="#bean:vault")
    assert format_.read(format_.write("x")) == b"x"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"key": None}, "needs 'key'"),
        ({"key": "short"}, "16, 24 or 32 bytes"),
        ({"algorithm": "DES"}, "'DES' is not offered"),
        ({"algorithm": "AES/ECB/PKCS5Padding"}, "without authentication"),
        ({"algorithm": "AES/CBC/PKCS5Padding"}, "without authentication"),
        ({"init_vector": "#iv"}, "used twice"),
        ({"key_id": "x" * 256}, "255 bytes"),
    ],
)
def test_what_would_not_be_safe_is_refused_at_load(options, told):
    with pytest.raises(OptionError, match=told):
        made(**options)


def test_a_wrong_key_is_never_told():
    with pytest.raises(OptionError) as caught:
        made(key="c2VjcmV0c2VjcmV0")
    assert "c2Vj" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_what_is_no_bytes_is_refused():
    with pytest.raises(NoConversion):
        made().marshal(Exchange(), {"a": 1})

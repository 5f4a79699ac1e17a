"""OpenPGP with GnuPG on both sides: as the partner with a keyring of its own, and under the format."""

import contextlib
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from esb.dataformats._gnupg import Outcome
from esb.dataformats.pgp import Pgp, good_signers
from esb.errors import Malformed, OptionError, ReferenceFault
from esb.exchange import Exchange

PASSWORD = "opens it"


class Gpg:
    """A keyring of its own with the keys of three parties; those of the first are behind a password."""

    def __init__(self, home: str) -> None:
        words = "--batch --quiet --pinentry-mode loopback --trust-model always --homedir"
        self._base = ["gpg", *words.split(), home, "--passphrase"]
        (Path(home) / "gpg-agent.conf").write_text("s2k-count 65536\n")  # quick keys
        for name in ("us", "partner", "other"):
            self("--quick-gen-key", self.user(name), "future-default", "default", password=self.password(name))

    @staticmethod
    def user(name: str) -> str:
        return f"{name}@site.example"

    @staticmethod
    def password(name: str) -> str:
        return PASSWORD if name == "us" else ""

    def __call__(self, *words: str, data: bytes = b"", password: str = PASSWORD) -> bytes:
        done = subprocess.run([*self._base, password, *words], input=data, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def public(self, *names: str) -> str:
        return self("--armor", "--export", *map(self.user, names)).decode()

    def secret(self, *names: str) -> str:
        return "\n".join(
            self("--armor", "--export-secret-keys", self.user(name), password=self.password(name)).decode()
            for name in names
        )

    def sent(self, *words: str, by: str = "", data: bytes = b"an order") -> bytes:
        """What a party encrypts for the partner, and signs if it is named."""
        signing = ("--sign", "--local-user", self.user(by)) if by else ()
        return self("--encrypt", "-r", self.user("partner"), *signing, *words, data=data, password=self.password(by))


@pytest.fixture(scope="module")
def gpg():
    # In the system's own short folder for such things: the path of the agent's socket is bounded.
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o700)
        yield Gpg(home)
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=True)


def made(**options):
    return Pgp(**options).build(None)


@pytest.fixture(scope="module")
def out(gpg):
    """What we send with: encrypted for the partner, signed by us."""
    return made(
        key_file_name=gpg.public("partner"),
        signature_key_file_name=gpg.secret("us"),
        signature_password=PASSWORD,
        algorithm=9,
        hash_algorithm=10,
        compression_algorithm=1,
    )


@pytest.fixture
def read(gpg):
    """``read(data, wanted, signers)``: what the partner reads."""

    def do(data, wanted="optional", signers=("us",), **options):
        ring = {"signature_key_file_name": gpg.public(*signers)} if signers else {}
        shape = made(
            **{"key_file_name": gpg.secret("partner"), "signature_verification_option": wanted, **ring, **options}
        )
        return shape.unmarshal(Exchange(), data)

    return do


def test_what_is_encrypted_and_signed_is_read_and_verified(out, read):
    assert read(out.marshal(Exchange(), b"an order"), "required") == b"an order"


def test_gnupg_reads_and_verifies_what_is_written(gpg, out):
    packed = out.marshal(Exchange(), b"an order" * 1000)
    told = gpg("--status-fd", "1", "--decrypt", data=packed, password="")
    assert b"an order" * 1000 in told
    assert b"[GNUPG:] GOODSIG" in told


@pytest.mark.parametrize("packing", ["none", "zip", "bzip2"])
def test_a_file_of_gnupg_is_read_and_verified(gpg, read, packing):
    assert read(gpg.sent("--compress-algo", packing, by="us"), "required") == b"an order"


def test_armored_is_text_and_is_read_as_well(gpg, read):
    packed = made(key_file_name=gpg.public("partner"), armored=True).marshal(Exchange(), "an order")
    assert packed.startswith(b"-----BEGIN PGP MESSAGE-----")
    assert read(packed.decode()) == b"an order"


def test_a_body_of_many_megabytes_goes_there_and_back(out, read):
    data = bytes(range(256)) * 40_000
    assert read(out.marshal(Exchange(), data), "required") == data


@pytest.mark.parametrize("wanted", ["optional", "required"])
def test_a_signature_of_another_is_refused(gpg, read, wanted):
    with pytest.raises(Malformed, match="no valid signature"):
        read(gpg.sent(by="other"), wanted)


def test_whose_signature_counts_can_be_said(gpg, read):
    both = ("us", "other")
    assert read(gpg.sent(by="other"), signers=both) == b"an order"
    with pytest.raises(Malformed, match="not among the keys"):
        read(gpg.sent(by="other"), signers=both, signature_key_userid="us@")


def test_a_good_signature_does_not_vouch_for_another_whose_key_was_revoked():
    told = (
        ("NEWSIG", ""),
        ("REVKEYSIG", "A us"),
        ("VALIDSIG", "a 2026 A"),
        ("NEWSIG", ""),
        ("GOODSIG", "B other"),
        ("VALIDSIG", "b 2026 B"),
    )
    for status in (told, told[3:] + told[:3]):
        assert good_signers(Outcome(True, b"", status, "")) == {"B"}


def test_the_partners_own_key_does_not_sign_for_the_sender(gpg, read):
    with pytest.raises(Malformed, match="not among the keys"):
        read(gpg.sent(by="partner"))


def test_a_required_signature_that_is_missing_is_refused(gpg, read):
    with pytest.raises(Malformed, match="it has none"):
        read(gpg.sent(), "required")


def test_without_a_signature_optional_is_content(gpg, read):
    assert read(gpg.sent()) == b"an order"


def test_a_signature_can_be_ignored_or_forbidden(gpg, read):
    assert read(gpg.sent(by="other"), "ignore", signers=()) == b"an order"
    assert read(gpg.sent(), "no_signature_allowed") == b"an order"
    with pytest.raises(Malformed, match="is signed"):
        read(gpg.sent(by="us"), "no_signature_allowed")


def test_what_is_only_signed_is_refused(gpg, read):
    with pytest.raises(Malformed, match="not encrypted"):
        read(gpg("--sign", "--local-user", "us@", data=b"an order"), "required")


@pytest.mark.parametrize("data", [b"", b"plain", b"-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----"])
def test_what_is_no_openpgp_is_refused(read, data):
    with pytest.raises(Malformed, match="not"):
        read(data)


def test_a_changed_or_cut_body_is_never_read_as_another(gpg):
    shape = made(key_file_name=gpg.secret("partner"))
    packed = gpg.sent()
    for at in range(0, len(packed), 7):
        changed = bytearray(packed)
        changed[at] ^= 0x10
        with contextlib.suppress(Malformed):  # parts of the head may change without harm, as the name of the key
            assert shape.unmarshal(Exchange(), bytes(changed)) == b"an order"
        with pytest.raises(Malformed):
            shape.unmarshal(Exchange(), packed[:at])


def test_a_body_that_unpacks_to_more_than_allowed_is_refused(gpg, read):
    with pytest.raises(Malformed):
        read(gpg.sent(data=bytes(5_000_000)), max_decompressed_size=1_000_000)


def test_the_key_is_found_by_a_part_of_its_user_id(gpg, read):
    packed = made(key_file_name=gpg.public("other", "partner"), key_userid="partner@").marshal(Exchange(), "x")
    assert read(packed) == b"x"
    with pytest.raises(Malformed, match="no secret key for it, it is for"):
        read(packed, key_file_name=gpg.secret("other"))


def test_a_header_of_the_route_names_the_recipients(gpg, read):
    exchange = Exchange()
    exchange.headers["CamelPGPDataFormatKeyUserids"] = ["partner@", "other@"]
    packed = made(key_file_name=gpg.public("us", "other", "partner")).marshal(exchange, "x")
    assert read(packed) == read(packed, key_file_name=gpg.secret("other")) == b"x"


def test_one_of_several_keys_must_be_named(gpg):
    with pytest.raises(OptionError, match="2 keys fit"):
        made(key_file_name=gpg.public("other", "partner")).marshal(Exchange(), "x")
    with pytest.raises(OptionError, match="no key has the user id 'nobody'"):
        made(key_file_name=gpg.public("other", "partner"), key_userid="nobody")


def test_many_threads_share_one_format(gpg, out):
    back = made(key_file_name=gpg.secret("partner"), signature_key_file_name=gpg.public("us"))
    turns = [str(number).encode() for number in range(20)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda data: back.unmarshal(Exchange(), out.marshal(Exchange(), data)), turns)) == turns


def test_a_wrong_password_is_told_at_load(gpg):
    with pytest.raises(OptionError, match="cannot be opened"):
        made(key_file_name=gpg.secret("us"), password="another")
    with pytest.raises(OptionError, match="the key that signs cannot be opened"):
        made(
            key_file_name=gpg.public("partner"), signature_key_file_name=gpg.secret("us"), signature_password="another"
        )


def test_a_ring_that_is_not_there_or_none_is_told_at_load(tmp_path):
    class Project:
        def path(self, name):
            return tmp_path / name

    (tmp_path / "junk.gpg").write_bytes(b"junk")
    for name in ("none.gpg", "junk.gpg"):
        with pytest.raises(ReferenceFault, match=name):
            Pgp(key_file_name=name).build(Project())


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"integrity": False}, "integrity"),
        ({"algorithm": 2}, "no longer safe"),
        ({"hash_algorithm": 2}, "no longer safe"),
        ({"key_file_name": None}, "keyFileName"),
        ({"signature_key_userid": "us"}, "without a ring"),
        ({"signature_verification_option": "required"}, "keys to verify"),
        ({"signature_key_file_name": "a", "signature_key_ring": "b"}, "the same"),
    ],
)
def test_what_cannot_hold_is_told_at_load(options, why):
    with pytest.raises(OptionError, match=why):
        made(**{"key_file_name": "partner.pub", **options})

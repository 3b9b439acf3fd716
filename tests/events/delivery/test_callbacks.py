"""Where a callback may go: pure, on literal URLs and addresses."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faastraingym.events.delivery.callbacks import (
    METADATA,
    Policy,
    address,
    origin,
    origins,
    refusal,
    refused_address,
    refused_path,
    resolved_refusal,
)

GATEWAY = origin("http://127.0.0.1:8080")
UNSET = Policy(None, frozenset({GATEWAY}))
LISTED = Policy(origins("https://ci.example.com, http://127.0.0.1:8080"), frozenset({GATEWAY}))


def test_origins_are_read_as_browsers_have_them() -> None:
    """Scheme, host, port; the scheme's own port may be left out."""
    found = origins("https://CI.example.com/,http://[::1]:9 , https://ci.example.com:443")
    assert found == {origin("https://ci.example.com"), origin("http://[::1]:9")}
    assert [str(one) for one in sorted(found)] == ["http://[::1]:9", "https://ci.example.com"]
    assert origins(" , ") is None


@pytest.mark.parametrize(
    "text",
    ["ci.example.com", "ftp://x", "https://", "https://x/a", "https://x?a", "https://u:p@x", "*"],
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"origin|URL"):
        origins(text)


@pytest.mark.parametrize(
    "url",
    ["", "nothing", "file:///etc/passwd", "gopher://x/", "http://", "http://x:0/", "http://x:99999",
     "http://a b/", "http://x/\n", "http://ex\u00e4mple/", "http://x\\@y/", "http://[::1/"],
)  # fmt: skip
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        refusal(url, UNSET, True)


def test_credentials_are_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="a user or a password is refused") as told:
        refusal("http://name:hidden@x/", UNSET, True)
    assert "hidden" not in str(told.value)


@pytest.mark.parametrize(
    ("policy", "authenticated", "url", "why"),
    [
        (UNSET, False, "https://ci.example.com/a", "list the origin https://ci.example.com in"),
        (UNSET, True, "https://ci.example.com/a", ""),
        (UNSET, True, "http://10.0.0.7:1/a", ""),
        (LISTED, False, "https://ci.example.com:443/a?b", ""),
        (LISTED, True, "https://ci.example.com.evil.org/", "is not in FTG_CALLBACK_ORIGINS"),
        (LISTED, True, "http://ci.example.com/", "is not in FTG_CALLBACK_ORIGINS"),
        (LISTED, False, "https://ci.example.com:444/", "is not in FTG_CALLBACK_ORIGINS"),
    ],
)
def test_the_list_binds_everybody_and_without_one_only_the_unknown(
    policy: Policy, authenticated: bool, url: str, why: str
) -> None:
    found = refusal(url, policy, authenticated)
    assert why in found
    assert bool(why) == bool(found)


NEVER = [
    "169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "224.0.0.1", "ff02::1", "0.0.0.1", "::", "0.1.2.3",
    "255.255.255.255", *map(str, METADATA),
]  # fmt: skip


@pytest.mark.parametrize("text", NEVER)
def test_some_addresses_are_never_called(text: str) -> None:
    """Whatever is listed, whoever asks, whatever name stands for them."""
    where = address(text)
    assert where is not None
    assert refused_address(where)
    assert resolved_refusal("https://ci.example.com/", ["10.0.0.1", text], LISTED, [])
    bare = text.partition("%")[0]
    url = f"http://[{bare}]/" if ":" in bare else f"http://{bare}/"
    assert refusal(url, UNSET._replace(origins=frozenset({origin(url)})), True)


@pytest.mark.parametrize("text", ["10.0.0.1", "127.0.0.1", "::1", "8.8.8.8", "2606:4700::1111"])
def test_others_may_be(text: str) -> None:
    assert resolved_refusal("https://ci.example.com/", [text], LISTED, []) == ""


SYSTEM = [
    "/system/functions", "//system/functions", "/function/../system/functions", "/", "/ui/", "",
    "/function/%2e%2e/system/functions", "/%73ystem/functions", "/function/x/%2E%2e%2f..%2fsystem",
    "/function/%252e%252e/system", "/function/%25252e%25252e/system", "/./system", "/functions/",
    "/function", "/metrics", "/function/..%5csystem", "/healthz",
]  # fmt: skip


@pytest.mark.parametrize("path", SYSTEM)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1.2.3", "[::1]", "a.localhost"])
def test_the_gateways_own_api_is_closed_however_it_is_written(host: str, path: str) -> None:
    assert "own API" in refusal(f"http://{host}:8080{path}", UNSET, True)
    assert refusal(f"http://{host}:8081{path}", UNSET, True) == ""


@pytest.mark.parametrize("found", ["127.0.0.1", "10.1.2.3", "127.0.0.2"])
def test_nor_does_a_name_of_ones_own_open_it(found: str) -> None:
    """Once it is resolved, it is an address of the gateway's; another port is somebody else."""
    own = [("10.1.2.3", 8080), ("127.0.0.1", 8080)]
    url = "http://mine.example.com:8080/system/functions"
    assert "own API" in resolved_refusal(url, [found], UNSET, own)
    assert resolved_refusal(url.replace(":8080", ":80"), [found], UNSET, own) == ""


@pytest.mark.parametrize("path", ["/function/f", "/async-function/f/a?b=/system", "//function//f"])
def test_functions_may_be_called_back(path: str) -> None:
    assert refused_path(f"http://x{path}") == ""
    assert refusal(f"http://127.0.0.1:8080{path}", LISTED, False) == ""


@given(st.text(max_size=60))
def test_any_text_is_an_answer_or_a_value_error(text: str) -> None:
    for url in (text, f"http://{text}", f"http://127.0.0.1:8080/{text}"):
        with contextlib.suppress(ValueError):
            assert isinstance(refusal(url, UNSET, True), str)

"""Which addresses webhooks may have."""

import re
from ipaddress import ip_address

import pytest

from services.notifications.rules.addresses import BadAddress, HostList, is_public, read

NOBODY = HostList()


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "authority"),
    [
        ("https://example.com", "example.com", 443, "/", "example.com"),
        ("https://Example.COM./a/b?c=d", "example.com", 443, "/a/b?c=d", "example.com"),
        ("https://example.com:80/x", "example.com", 80, "/x", "example.com:80"),
        ("https://8.8.8.8/", "8.8.8.8", 443, "/", "8.8.8.8"),
        ("https://[2606:4700::1111]/", "2606:4700::1111", 443, "/", "[2606:4700::1111]"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443, "/", None),
    ],
)
def test_public_ones_are_taken(url, host, port, path, authority):
    target = read(url, NOBODY)
    assert (target.host, target.port, target.path) == (host, port, path)
    assert target.authority == (authority or host)
    assert not target.is_listed


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "//example.com/",
        "example.com",
        "https://",
        "https:///path",
        "https://example.com:8443/",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://@example.com/",
        "https://example.com/#fragment",
        "https://example.com#@127.0.0.1/",
        "https://example.com\\@127.0.0.1/",
        "https://example.com/a b",
        "https://exam\tple.com/",
        "https://example.com/\r\nHost: other",
        "https://bücher.example/",
        "https://\uff11\uff12\uff17.0.0.1/",
        "https://%31%32%37.0.0.1/",
        "https://localhost/",
        "https://localhost./",
        "https://LOCALHOST/",
        "https://a.localhost/",
        "https://intranet/",
        "https://metadata.google.internal/",
        "https://printer.local/",
        # as libc and browsers read addresses
        "https://127.0.0.1/",
        "https://127.0.0.1./",
        "https://127.1/",
        "https://2130706433/",
        "https://017700000001/",
        "https://0177.0.0.1/",
        "https://0x7f.0.0.1/",
        "https://0x7f000001/",
        "https://example.1/",
        "https://1.2.3.4.5/",
        # private, link-local, metadata and others
        "https://0.0.0.0/",
        "https://10.0.0.1/",
        "https://100.64.0.1/",
        "https://100.100.100.200/",
        "https://168.63.129.16/",
        "https://169.254.169.254/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://192.0.0.192/",
        "https://198.18.0.1/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://[::]/",
        "https://[::1]/",
        "https://[::127.0.0.1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:a9fe:a9fe]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[64:ff9b:1::1]/",
        "https://[2002:7f00:1::]/",
        "https://[2001:0:1::1]/",
        "https://[2001:db8::1]/",
        "https://[fc00::1]/",
        "https://[fd00:ec2::254]/",
        "https://[fe80::1]/",
        "https://[fe80::1%25eth0]/",
        "https://[ff02::1]/",
        "https://[127.0.0.1]/",
    ],
)
def test_all_others_are_refused(url):
    with pytest.raises(BadAddress):
        read(url, NOBODY)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_an_ordinary_address_is_public_however_it_is_written(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    ("items", "url", "is_allowed"),
    [
        (["hub.lan"], "http://hub.lan/x", True),
        (["hub.lan"], "https://hub.lan/x", True),
        (["hub.lan"], "http://hub.lan:8123/x", False),
        (["hub.lan:8123"], "http://hub.lan:8123/x", True),
        (["hub.lan:8123"], "http://hub.lan/x", False),
        (["hub.lan:8123", "hub.lan"], "http://hub.lan/x", True),
        (["hub.lan:*"], "http://hub.lan:9/x", True),
        (["hub.lan:*", "hub.lan:80"], "http://hub.lan:9/x", True),
        (["localhost"], "http://localhost./", True),
        (["192.168.1.20:*"], "http://192.168.1.20:5678/", True),
        (["192.168.1.20:*"], "http://192.168.1.21:5678/", False),
        (["[fd00::1]:8080"], "http://[fd00:0::1]:8080/", True),
        (["[fd00::1]"], "http://[fd00::1]/", True),
        (["127.0.0.1:*"], "http://0x7f.1/", False),
        (["127.0.0.1:*"], "http://user@127.0.0.1/", False),
        (["hub.lan"], "http://not.hub.lan/", False),
    ],
)
def test_the_operator_s_list_allows_more(items, url, is_allowed):
    listed = HostList(items)
    if is_allowed:
        assert read(url, listed).is_listed
    else:
        with pytest.raises(BadAddress):
            read(url, listed)


@pytest.mark.parametrize(
    "item",
    ["http://hub.lan", "hub.lan:x", "hub.lan:0", "hub.lan:70000", " ", "a b", "[::1", "0x7f.1"],
)
def test_a_list_with_anything_else_in_it_is_refused(item):
    with pytest.raises(ValueError, match=re.escape(item)):
        HostList([item])

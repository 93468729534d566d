"""Which addresses a result may be fetched from: public ones, and the vendor's own.

A result's link comes from outside. Followed blindly, it would reach the cloud's metadata service or
a machine of the user's network in the user's name.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ttv_core.errors import DownloadError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Guard", "is_public"]

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_UNICAST = ipaddress.ip_network("2000::/3")  # all of IPv6 that is given out so far (IANA)
_PORTS = {"https": 443, "http": 80}
# A name as it is on the wire. Other ways to write one are read as one address here and as another
# by whoever connects: digits of other scripts, percent signs, and "127.1", which is four bytes.
_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", re.ASCII)
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)", re.ASCII)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_public(text: str) -> bool:
    """Tell whether an address is one of the open internet, through every way of wrapping it."""
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address not in _UNICAST:
        if address not in _NAT64:
            return False
        return all(is_public(str(item)) for item in _inside(address))
    return all(item.is_global and not item.is_multicast for item in (address, *_inside(address)))


def _inside(address: Address) -> Iterable[Address]:
    """Return the IPv4 addresses that an IPv6 address carries."""
    if isinstance(address, ipaddress.IPv4Address):
        return ()
    found: list[Address | None] = [address.ipv4_mapped, address.sixtofour]
    if address.teredo:
        found += address.teredo
    if address in _NAT64:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [item for item in found if item is not None]


@dataclass(frozen=True, slots=True)
class Guard:
    """Lets https to public addresses pass, and the origin of the backend's own base URL.

    Attributes:
        own: The backend's base URL, which comes from the user's configuration alone.
    """

    own: str = ""

    def check(self, url: str) -> None:
        """Refuse a URL by what stands in it; where its name leads is seen on connecting.

        Raises:
            DownloadError: If it is not one to be followed.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise self._refused("it cannot be read") from None
        if not host or parts.username is not None or parts.password is not None:
            raise self._refused("it has no host, or a user in it")
        if parts.scheme in _PORTS and self._is_own(host, port or _PORTS[parts.scheme]):
            return
        if parts.scheme != "https":
            raise self._refused(f"it is a {parts.scheme[:20]} URL, not https")
        if _is_literal(host):
            if not is_public(host):
                raise self._refused(f"{host[:60]} is a private address")
        elif not _NAME.fullmatch(host) or _NUMBER.fullmatch(host.rpartition(".")[2]):
            raise self._refused(f"{host[:60]!r} is no name of a host")

    def _is_own(self, host: str, port: int | None) -> bool:
        if not self.own:
            return False
        own = urlsplit(self.own)
        return (host, port) == (own.hostname, own.port or _PORTS.get(own.scheme))

    def resolver(self) -> Any:
        """Return a resolver for aiohttp: connections go to the addresses that were checked."""
        from aiohttp.abc import AbstractResolver
        from aiohttp.resolver import ThreadedResolver

        guard = self

        class Checked(AbstractResolver):
            def __init__(self) -> None:
                self._plain = ThreadedResolver()

            async def resolve(
                self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
            ) -> list[Any]:
                found = await self._plain.resolve(host, port, family)
                if guard._is_own(host, port):
                    return list(found)
                public = [item for item in found if is_public(item["host"])]
                if not public:
                    raise guard._refused(f"{host[:60]} leads to a private address")
                return public

            async def close(self) -> None:
                await self._plain.close()

        return Checked()

    def _refused(self, why: str) -> DownloadError:
        msg = f"the link to the video is not followed: {why}"
        return DownloadError(msg, code="unsafe_link", retryable=False)


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True

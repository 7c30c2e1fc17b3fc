"""What a client is counted by."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

_NETWORK = 64
"""Bits of an IPv6 address that name a network; one client may have every address in it."""


@lru_cache(maxsize=10_000)
def client_of(host: str) -> str:
    """Return what a client is counted by: its address, or its network where it has one."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(int(address) >> (128 - _NETWORK))
    return host

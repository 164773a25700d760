package fetch

import (
	"net/netip"
	"slices"
	"sync"
)

// reach is which addresses may be connected to.
type reach struct {
	loopback    bool
	nothingElse bool // plain http: no address but those of this machine
	prefixes    []netip.Prefix
}

// closed are the ranges that are not, or not for certain, of the public Internet: the special-purpose registries of IANA
// (RFC 6890), multicast, and what was once reserved. Ranges that carry an IPv4 address inside are told by embedded.
var closed = prefixes(
	"0.0.0.0/8", // this network; 0.0.0.0 itself reaches this machine
	"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
	"100.64.0.0/10",  // carrier-grade NAT
	"127.0.0.0/8",    // loopback
	"169.254.0.0/16", // link-local, where clouds answer with credentials
	"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"224.0.0.0/4", // multicast
	"240.0.0.0/4", // reserved, and broadcast
	"::/96",       // unspecified, loopback, and the IPv4-compatible addresses of old
	"::ffff:0:0:0/96",
	"64:ff9b:1::/48", // NAT64 with a prefix of the operator's own
	"100::/64",
	"2001::/23", // Teredo, ORCHID and others
	"2001:db8::/32", "3fff::/20", "5f00::/16",
	"fc00::/7",  // unique local
	"fe80::/10", // link-local
	"fec0::/10", // site-local of old
	"ff00::/8",  // multicast
)

// prefixes reads them when they are first asked for.
func prefixes(texts ...string) func() []netip.Prefix {
	return sync.OnceValue(func() []netip.Prefix {
		parsed := make([]netip.Prefix, len(texts))
		for i, text := range texts {
			parsed[i] = netip.MustParsePrefix(text)
		}
		return parsed
	})
}

// embedded answers the IPv4 address that an IPv6 address leads to: by NAT64 (RFC 6052), in its last four bytes, and by 6to4
// (RFC 3056), after its first two.
func embedded(address netip.Addr) (inner netip.Addr, found bool) {
	if !address.Is6() {
		return inner, false
	}
	raw := address.As16()
	switch {
	case [12]byte(raw[:12]) == [12]byte{0x00, 0x64, 0xff, 0x9b}:
		return netip.AddrFrom4([4]byte(raw[12:])), true
	case raw[0] == 0x20 && raw[1] == 0x02:
		return netip.AddrFrom4([4]byte(raw[2:6])), true
	}
	return inner, false
}

// allows tells whether the address may be connected to. An address that leads to another one is judged by that one.
func (to reach) allows(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	if inner, found := embedded(address); found {
		address = inner
	}
	contains := func(p netip.Prefix) bool { return p.Contains(address) }
	switch {
	case to.loopback && address.IsLoopback():
		return true
	case to.nothingElse:
		return false
	case slices.ContainsFunc(to.prefixes, contains):
		return true
	}
	return address.IsValid() && !slices.ContainsFunc(closed(), contains)
}

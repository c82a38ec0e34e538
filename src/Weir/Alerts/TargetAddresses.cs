using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Weir;

/// <summary>
/// Which addresses a webhook may reach. Everything that is not public unicast is refused unless it is allowed by name, and so are the
/// forms that hide an IPv4 address inside an IPv6 one. It is asked with the address that is about to be connected to, never with a name.
/// </summary>
internal sealed class TargetAddresses
{
    /// <summary>Allowed together by <see cref="WebhookOptions.AllowPrivateTargets"/>.</summary>
    private static readonly ImmutableArray<IPNetwork> s_private =
    [
        .. new[]
        {
            "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", // private, RFC 1918
            "100.64.0.0/10", // shared by carriers, RFC 6598
            "127.0.0.0/8", // loopback
            "198.18.0.0/15", // benchmarks, RFC 2544
            "fc00::/7", // unique local, RFC 4193
            "fec0::/10", // site-local, RFC 3879
        }.Select(IPNetwork.Parse),
    ];

    /// <summary>Allowed only by a network of <see cref="WebhookOptions.AllowedNetworks"/>.</summary>
    private static readonly ImmutableArray<IPNetwork> s_special =
    [
        .. new[]
        {
            "0.0.0.0/8", // this network
            "169.254.0.0/16", // link-local, metadata of clouds
            "100.100.100.200/32", "168.63.129.16/32", // metadata of clouds beside it
            "192.0.0.0/24", // protocol assignments, metadata
            "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", // documentation
            "192.88.99.0/24", // 6to4 relays
            "224.0.0.0/4", "240.0.0.0/4", // multicast, reserved, broadcast
            "::/96", // unspecified, IPv4-compatible
            "::ffff:0:0:0/96", // IPv4-translated
            "64:ff9b::/96", "64:ff9b:1::/48", // NAT64
            "100::/64", // discard
            "2001::/23", // Teredo and other protocols
            "2001:db8::/32", "3fff::/20", // documentation
            "2002::/16", // 6to4
            "5f00::/16", // segment routing
            "fd00:ec2::254/128", // metadata of a cloud
            "fe80::/10", // link-local
            "ff00::/8", // multicast
        }.Select(IPNetwork.Parse),
    ];

    private static readonly IPNetwork s_publicIPv6 = IPNetwork.Parse("2000::/3");

    private readonly bool _allowPrivate;
    private readonly ImmutableArray<IPNetwork> _allowed;

    public TargetAddresses(WebhookOptions options)
    {
        _allowPrivate = options.AllowPrivateTargets;
        _allowed = [.. options.AllowedNetworks.Select(IPNetwork.Parse)];
    }

    /// <summary>What would allow an address that is not public.</summary>
    public static string WayOf(IPAddress address) => address switch
    {
        { IsIPv4MappedToIPv6: true } => "it hides an IPv4 address, and nothing allows that.",
        _ when IPAddress.IPv6Loopback.Equals(address) || (s_private.Any(network => network.Contains(address)) && !s_special.Any(network => network.Contains(address))) =>
            "Weir:Webhooks:AllowPrivateTargets or a network in Weir:Webhooks:AllowedNetworks can allow it.",
        _ => "only a network in Weir:Webhooks:AllowedNetworks can allow it.",
    };

    public bool MayReach(IPAddress address)
    {
        // Networks take an IPv4-mapped address for the IPv4 one. No name leads to such by right.
        if (address.IsIPv4MappedToIPv6)
        {
            return false;
        }

        if (_allowed.Any(network => network.Contains(address)))
        {
            return true;
        }

        if (s_special.Any(network => network.Contains(address)))
        {
            // ::1 lies in ::/96, which is otherwise never reached.
            return _allowPrivate && IPAddress.IPv6Loopback.Equals(address);
        }

        return s_private.Any(network => network.Contains(address))
            ? _allowPrivate
            : address.AddressFamily == AddressFamily.InterNetwork || s_publicIPv6.Contains(address);
    }
}

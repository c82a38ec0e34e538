using System.Net;

using Microsoft.AspNetCore.Http;

namespace Weir.AspNetCore;

/// <summary>
/// The address that a request comes from. Behind a proxy that is the proxy's, until the application trusts it: configure
/// <c>ForwardedHeadersOptions</c> with the known proxies and call <c>app.UseForwardedHeaders()</c> first. This class never reads
/// <c>X-Forwarded-For</c> itself, because anybody can send it.
/// </summary>
public static class ClientAddress
{
    /// <summary>As text: IPv4 also where the socket is IPv6, no zone; null when the transport has none.</summary>
    public static string? Of(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        IPAddress? address = context.Connection.RemoteIpAddress;
        if (address is null)
        {
            return null;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4().ToString();
        }

        return address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 && address.ScopeId != 0
            ? new IPAddress(address.GetAddressBytes()).ToString()
            : address.ToString();
    }
}

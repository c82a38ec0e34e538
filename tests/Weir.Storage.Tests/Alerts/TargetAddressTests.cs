using System.Net;

namespace Weir.Storage.Tests;

public sealed class TargetAddressTests
{
    [Theory(DisplayName = "HOOK-6: only public addresses are reached; private ones by one option, special ones by their network alone")]
    // public
    [InlineData("8.8.8.8", true, true)]
    [InlineData("1.0.0.1", true, true)]
    [InlineData("100.63.255.255", true, true)]
    [InlineData("100.128.0.0", true, true)]
    [InlineData("172.15.255.255", true, true)]
    [InlineData("172.32.0.0", true, true)]
    [InlineData("192.0.1.0", true, true)]
    [InlineData("223.255.255.255", true, true)]
    [InlineData("2606:4700::1111", true, true)]
    [InlineData("2a00:1450:4001::1", true, true)]
    // private, loopback, shared
    [InlineData("10.0.0.1", false, true)]
    [InlineData("10.255.255.255", false, true)]
    [InlineData("172.16.0.1", false, true)]
    [InlineData("172.31.255.255", false, true)]
    [InlineData("192.168.1.1", false, true)]
    [InlineData("127.0.0.1", false, true)]
    [InlineData("127.255.255.254", false, true)]
    [InlineData("100.64.0.1", false, true)]
    [InlineData("100.127.255.255", false, true)]
    [InlineData("198.18.0.1", false, true)]
    [InlineData("::1", false, true)]
    [InlineData("fc00::1", false, true)]
    [InlineData("fd12:3456::1", false, true)]
    [InlineData("fec0::1", false, true)]
    // link-local and metadata
    [InlineData("169.254.169.254", false, false)]
    [InlineData("169.254.0.1", false, false)]
    [InlineData("100.100.100.200", false, false)]
    [InlineData("168.63.129.16", false, false)]
    [InlineData("192.0.0.192", false, false)]
    [InlineData("fd00:ec2::254", false, false)]
    [InlineData("fe80::1", false, false)]
    // unspecified, multicast, reserved, documentation
    [InlineData("0.0.0.0", false, false)]
    [InlineData("0.1.2.3", false, false)]
    [InlineData("224.0.0.1", false, false)]
    [InlineData("239.255.255.250", false, false)]
    [InlineData("240.0.0.1", false, false)]
    [InlineData("255.255.255.255", false, false)]
    [InlineData("192.0.2.1", false, false)]
    [InlineData("198.51.100.1", false, false)]
    [InlineData("203.0.113.1", false, false)]
    [InlineData("192.88.99.1", false, false)]
    [InlineData("::", false, false)]
    [InlineData("ff02::1", false, false)]
    [InlineData("2001:db8::1", false, false)]
    [InlineData("3fff::1", false, false)]
    [InlineData("100::1", false, false)]
    [InlineData("4000::1", false, false)]
    // IPv4 inside IPv6
    [InlineData("::ffff:127.0.0.1", false, false)]
    [InlineData("::ffff:8.8.8.8", false, false)]
    [InlineData("::ffff:169.254.169.254", false, false)]
    [InlineData("::127.0.0.1", false, false)]
    [InlineData("::ffff:0:127.0.0.1", false, false)]
    [InlineData("64:ff9b::a9fe:a9fe", false, false)]
    [InlineData("64:ff9b::808:808", false, false)]
    [InlineData("64:ff9b:1::1", false, false)]
    [InlineData("2002:7f00:1::", false, false)]
    [InlineData("2002:a9fe:a9fe::1", false, false)]
    [InlineData("2001:0:7f00:1::", false, false)]
    public void Reach(string address, bool usually, bool withPrivate)
    {
        IPAddress target = IPAddress.Parse(address);
        Assert.Equal(usually, new TargetAddresses(new WebhookOptions()).MayReach(target));
        Assert.Equal(withPrivate, new TargetAddresses(new WebhookOptions { AllowPrivateTargets = true }).MayReach(target));
        WebhookOptions named = new();
        named.AllowedNetworks.Add(address + (target.GetAddressBytes().Length == 4 ? "/32" : "/128"));
        Assert.Equal(!target.IsIPv4MappedToIPv6, new TargetAddresses(named).MayReach(target));
    }

    [Fact(DisplayName = "HOOK-6: an allowed network opens itself and nothing beside it")]
    public void AllowedNetworks()
    {
        WebhookOptions options = new();
        options.AllowedNetworks.Add("10.20.0.0/16");
        TargetAddresses addresses = new(options);
        Assert.True(addresses.MayReach(IPAddress.Parse("10.20.3.4")));
        Assert.False(addresses.MayReach(IPAddress.Parse("10.21.0.1")));
        Assert.False(addresses.MayReach(IPAddress.Parse("::ffff:10.20.3.4")));
        Assert.False(addresses.MayReach(IPAddress.Loopback));
    }

    [Theory(DisplayName = "HOOK-6: an address of a webhook is absolute, https, plain, and not written to mislead")]
    [InlineData("https://hooks.example.com/weir?a=b", null)]
    [InlineData("https://hooks.example.com:8443/", null)]
    [InlineData("https://8.8.8.8/", null)]
    [InlineData("HTTPS://Hooks.Example.com", null)]
    [InlineData("https://[2606:4700::1111]/x", null)]
    [InlineData("http://hooks.example.com/", "https")]
    [InlineData("ftp://hooks.example.com/", "https")]
    [InlineData("file:///etc/passwd", "absolute")]
    [InlineData("/relative", "absolute")]
    [InlineData("hooks.example.com", "absolute")]
    [InlineData("https://", "absolute")]
    [InlineData("https:///x", "absolute")]
    [InlineData("https://user:pass@hooks.example.com/", "password")]
    [InlineData("https://hooks.example.com/#x", "fragment")]
    [InlineData("https://hooks.example.com/\u00e9", "absolute")]
    [InlineData("https://hooks.example.com/ x", "absolute")]
    [InlineData("https://hooks.example.com/\r\nX: y", "absolute")]
    [InlineData("https://2130706433/", "127.0.0.1")]
    [InlineData("https://0x7f.1/", "127.0.0.1")]
    [InlineData("https://0177.0.0.1/", "127.0.0.1")]
    [InlineData("https://127.1/", "127.0.0.1")]
    [InlineData("https://0x8.8.8.8/", "unusually")]
    [InlineData("https://127.0.0.1/", "not a public address; Weir:Webhooks:AllowPrivateTargets")]
    [InlineData("https://169.254.169.254/latest/meta-data", "not a public address; only a network")]
    [InlineData("https://100.100.100.200/", "not a public address; only a network")]
    [InlineData("https://[::1]/", "not a public address; Weir:Webhooks:AllowPrivateTargets")]
    [InlineData("https://[::ffff:7f00:1]/", "")]
    [InlineData("https://[::ffff:127.0.0.1]/", "nothing allows that")]
    [InlineData("https://[fe80::1%25eth0]/", "")]
    public void Urls(string url, string? refusal)
    {
        WebhookOptions options = new();
        string? found = WebhookUrl.Refusal(url, options, new TargetAddresses(options));
        if (refusal is null)
        {
            Assert.Null(found);
        }
        else
        {
            Assert.Contains(refusal, found, StringComparison.Ordinal);
        }
    }

    [Fact(DisplayName = "HOOK-6: http and private addresses are taken where the options say so, and an address has an end")]
    public void UrlOptions()
    {
        WebhookOptions options = new() { AllowHttp = true, AllowPrivateTargets = true };
        TargetAddresses addresses = new(options);
        Assert.Null(WebhookUrl.Refusal("http://127.0.0.1:5000/x", options, addresses));
        Assert.NotNull(WebhookUrl.Refusal("http://169.254.169.254/", options, addresses));
        Assert.NotNull(WebhookUrl.Refusal("gopher://127.0.0.1/", options, addresses));
        Assert.NotNull(WebhookUrl.Refusal("https://h.example/" + new string('x', WebhookUrl.LargestLength), options, addresses));
    }
}

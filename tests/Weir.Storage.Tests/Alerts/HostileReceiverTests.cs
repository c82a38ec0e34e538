using System.Net;
using System.Text;

using NodaTime;

namespace Weir.Storage.Tests;

public sealed class HostileReceiverTests
{
    private static readonly string[] s_hostile = ["hangs", "drips headers", "drips the body", "sends a gigabyte", "sends endless headers", "redirects", "speaks nonsense", "hangs up", "asks to go on forever"];

    [Fact(DisplayName = "HOOK-7: receivers that hang, drip, flood or redirect delay nobody but themselves, and cost no more than their bounds")]
    public async Task Isolated()
    {
        await using AlertDesk desk = await AlertDesk.OpenAsync();
        await using Receiver elsewhere = new();
        Dictionary<string, (Receiver Receiver, string Target)> hostile = [];
        long flooded = 0;
        foreach (string kind in s_hostile)
        {
            Receiver receiver = new((_, stream, token) => AnswerAsync(kind, stream, elsewhere.Url, sent => Interlocked.Add(ref flooded, sent), token));
            hostile[kind] = (receiver, (await desk.HookAsync(receiver.Url)).Webhook.Id);
        }

        Receiver[] good = [.. Enumerable.Range(0, 5).Select(_ => new Receiver())];
        foreach (Receiver receiver in good)
        {
            await desk.HookAsync(receiver.Url);
        }

        // The clock stands still: no time-out can end, and yet every good receiver gets all of its notifications.
        await desk.TellAsync([.. Enumerable.Range(0, 20).Select(i => $"msg_{i}")]);
        Task delivering = desk.CatchUpAsync();
        foreach (Receiver receiver in good)
        {
            for (int i = 0; i < 20; i++)
            {
                await receiver.ArrivedAsync();
            }
        }

        // Those that never end by themselves end with their time.
        Assert.False(delivering.IsCompleted);
        while (!delivering.IsCompleted)
        {
            desk.Clock.Advance(Duration.FromSeconds(1));
            await Task.WhenAny(delivering, Task.Delay(5));
        }

        await delivering;
        foreach ((string kind, (_, string target)) in hostile)
        {
            DeliveryAttempt first = (await desk.DeliveriesAsync(target))[^1].Log[0];
            (int? Status, string? Error) expected = kind switch
            {
                "hangs" or "drips headers" or "asks to go on forever" => (null, "No answer within 15 s."),
                "drips the body" or "sends a gigabyte" => (200, null),
                "redirects" => (302, "It answered 302; redirects are not followed. Change the webhook's address."),
                _ => (first.Status, first.Error),
            };
            Assert.Equal((kind, expected.Status, expected.Error), (kind, first.Status, first.Error));
            Assert.True(first.Answer is null || first.Answer.Length <= 1024, kind);
            Assert.Equal(first.Status is >= 200 and < 300, first.Error is null);
        }

        Assert.Empty(elsewhere.Calls);
        // 20 answers of a gigabyte: of each at most 64 KiB were read; the rest stands in the buffers of the sockets.
        Assert.InRange(Interlocked.Read(ref flooded), 1, 20L * 32 * 1024 * 1024);
        foreach (Receiver receiver in hostile.Values.Select(pair => pair.Receiver).Concat(good))
        {
            await receiver.DisposeAsync();
        }
    }

    [Fact(DisplayName = "HOOK-6: the address is judged when it is connected to: a name that changes to a private one afterwards is refused, each time anew")]
    public async Task Rebinding()
    {
        await using AlertDesk desk = await AlertDesk.OpenAsync(webhooks: options => options.AllowPrivateTargets = false);
        WebhookSender sender = desk.Get<WebhookSender>();
        await using Receiver receiver = new();
        int port = new Uri(receiver.Url).Port;
        (Webhook webhook, _) = await desk.HookAsync($"http://rebinding.example:{port}/hook");
        foreach (string address in new[] { "127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::" })
        {
            sender.Resolve = (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(address)]);
            (_, DeliveryAttempt attempt) = (await desk.Webhooks.TestAsync(desk.Workspace, webhook.Id, CancellationToken.None))!.Value;
            Assert.Equal((null, $"'rebinding.example' leads to {IPAddress.Parse(address)}, which webhooks may not reach."), (attempt.Status, attempt.Error));
        }

        Assert.Empty(receiver.Calls);
        sender.Resolve = (_, _) => Task.FromResult<IPAddress[]>([]);
        Assert.Equal("'rebinding.example' has no address.", (await desk.Webhooks.TestAsync(desk.Workspace, webhook.Id, CancellationToken.None))!.Value.Attempt.Error);
    }

    [Theory(DisplayName = "HOOK-6: an address that was taken while it was allowed is refused when it no longer is, however it is written")]
    [InlineData("127.0.0.1")]
    [InlineData("0x7f.1")]
    [InlineData("2130706433")]
    [InlineData("0177.0.0.1")]
    [InlineData("localhost")]
    [InlineData("[::1]")]
    [InlineData("[::ffff:127.0.0.1]")]
    public async Task OddSpellings(string host)
    {
        await using AlertDesk desk = await AlertDesk.OpenAsync(webhooks: options => options.AllowPrivateTargets = false);
        await using Receiver receiver = new();
        // Past the check of the text: what stands here is what connecting alone protects from.
        (Webhook webhook, _) = await desk.HookAsync($"http://{host}:{new Uri(receiver.Url).Port}/hook");
        DeliveryAttempt attempt = (await desk.Webhooks.TestAsync(desk.Workspace, webhook.Id, CancellationToken.None))!.Value.Attempt;
        Assert.Null(attempt.Status);
        Assert.Contains("which webhooks may not reach", attempt.Error, StringComparison.Ordinal);
        Assert.Empty(receiver.Calls);
    }

    [Fact(DisplayName = "HOOK-7: an answer is kept as far as it is bounded, without what would break a page or a log")]
    public async Task Answers()
    {
        await using AlertDesk desk = await AlertDesk.OpenAsync(webhooks: options => options.KeptAnswer = 20);
        await using Receiver receiver = new();
        (Webhook webhook, _) = await desk.HookAsync(receiver.Url);
        receiver.AnswerWith("200 OK", "\u001b[31ma\r\n\u0000é\u2028 " + new string('x', 100));
        Assert.Equal(" [31ma   é  xxxxxxxx", (await desk.Webhooks.TestAsync(desk.Workspace, webhook.Id, CancellationToken.None))!.Value.Attempt.Answer);
    }

    private static async Task AnswerAsync(string kind, Stream stream, string elsewhere, Action<int> sent, CancellationToken token)
    {
        byte[] block = Encoding.ASCII.GetBytes(new string('x', 64 * 1024));
        switch (kind)
        {
            case "hangs":
                await Task.Delay(Timeout.Infinite, token);
                break;
            case "drips headers":
                await DripAsync("HTTP/1.1 200 OK\r\nX-Slow: ");
                break;
            case "drips the body":
                await DripAsync("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
                break;
            case "sends a gigabyte":
                await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n"u8.ToArray(), token);
                for (int i = 0; i < 16 * 1024; i++)
                {
                    await stream.WriteAsync(block, token);
                    sent(block.Length);
                }

                break;
            case "sends endless headers":
                await stream.WriteAsync("HTTP/1.1 200 OK\r\n"u8.ToArray(), token);
                while (true)
                {
                    await stream.WriteAsync("X-More: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"u8.ToArray(), token);
                }

            case "asks to go on forever":
                while (true)
                {
                    await stream.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), token);
                    await Task.Delay(5, token);
                }

            case "redirects":
                await Receiver.WriteAsync(stream, "302 Found", "", token, $"Location: {elsewhere}\r\n");
                break;
            case "speaks nonsense":
                await stream.WriteAsync("220 mail.example ESMTP\r\n\r\n"u8.ToArray(), token);
                throw new IOException("The end.");
            default:
                throw new IOException("Hung up.");
        }

        async Task DripAsync(string beginning)
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(beginning), token);
            while (true)
            {
                await stream.WriteAsync("a"u8.ToArray(), token);
                await Task.Delay(5, token);
            }
        }
    }
}

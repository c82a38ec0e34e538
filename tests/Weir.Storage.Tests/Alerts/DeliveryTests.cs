using System.Collections.Concurrent;
using System.Text;

using Microsoft.Extensions.Logging;

using NodaTime;

using Weir.Engine;
using Weir.Sqlite;

namespace Weir.Storage.Tests;

public sealed class DeliveryTests
{
    [Fact(DisplayName = "HOOK-1, HOOK-2: a notification arrives whole, signed, under its id, at whoever wants its type")]
    public async Task Arrives()
    {
        await using AlertDesk desk = await AlertDesk.OpenAsync();
        await using Receiver all = new();
        await using Receiver some = new();
        await using Receiver off = new();
        (Webhook webhook, string secret) = await desk.HookAsync(all.Url);
        await desk.HookAsync(some.Url, NotificationTypes.JobStuck);
        (Webhook disabled, _) = await desk.HookAsync(off.Url);
        await desk.Webhooks.ChangeAsync(desk.Workspace.Id, disabled.Id, new WebhookChange { Disabled = true }, AuditActor.Host, CancellationToken.None);
        long account = await desk.AccountAsync("acme/1");
        await desk.TellAsync(Sample.Note("msg_1") with { Account = account });

        await desk.CatchUpAsync();
        await desk.CatchUpAsync();

        ReceivedCall call = Assert.Single(all.Calls);
        Assert.Empty(some.Calls);
        Assert.Empty(off.Calls);
        Assert.Equal("POST /hook HTTP/1.1", call.Line);
        Assert.Equal("application/json", call.Headers["Content-Type"]);
        Assert.Equal("msg_1", call.Id);
        Assert.Equal(desk.Clock.Now.ToUnixTimeSeconds().ToString(), call.Headers["webhook-timestamp"]);
        Assert.True(call.IsSignedBy(secret));
        Assert.Equal(
            """{"id":"msg_1","type":"alert.raised","timestamp":"2026-03-14T09:26:53.123456Z","workspace":"default","account":"acme/1","data":{"meter":"credits","threshold":80,"note":"ü"}}""",
            Encoding.UTF8.GetString(call.Body).Replace(NodaTime.Text.InstantPattern.ExtendedIso.Format(Sample.Now), "2026-03-14T09:26:53.123456Z", StringComparison.Ordinal));
        Delivery delivery = await desk.DeliveryAsync(webhook.Id);
        Assert.Equal((DeliveryState.Delivered, 1), (delivery.State, delivery.Attempts));
        Assert.Equal(new DeliveryAttempt(1, desk.Clock.Now, 200, null, "fine", Duration.Zero), Assert.Single(delivery.Log));
        Assert.Equal(desk.Clock.Now, (await desk.Webhooks.FindAsync(desk.Workspace.Id, webhook.Id, CancellationToken.None))!.LastSuccessAt);
    }

    [Fact(DisplayName = "HOOK-2: after a rotation the old and the new secret both sign, until the old one's time is over")]
    public async Task Rotates()
    {
        await using AlertDesk desk = await AlertDesk.OpenAsync();
        await using Receiver receiver = new();
        (Webhook webhook, string old) = await desk.HookAsync(receiver.Url);
        (Webhook rotated, string next) = (await desk.Webhooks.RotateAsync(desk.Workspace.Id, webhook.Id, Duration.FromHours(1), AuditActor.Host, CancellationToken.None))!.Value;
        Assert.Equal([null, desk.Clock.Now + Duration.FromHours(1)], rotated.Secrets.Select(secret => secret.ExpiresAt));

        await desk.TellAsync("msg_1");
        await desk.CatchUpAsync();
        desk.Clock.Advance(Duration.FromHours(1));
        await desk.TellAsync("msg_2");
        await desk.CatchUpAsync();

        Assert.Equal([(true, true), (false, true)], receiver.Calls.Select(call => (call.IsSignedBy(old), call.IsSignedBy(next))));
        Assert.Equal(2, receiver.Calls[0].Headers["webhook-signature"].Split(' ').Length);
    }

    [Fact(DisplayName = "HOOK-3: a dispatcher that dies 50 times between delivery and mark delivers every notification, and duplicates carry the same id")]
    public async Task FiftyDeathsInMemory()
    {
        MemoryStore memory = new(new TimedClock(Sample.Now));
        TimedClock clock = new(Sample.Now);
        await using Receiver receiver = new();
        string? target = null;
        for (int kill = 0; kill <= 50; kill++)
        {
            bool last = kill == 50;
            HookedStore store = new(memory) { Deliveries = DyingDeliveries.Over(memory.Deliveries, name => !last && name == nameof(IDeliveryStore.FinishAsync)) };
            AlertDesk desk = await AlertDesk.OpenAsync(store, clock: clock);
            target ??= (await desk.HookAsync(receiver.Url)).Webhook.Id;
            await desk.TellAsync($"msg_{kill}");
            if (last)
            {
                await desk.CatchUpAsync();
                Assert.All(await desk.DeliveriesAsync(target), delivery => Assert.Equal(DeliveryState.Delivered, delivery.State));
                Assert.Equal(51, (await desk.DeliveriesAsync(target)).Count);
                await desk.DisposeAsync();
            }
            else
            {
                await Assert.ThrowsAsync<ProcessEndedException>(() => desk.CatchUpAsync());
                // The claims of the dead end.
                clock.Advance(Duration.FromMinutes(1));
            }
        }

        AssertEachArrived(receiver.Calls, 51);
    }

    [Fact(DisplayName = "HOOK-3: a server that is killed 50 times between delivery and mark sends again at once after its start, and nothing is lost")]
    public async Task FiftyDeathsOnSqlite()
    {
        TimedClock clock = new(Sample.Now);
        await using Receiver receiver = new();
        SqliteFolder folder = new();
        string? target = null;
        for (int kill = 0; kill <= 50; kill++)
        {
            bool last = kill == 50;
            SqliteStore file = new(folder.Options, clock);
            HookedStore store = new(file) { Deliveries = DyingDeliveries.Over(file.Deliveries, name => !last && name == nameof(IDeliveryStore.FinishAsync)) };
            SqliteFolder after;
            await using (AlertDesk desk = await AlertDesk.OpenAsync(store, clock: clock))
            {
                target ??= (await desk.HookAsync(receiver.Url)).Webhook.Id;
                await desk.TellAsync($"msg_{kill}");
                if (last)
                {
                    await desk.CatchUpAsync();
                    Assert.All(await desk.DeliveriesAsync(target), delivery => Assert.Equal(DeliveryState.Delivered, delivery.State));
                }
                else
                {
                    await Assert.ThrowsAsync<ProcessEndedException>(() => desk.CatchUpAsync());
                }

                after = folder.CopyAsAfterCrash();
            }

            folder.Dispose();
            folder = after;
        }

        folder.Dispose();
        AssertEachArrived(receiver.Calls, 51);
    }

    [Fact(DisplayName = "HOOK-4: a receiver that fails for three days is tried all that time and then switched off, which is told to others; what it missed can be sent again")]
    public async Task FailsForThreeDays()
    {
        await using AlertDesk desk = await AlertDesk.OpenAsync();
        await using Receiver broken = new();
        await using Receiver watcher = new();
        broken.AnswerWith("500 Oh no", "try later");
        (Webhook webhook, string secret) = await desk.HookAsync(broken.Url, NotificationTypes.AlertRaised);
        await desk.HookAsync(watcher.Url, NotificationTypes.WebhookDisabled);
        Instant began = desk.Clock.Now;
        await desk.TellAsync("msg_1");
        await desk.CatchUpAsync();
        desk.Clock.Advance(Duration.FromHours(70));
        await desk.TellAsync("msg_2");
        while ((await desk.Webhooks.FindAsync(desk.Workspace.Id, webhook.Id, CancellationToken.None))!.Disabled is null)
        {
            await desk.NextAsync();
        }

        Assert.Equal(began + Duration.FromDays(3), desk.Clock.Now);
        Webhook off = (await desk.Webhooks.FindAsync(desk.Workspace.Id, webhook.Id, CancellationToken.None))!;
        Assert.Equal((DisabledReason.Failing, desk.Clock.Now), (off.Disabled!.Value, off.DisabledAt!.Value));
        Assert.All(await desk.DeliveriesAsync(webhook.Id), delivery => Assert.Equal(DeliveryState.Failed, delivery.State));
        Assert.Contains((await desk.DeliveriesAsync(webhook.Id))[1].Log, attempt => attempt is { Status: 500, Error: "It answered 500.", Answer: "try later" });
        await desk.CatchUpAsync();
        Assert.Equal(webhook.Id, Assert.Single(watcher.Calls).Json.GetProperty("data").GetProperty("webhook").GetString());
        Assert.Equal("failing", watcher.Calls[0].Json.GetProperty("data").GetProperty("reason").GetString());

        int before = broken.Calls.Count;
        await desk.TellAsync("msg_3");
        await desk.CatchUpAsync();
        Assert.Equal(before, broken.Calls.Count);

        broken.AnswerWith("204 No Content");
        await desk.Webhooks.ChangeAsync(desk.Workspace.Id, webhook.Id, new WebhookChange { Disabled = false }, AuditActor.Host, CancellationToken.None);
        Assert.Equal(3, await desk.Webhooks.RedeliverAsync(desk.Workspace.Id, webhook, began, CancellationToken.None));
        await desk.CatchUpAsync();
        Assert.Equal(["msg_1", "msg_2", "msg_3"], broken.Calls.Skip(before).Select(call => call.Id).Order(StringComparer.Ordinal));
        Assert.All(broken.Calls, call => Assert.True(call.IsSignedBy(secret)));
    }

    [Fact(DisplayName = "HOOK-4: a receiver that takes some and refuses one all the time stays on; the one has failed and is sent again on request")]
    public async Task OneFailsForThreeDays()
    {
        await using AlertDesk desk = await AlertDesk.OpenAsync();
        await using Receiver receiver = new();
        receiver.Answer = (call, stream, token) => Receiver.WriteAsync(stream, call.Id == "msg_bad" ? "422 No" : "200 OK", "", token);
        (Webhook webhook, _) = await desk.HookAsync(receiver.Url);
        await desk.TellAsync("msg_bad", "msg_good");
        await desk.CatchUpAsync();
        desk.Clock.Advance(Duration.FromHours(1));
        await desk.TellAsync("msg_later");
        while ((await desk.Store.Deliveries.WaitingAsync(desk.Workspace.Id, CancellationToken.None)).Count > 0)
        {
            await desk.NextAsync();
        }

        Assert.Null((await desk.Webhooks.FindAsync(desk.Workspace.Id, webhook.Id, CancellationToken.None))!.Disabled);
        Assert.Equal([("msg_later", DeliveryState.Delivered), ("msg_good", DeliveryState.Delivered), ("msg_bad", DeliveryState.Failed)],
            (await desk.DeliveriesAsync(webhook.Id)).Select(delivery => (delivery.Message.Notification.Id, delivery.State)));

        receiver.AnswerWith("200 OK");
        Assert.True(await desk.Webhooks.RedeliverAsync(desk.Workspace.Id, webhook.Id, "msg_bad", CancellationToken.None));
        await desk.CatchUpAsync();
        Assert.Equal("msg_bad", receiver.Calls[^1].Id);
        Assert.All(await desk.DeliveriesAsync(webhook.Id), delivery => Assert.Equal(DeliveryState.Delivered, delivery.State));
    }

    [Fact(DisplayName = "HOOK-4: a receiver that answers 410 is switched off at once, and one that asks for time gets it")]
    public async Task GoneAndRetryAfter()
    {
        await using AlertDesk desk = await AlertDesk.OpenAsync();
        await using Receiver gone = new();
        await using Receiver busy = new();
        gone.AnswerWith("410 Gone");
        busy.AnswerWith("503 Busy", "", "Retry-After: 600\r\n");
        (Webhook left, _) = await desk.HookAsync(gone.Url, NotificationTypes.AlertRaised);
        (Webhook waits, _) = await desk.HookAsync(busy.Url, NotificationTypes.AlertRaised);
        await desk.TellAsync("msg_1");
        await desk.CatchUpAsync();

        Assert.Equal(DisabledReason.Gone, (await desk.Webhooks.FindAsync(desk.Workspace.Id, left.Id, CancellationToken.None))!.Disabled);
        Assert.Contains(await desk.Store.Notifications.FollowAsync(desk.Workspace.Id, 0, 9, CancellationToken.None), stored =>
            stored.Notification.Type == NotificationTypes.WebhookDisabled && Encoding.UTF8.GetString(stored.Notification.Data.Span) == $$"""{"webhook":"{{left.Id}}","reason":"gone"}""");
        Assert.Equal(desk.Clock.Now + Duration.FromMinutes(10), (await desk.DeliveryAsync(waits.Id)).NextAttemptAt);
    }

    [Fact(DisplayName = "HOOK-1: a test is one attempt that goes to its webhook alone, switched off or not, and is never tried again")]
    public async Task Tests()
    {
        await using AlertDesk desk = await AlertDesk.OpenAsync();
        await using Receiver receiver = new();
        await using Receiver other = new();
        (Webhook webhook, string secret) = await desk.HookAsync(receiver.Url);
        await desk.HookAsync(other.Url);
        await desk.Webhooks.ChangeAsync(desk.Workspace.Id, webhook.Id, new WebhookChange { Disabled = true }, AuditActor.Host, CancellationToken.None);
        receiver.AnswerWith("404 Not Found", "nothing here");

        (string message, DeliveryAttempt attempt) = (await desk.Webhooks.TestAsync(desk.Workspace, webhook.Id, CancellationToken.None))!.Value;
        desk.Clock.Advance(Duration.FromDays(1));
        await desk.CatchUpAsync();

        Assert.Equal((404, "It answered 404.", "nothing here"), (attempt.Status, attempt.Error, attempt.Answer));
        ReceivedCall call = Assert.Single(receiver.Calls);
        Assert.Equal((message, "webhook.test"), (call.Id, call.Json.GetProperty("type").GetString()));
        Assert.True(call.IsSignedBy(secret));
        Assert.Empty(other.Calls);
        Assert.Equal(DeliveryState.Failed, (await desk.DeliveryAsync(webhook.Id)).State);
        Assert.Null(await desk.Webhooks.TestAsync(desk.Workspace, "wh_none", CancellationToken.None));
    }

    [Theory(DisplayName = "HOOK-7: a notification that its writer did not write as an object fails alone and at once")]
    [InlineData("{")]
    [InlineData("")]
    public async Task Malformed(string data)
    {
        await using AlertDesk desk = await AlertDesk.OpenAsync();
        await using Receiver receiver = new();
        (Webhook webhook, _) = await desk.HookAsync(receiver.Url);
        await desk.TellAsync(Sample.Note("msg_bad") with { Data = Encoding.UTF8.GetBytes(data) });
        await desk.TellAsync("msg_good");
        await desk.CatchUpAsync();
        Assert.Equal("msg_good", Assert.Single(receiver.Calls).Id);
        Assert.Equal([DeliveryState.Delivered, DeliveryState.Failed], (await desk.DeliveriesAsync(webhook.Id)).Select(delivery => delivery.State));
    }

    [Fact(DisplayName = "ACC-1: under another master key nothing is sent and nothing is lost; with the right one it goes on")]
    public async Task OtherMasterKey()
    {
        TimedClock clock = new(Sample.Now);
        using SqliteFolder folder = new();
        await using Receiver receiver = new();
        string target;
        await using (AlertDesk first = await AlertDesk.OpenAsync(new SqliteStore(folder.Options, clock), clock: clock))
        {
            target = (await first.HookAsync(receiver.Url)).Webhook.Id;
            await first.TellAsync("msg_1");
        }

        Assert.DoesNotContain(folder.Query("SELECT sealed FROM webhook_secrets"), row => Encoding.UTF8.GetString((byte[])row[0]!).Contains("whsec_", StringComparison.Ordinal));
        await using (AlertDesk wrong = await AlertDesk.OpenAsync(new SqliteStore(folder.Options, clock), clock: clock, masterKey: Convert.ToBase64String(new byte[32])))
        {
            await wrong.CatchUpAsync();
            Delivery waiting = await wrong.DeliveryAsync(target);
            Assert.Equal((DeliveryState.Pending, 0), (waiting.State, waiting.Attempts));
            await Assert.ThrowsAsync<SecretBoxException>(() => wrong.Webhooks.TestAsync(wrong.Workspace, target, CancellationToken.None));
        }

        Assert.Empty(receiver.Calls);
        await using AlertDesk right = await AlertDesk.OpenAsync(new SqliteStore(folder.Options, clock), clock: clock);
        await right.CatchUpAsync();
        Assert.Equal("msg_1", Assert.Single(receiver.Calls).Id);
    }

    [Fact(DisplayName = "A host whose start fails takes the dispatcher away in the middle of a pass, and nothing is logged of that")]
    public async Task GoesQuietly()
    {
        TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using ManualResetEventSlim goOn = new();
        TimedClock clock = new(Sample.Now);
        MemoryStore memory = new(clock);
        HookedStore store = new(memory)
        {
            Deliveries = DyingDeliveries.Over(memory.Deliveries, name =>
            {
                if (name == nameof(IDeliveryStore.WaitingAsync))
                {
                    reached.TrySetResult();
                    goOn.Wait();
                }

                return false;
            }),
        };
        Complaints complaints = new();
        await using AlertDesk desk = await AlertDesk.OpenAsync(store, clock: clock, log: complaints);
        NotificationDispatcher dispatcher = desk.Get<NotificationDispatcher>();
        await dispatcher.StartAsync(CancellationToken.None);
        await reached.Task;

        Task loop = dispatcher.ExecuteTask!;
        dispatcher.Dispose();
        goOn.Set();
        await loop;
        Assert.Empty(complaints.All);
    }

    private static void AssertEachArrived(IReadOnlyList<ReceivedCall> calls, int count)
    {
        Assert.Equal(Enumerable.Range(0, count).Select(i => $"msg_{i}").Order(StringComparer.Ordinal), calls.Select(call => call.Id).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        Assert.True(calls.Count > count, "Some arrived more than once.");
        Assert.All(calls.GroupBy(call => call.Id), same => Assert.Single(same.Select(call => Convert.ToBase64String(call.Body)).Distinct(StringComparer.Ordinal)));
    }
}

/// <summary>What is logged of warnings and errors.</summary>
internal sealed class Complaints : ILoggerProvider, ILogger
{
    public ConcurrentQueue<string> All { get; } = [];

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, Microsoft.Extensions.Logging.EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            All.Enqueue(formatter(state, exception) + exception);
        }
    }

    public void Dispose()
    {
    }
}

using NodaTime;

namespace Weir.Storage.Tests;

public abstract partial class StoreCompliance
{
    private static readonly Duration s_claim = Duration.FromSeconds(30);

    private IDeliveryStore Deliveries => Store.Deliveries;

    [Fact(DisplayName = "HOOK-1: a webhook comes back as it was written, and a change leaves what it does not name")]
    public async Task AWebhookRoundTrips()
    {
        Webhook webhook = Sample.Hook("wh_1") with { Description = "ü", Types = [NotificationTypes.AlertRaised, NotificationTypes.JobStuck] };
        Assert.True(await Deliveries.AddWebhookAsync(Own, webhook, 2, None));
        Assert.False(await Deliveries.AddWebhookAsync(Own, webhook with { Url = "https://other.example" }, 2, None));
        Assert.True(await Deliveries.AddWebhookAsync(Own, Sample.Hook("wh_2"), 2, None));
        Assert.False(await Deliveries.AddWebhookAsync(Own, Sample.Hook("wh_3"), 2, None));
        Same(webhook, await Deliveries.FindWebhookAsync(Own, "wh_1", None));
        Assert.Null(await Deliveries.FindWebhookAsync(Own, "wh_3", None));
        Same(new[] { webhook, Sample.Hook("wh_2") }, await Deliveries.ListWebhooksAsync(Own, None));

        Instant later = Sample.Now + Duration.FromHours(1);
        Webhook off = webhook with { Disabled = DisabledReason.Requested, DisabledAt = later };
        Same(off, await Deliveries.ChangeWebhookAsync(Own, "wh_1", new WebhookChange { Disabled = true }, later, None));
        Same(off with { Url = "https://two.example", Description = null, Types = [] },
            await Deliveries.ChangeWebhookAsync(Own, "wh_1", new WebhookChange { Url = "https://two.example", Description = "", Types = [], Disabled = true }, later + s_claim, None));
        Same(webhook with { Url = "https://two.example", Description = null, Types = [] },
            await Deliveries.ChangeWebhookAsync(Own, "wh_1", new WebhookChange { Disabled = false }, later, None));
        Same(webhook with { Url = "https://two.example", Description = null, Types = [] }, await Deliveries.FindWebhookAsync(Own, "wh_1", None));
        Assert.Null(await Deliveries.ChangeWebhookAsync(Own, "wh_3", new WebhookChange { Disabled = true }, later, None));

        Assert.True(await Deliveries.DeleteWebhookAsync(Own, "wh_1", None));
        Assert.False(await Deliveries.DeleteWebhookAsync(Own, "wh_1", None));
        Assert.Null(await Deliveries.FindWebhookAsync(Own, "wh_1", None));
        Assert.True(await Deliveries.AddWebhookAsync(Own, Sample.Hook("wh_1"), 2, None));
        Same(Sample.Hook("wh_1"), await Deliveries.FindWebhookAsync(Own, "wh_1", None));
    }

    [Fact(DisplayName = "HOOK-2: a new secret stands first, the others end, and what has ended or is too old goes")]
    public async Task SecretsRotate()
    {
        await Deliveries.AddWebhookAsync(Own, Sample.Hook("wh_1"), 9, None);
        WebhookSecret first = Sample.Hook("wh_1").Secrets[0];
        Instant one = Sample.Now + Duration.FromHours(1);
        Instant two = Sample.Now + Duration.FromHours(2);
        WebhookSecret second = new(new byte[] { 2 }, one, null);
        WebhookSecret third = new(new byte[] { 3 }, two, null);

        Same(new[] { second, first with { ExpiresAt = two } }, (await Deliveries.RotateSecretAsync(Own, "wh_1", second, two, 3, None))!.Secrets);
        // The first has ended at this very moment.
        Instant end = two + Duration.FromHours(9);
        Same(new[] { third, second with { ExpiresAt = end } }, (await Deliveries.RotateSecretAsync(Own, "wh_1", third, end, 3, None))!.Secrets);
        WebhookSecret fourth = new(new byte[] { 4 }, two, null);
        Same(new[] { fourth, third with { ExpiresAt = end } }, (await Deliveries.RotateSecretAsync(Own, "wh_1", fourth, end + s_claim, 2, None))!.Secrets.Select(s => s.ExpiresAt is null ? s : s with { ExpiresAt = end }));
        Assert.Equal(2, (await Deliveries.FindWebhookAsync(Own, "wh_1", None))!.Secrets.Count);
        Assert.Null(await Deliveries.RotateSecretAsync(Own, "wh_2", third, end, 3, None));
    }

    [Fact(DisplayName = "PRIV-1: contacts are replaced as a whole, keep their ids while they stay, and go with their deliveries")]
    public async Task ContactsAreReplaced()
    {
        Contact ada = new("ct_a", Sample.AcmeId, "ada@example.com", [], Sample.Now);
        Contact bob = new("ct_b", Sample.AcmeId, "bob@example.com", [NotificationTypes.JobStuck], Sample.Now);
        Contact ops = new("ct_o", 0, "ada@example.com", [], Sample.Now);
        await Deliveries.ReplaceContactsAsync(Own, Sample.AcmeId, [bob, ada], None);
        await Deliveries.ReplaceContactsAsync(Own, 0, [ops], None);
        Same(new[] { ops, ada, bob }, await Deliveries.ListContactsAsync(Own, [Sample.AcmeId, 0], None));
        Same(bob, await Deliveries.FindContactAsync(Own, "ct_b", None));
        StoredNotification[] notes = await SendAsync(["ct_a", "ct_b"], "msg_1");

        await Deliveries.ReplaceContactsAsync(Own, Sample.AcmeId, [ada with { Id = "ct_new", Types = [NotificationTypes.JobStuck] }], None);
        Same(new[] { ada with { Types = [NotificationTypes.JobStuck] } }, await Deliveries.ListContactsAsync(Own, [Sample.AcmeId], None));
        Assert.Null(await Deliveries.FindContactAsync(Own, "ct_b", None));
        Assert.Equal(["ct_a"], (await Deliveries.WaitingAsync(Own, None)).Select(waiting => waiting.Target));

        Delivery claimed = Assert.Single(await Deliveries.ClaimAsync(Own, "ct_a", Sample.Now, Sample.Now + s_claim, 5, None));
        await Deliveries.AddWebhookAsync(Own, Sample.Hook("wh_1"), 9, None);
        Delivery hooked = (await Deliveries.ClaimAsync(Own, "wh_1", notes[0].Notification.Id, Sample.Now, Sample.Now + s_claim, None))!;
        Assert.True(await Deliveries.FinishAsync(Own, Result(hooked, DeliveryState.Delivered) with { Attempt = Attempt(hooked, answer: "hello acme") }, None));

        await CreateAcmeAsync();
        await WriteAsync(new LedgerWrites { Erasures = [new Erasure(Sample.AcmeId, Sample.Acme, null, 0)] });
        Assert.Empty(await Deliveries.ListContactsAsync(Own, [Sample.AcmeId], None));
        Assert.Empty(await Deliveries.WaitingAsync(Own, None));
        Assert.False(await Deliveries.FinishAsync(Own, Result(claimed, DeliveryState.Delivered), None));
        Assert.Null(Assert.Single(Assert.Single(await Deliveries.ListAsync(Own, "wh_1", new DeliveryFilter(), None)).Log).Answer);
        await Deliveries.ReplaceContactsAsync(Own, Sample.AcmeId, [ada], None);
        Same(new[] { ops }, await Deliveries.ListContactsAsync(Own, [Sample.AcmeId, 0], None));
        Delivery late = (await Deliveries.ClaimAsync(Own, "wh_1", notes[0].Notification.Id, Sample.Now, Sample.Now + s_claim, None))!;
        Assert.True(await Deliveries.FinishAsync(Own, Result(late, DeliveryState.Delivered) with { Attempt = Attempt(late, answer: "hello again acme") }, None));
        Assert.All((await Deliveries.ListAsync(Own, "wh_1", new DeliveryFilter(), None)).SelectMany(delivery => delivery.Log), attempt => Assert.Null(attempt.Answer));
    }

    [Fact(DisplayName = "HOOK-3: deliveries are made once for targets that are there, together with the follower's step")]
    public async Task DeliveriesAreMadeOnce()
    {
        await Deliveries.AddWebhookAsync(Own, Sample.Hook("wh_1"), 9, None);
        await Notifications.AppendAsync(Own, [Sample.Note("msg_1"), Sample.Note("msg_2")], None);
        IReadOnlyList<StoredNotification> notes = await Notifications.FollowAsync(Own, 0, 10, None);
        NewDelivery[] made = [new("wh_1", notes[0].Sequence), new("wh_1", notes[1].Sequence), new("wh_gone", notes[0].Sequence), new("wh_1", notes[1].Sequence + 50)];

        Assert.True(await Deliveries.MakeAsync(Own, 0, notes[0].Sequence, [made[0]], Sample.Now, None));
        Assert.False(await Deliveries.MakeAsync(Own, 0, notes[1].Sequence, made, Sample.Now, None));
        Assert.True(await Deliveries.MakeAsync(Own, notes[0].Sequence, notes[1].Sequence, made, Sample.Now + s_claim, None));
        Assert.Equal(notes[1].Sequence, await Notifications.CheckpointAsync(Own, IDeliveryStore.Follower, None));
        Same(new[] { new WaitingTarget("wh_1", Sample.Now) }, await Deliveries.WaitingAsync(Own, None));
        Same(
            new[]
            {
                new Delivery { Target = "wh_1", Message = notes[1], State = DeliveryState.Pending, Attempts = 0, NextAttemptAt = Sample.Now + s_claim, CreatedAt = Sample.Now + s_claim },
                new Delivery { Target = "wh_1", Message = notes[0], State = DeliveryState.Pending, Attempts = 0, NextAttemptAt = Sample.Now, CreatedAt = Sample.Now },
            },
            await Deliveries.ListAsync(Own, "wh_1", new DeliveryFilter(), None));
    }

    [Fact(DisplayName = "HOOK-3: a claim holds a delivery until it ends; then another may take it, and the first writes nothing any more")]
    public async Task ClaimsHold()
    {
        await Deliveries.AddWebhookAsync(Own, Sample.Hook("wh_1"), 9, None);
        StoredNotification[] notes = await SendAsync(["wh_1"], "msg_1", "msg_2", "msg_3");
        Instant until = Sample.Now + s_claim;

        IReadOnlyList<Delivery> claimed = await Deliveries.ClaimAsync(Own, "wh_1", Sample.Now, until, 2, None);
        Assert.Equal(["msg_1", "msg_2"], claimed.Select(delivery => delivery.Message.Notification.Id));
        Same(
            new Delivery { Target = "wh_1", Message = notes[0], State = DeliveryState.Pending, Attempts = 1, TriedSince = Sample.Now, NextAttemptAt = until, CreatedAt = Sample.Now }, claimed[0]);
        Assert.Equal("msg_3", Assert.Single(await Deliveries.ClaimAsync(Own, "wh_1", Sample.Now, until, 5, None)).Message.Notification.Id);
        Assert.Empty(await Deliveries.ClaimAsync(Own, "wh_1", until - Duration.FromMilliseconds(1), until, 5, None));
        Same(new[] { new WaitingTarget("wh_1", until) }, await Deliveries.WaitingAsync(Own, None));

        Delivery again = (await Deliveries.ClaimAsync(Own, "wh_1", until, until + s_claim, 1, None))[0];
        Assert.Equal(("msg_1", 2, Sample.Now), (again.Message.Notification.Id, again.Attempts, again.TriedSince!.Value));
        Assert.False(await Deliveries.FinishAsync(Own, Result(claimed[0], DeliveryState.Delivered), None));
        Assert.True(await Deliveries.FinishAsync(Own, Result(again, DeliveryState.Delivered), None));
        Assert.False(await Deliveries.FinishAsync(Own, Result(again, DeliveryState.Failed), None));
        Delivery done = Assert.Single(await Deliveries.ListAsync(Own, "wh_1", new DeliveryFilter { State = DeliveryState.Delivered }, None));
        Same(again with { State = DeliveryState.Delivered, NextAttemptAt = null, FinishedAt = Ended(again), Log = [Attempt(again)] }, done);
        Assert.Equal(Ended(again), (await Deliveries.FindWebhookAsync(Own, "wh_1", None))!.LastSuccessAt);
    }

    [Fact(DisplayName = "HOOK-3: several that claim at once never get the same delivery")]
    public async Task ClaimsAreExclusive()
    {
        await Deliveries.AddWebhookAsync(Own, Sample.Hook("wh_1"), 9, None);
        await SendAsync(["wh_1"], [.. Enumerable.Range(0, 60).Select(i => $"msg_{i}")]);
        List<string> claimed = [.. (await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            List<string> own = [];
            while (await Deliveries.ClaimAsync(Own, "wh_1", Sample.Now, Sample.Now + s_claim, 3, None) is { Count: > 0 } some)
            {
                own.AddRange(some.Select(delivery => delivery.Message.Notification.Id));
            }

            return own;
        })))).SelectMany(own => own)];
        Assert.Equal(60, claimed.Count);
        Assert.Equal(60, claimed.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact(DisplayName = "HOOK-4: a failed attempt waits for its time; the last one switches the webhook off, fails what waits and tells of it once")]
    public async Task FailuresEnd()
    {
        await Deliveries.AddWebhookAsync(Own, Sample.Hook("wh_1"), 9, None);
        await Deliveries.AddWebhookAsync(Own, Sample.Hook("wh_2"), 9, None);
        await SendAsync(["wh_1", "wh_2"], "msg_1", "msg_2");
        Delivery[] first = [.. await Deliveries.ClaimAsync(Own, "wh_1", Sample.Now, Sample.Now + s_claim, 2, None)];
        Instant next = Sample.Now + Duration.FromMinutes(5);
        Assert.True(await Deliveries.FinishAsync(Own, Result(first[0], DeliveryState.Pending, next), None));
        Assert.DoesNotContain(await Deliveries.ClaimAsync(Own, "wh_1", next - Duration.FromTicks(10), next, 5, None), delivery => delivery.Message.Notification.Id == "msg_1");
        Delivery second = (await Deliveries.ClaimAsync(Own, "wh_1", next, next + s_claim, 5, None)).Single(d => d.Message.Notification.Id == "msg_1");
        Same(new[] { Attempt(first[0]) }, second.Log);

        Notification told = Sample.Note("msg_off", NotificationTypes.WebhookDisabled);
        WebhookDisabling off = new(DisabledReason.Failing, Sample.Now, told);
        Assert.True(await Deliveries.FinishAsync(Own, Result(second, DeliveryState.Failed) with { Disable = off }, None));
        Webhook webhook = (await Deliveries.FindWebhookAsync(Own, "wh_1", None))!;
        Assert.Equal((DisabledReason.Failing, Ended(second)), (webhook.Disabled!.Value, webhook.DisabledAt!.Value));
        Assert.All(await Deliveries.ListAsync(Own, "wh_1", new DeliveryFilter(), None), delivery => Assert.Equal(DeliveryState.Failed, delivery.State));
        Assert.Equal(["wh_2"], (await Deliveries.WaitingAsync(Own, None)).Select(waiting => waiting.Target));
        Assert.Equal(1, await ToldAsync());

        // What was delivered meanwhile keeps the webhook on.
        Delivery[] others = [.. await Deliveries.ClaimAsync(Own, "wh_2", Sample.Now, Sample.Now + s_claim, 2, None)];
        Assert.True(await Deliveries.FinishAsync(Own, Result(others[0], DeliveryState.Delivered), None));
        Assert.True(await Deliveries.FinishAsync(Own, Result(others[1], DeliveryState.Failed) with { Disable = off with { Notification = Sample.Note("msg_off2", NotificationTypes.WebhookDisabled) } }, None));
        Assert.Null((await Deliveries.FindWebhookAsync(Own, "wh_2", None))!.Disabled);
        Assert.Equal(1, await ToldAsync());

        async Task<int> ToldAsync() => (await Notifications.FollowAsync(Own, 0, 99, None)).Count(stored => stored.Notification.Type == NotificationTypes.WebhookDisabled);
    }

    [Fact(DisplayName = "HOOK-5: one notification, or all that failed or was missed since a time, waits again")]
    public async Task Redelivers()
    {
        await Deliveries.AddWebhookAsync(Own, Sample.Hook("wh_1"), 9, None);
        await SendAsync(["wh_1"], "msg_1", "msg_2", "msg_3");
        await Notifications.AppendAsync(Own, [Sample.Note("msg_missed"), Sample.Note("msg_other", NotificationTypes.JobStuck), Sample.Note("msg_old") with { At = Sample.Now - s_claim }], None);
        Delivery[] claimed = [.. await Deliveries.ClaimAsync(Own, "wh_1", Sample.Now, Sample.Now + s_claim, 3, None)];
        await Deliveries.FinishAsync(Own, Result(claimed[0], DeliveryState.Failed), None);
        await Deliveries.FinishAsync(Own, Result(claimed[1], DeliveryState.Delivered), None);
        Instant later = Sample.Now + Duration.FromHours(2);

        Assert.Equal(1, await Deliveries.RedeliverAsync(Own, "wh_1", Sample.Now, [NotificationTypes.AlertRaised], later, 1, None));
        Assert.Equal(1, await Deliveries.RedeliverAsync(Own, "wh_1", Sample.Now, [NotificationTypes.AlertRaised], later, 10, None));
        Assert.Equal(0, await Deliveries.RedeliverAsync(Own, "wh_1", Sample.Now, [NotificationTypes.AlertRaised], later, 10, None));
        Assert.Equal(0, await Deliveries.RedeliverAsync(Own, "wh_gone", Sample.Now, [NotificationTypes.AlertRaised], later, 10, None));
        // The third was claimed and given up: its claim has ended by then.
        Assert.Equal(["msg_3", "msg_1", "msg_missed"], (await Deliveries.ClaimAsync(Own, "wh_1", later, later + s_claim, 9, None)).Select(delivery => delivery.Message.Notification.Id));

        Assert.True(await Deliveries.RedeliverAsync(Own, "wh_1", "msg_2", later, None));
        Assert.False(await Deliveries.RedeliverAsync(Own, "wh_1", "msg_none", later, None));
        Assert.False(await Deliveries.RedeliverAsync(Own, "wh_gone", "msg_2", later, None));
        Delivery again = Assert.Single(await Deliveries.ClaimAsync(Own, "wh_1", later, later + s_claim, 9, None));
        Assert.Equal(("msg_2", 2, later), (again.Message.Notification.Id, again.Attempts, again.TriedSince!.Value));
        Assert.Null(again.FinishedAt);

        // Asked for anew while an attempt is under way: that attempt does not end it.
        Assert.True(await Deliveries.RedeliverAsync(Own, "wh_1", "msg_2", later, None));
        Assert.False(await Deliveries.FinishAsync(Own, Result(again, DeliveryState.Delivered), None));
        Delivery third = Assert.Single(await Deliveries.ClaimAsync(Own, "wh_1", later, later + s_claim, 9, None));
        Assert.True(await Deliveries.FinishAsync(Own, Result(third, DeliveryState.Delivered), None));

        Delivery now = (await Deliveries.ClaimAsync(Own, "wh_1", "msg_other", later, later + s_claim, None))!;
        Assert.Equal((1, later + s_claim), (now.Attempts, now.NextAttemptAt!.Value));
        Assert.Null(await Deliveries.ClaimAsync(Own, "wh_1", "msg_none", later, later + s_claim, None));
        Assert.Null(await Deliveries.ClaimAsync(Own, "wh_gone", "msg_other", later, later + s_claim, None));
    }

    [Fact(DisplayName = "HOOK-5: the log of deliveries is filtered and paged, newest first")]
    public async Task DeliveriesAreListed()
    {
        await Deliveries.AddWebhookAsync(Own, Sample.Hook("wh_1"), 9, None);
        StoredNotification[] notes = await SendAsync(["wh_1"], "msg_1", "msg_2", "msg_3");
        await Deliveries.FinishAsync(Own, Result((await Deliveries.ClaimAsync(Own, "wh_1", "msg_2", Sample.Now, Sample.Now + s_claim, None))!, DeliveryState.Delivered), None);

        Assert.Equal(["msg_3", "msg_2"], await IdsAsync(new DeliveryFilter { Limit = 2 }));
        Assert.Equal(["msg_1"], await IdsAsync(new DeliveryFilter { Before = notes[1].Sequence }));
        Assert.Equal(["msg_3", "msg_1"], await IdsAsync(new DeliveryFilter { State = DeliveryState.Pending }));
        Assert.Equal(["msg_2"], await IdsAsync(new DeliveryFilter { Message = "msg_2", Type = NotificationTypes.AlertRaised }));
        Assert.Empty(await IdsAsync(new DeliveryFilter { Type = NotificationTypes.JobStuck }));

        async Task<IEnumerable<string>> IdsAsync(DeliveryFilter filter) => (await Deliveries.ListAsync(Own, "wh_1", filter, None)).Select(delivery => delivery.Message.Notification.Id);
    }

    [Fact(DisplayName = "HOOK-5: what is over is forgotten after its time, what waits is not, and numbers are not used again")]
    public async Task OldDeliveriesAreForgotten()
    {
        await Deliveries.AddWebhookAsync(Own, Sample.Hook("wh_1"), 9, None);
        StoredNotification[] notes = await SendAsync(["wh_1"], "msg_1", "msg_2", "msg_3");
        foreach (string id in (string[])["msg_1", "msg_3"])
        {
            await Deliveries.FinishAsync(Own, Result((await Deliveries.ClaimAsync(Own, "wh_1", id, Sample.Now, Sample.Now + s_claim, None))!, DeliveryState.Delivered), None);
        }

        Instant before = Sample.Now + Duration.FromDays(1);
        Assert.Equal(0, await Deliveries.PruneAsync(Own, Sample.Now, 10, None));
        Assert.Equal(3, await Deliveries.PruneAsync(Own, before, 3, None));
        Assert.Equal(1, await Deliveries.PruneAsync(Own, before, 3, None));
        Assert.Equal("msg_2", Assert.Single(await Notifications.FollowAsync(Own, 0, 9, None)).Notification.Id);
        Assert.Equal("msg_2", Assert.Single(await Deliveries.ListAsync(Own, "wh_1", new DeliveryFilter(), None)).Message.Notification.Id);
        await Notifications.AppendAsync(Own, [Sample.Note("msg_4")], None);
        Assert.True((await Notifications.FollowAsync(Own, 0, 9, None))[^1].Sequence > notes[2].Sequence);
    }

    [Fact(DisplayName = "HOOK-5: of many attempts the newest are kept")]
    public async Task AttemptsAreBounded()
    {
        await Deliveries.AddWebhookAsync(Own, Sample.Hook("wh_1"), 9, None);
        await SendAsync(["wh_1"], "msg_1");
        for (int i = 1; i <= DeliveryAttempt.MostKept + 3; i++)
        {
            Delivery claimed = Assert.Single(await Deliveries.ClaimAsync(Own, "wh_1", Sample.Now, Sample.Now + s_claim, 1, None));
            Assert.True(await Deliveries.FinishAsync(Own, Result(claimed, DeliveryState.Pending, Sample.Now), None));
        }

        Delivery delivery = Assert.Single(await Deliveries.ListAsync(Own, "wh_1", new DeliveryFilter(), None));
        Assert.Equal(Enumerable.Range(4, DeliveryAttempt.MostKept), delivery.Log.Select(attempt => attempt.Number));
    }

    [Fact(DisplayName = "AUD-1: changes of webhooks and contacts are recorded without what could be a secret or personal; the dispatcher's own too")]
    public async Task ChangesOfWebhooksAreAudited()
    {
        AuditActor actor = AuditActor.OfKey("k1", "Ops");
        Webhook webhook = Sample.Hook("wh_1") with { Url = "https://receiver.example/s3cret?token=s3cret" };
        await Deliveries.AddWebhookAsync(Own, webhook, 1, actor, None);
        await Deliveries.AddWebhookAsync(Own, Sample.Hook("wh_2"), 1, actor, None);
        await Deliveries.ChangeWebhookAsync(Own, "wh_1", new WebhookChange { Description = "d", Url = "https://receiver.example/other-s3cret" }, Sample.Now, actor, None);
        await Deliveries.ChangeWebhookAsync(Own, "wh_1", new WebhookChange { Description = "d" }, Sample.Now, actor, None);
        await Deliveries.RotateSecretAsync(Own, "wh_1", new WebhookSecret(new byte[] { 2 }, Sample.Now, null), Sample.Now, 3, actor, None);
        await SendAsync(["wh_1"], "msg_1");
        Delivery claimed = Assert.Single(await Deliveries.ClaimAsync(Own, "wh_1", Sample.Now, Sample.Now + s_claim, 1, None));
        await Deliveries.FinishAsync(Own, Result(claimed, DeliveryState.Failed) with { Disable = new WebhookDisabling(DisabledReason.Gone, null, Sample.Note("msg_off")) }, None);
        await Deliveries.ReplaceContactsAsync(Own, Sample.AcmeId, [new Contact("ct_1", Sample.AcmeId, "s3cret@example.com", [], Sample.Now)], actor, None);
        await Deliveries.ReplaceContactsAsync(Own, 0, [], actor, None);
        await Deliveries.DeleteWebhookAsync(Own, "wh_1", actor, None);
        await Deliveries.DeleteWebhookAsync(Own, "wh_1", actor, None);

        IReadOnlyList<AuditRecord> records = [.. (await Store.Audit.ReadAsync(Own, new AuditFilter { Ascending = true }, None)).Skip(1)];
        Assert.Equal(
            [
                ("key:k1", "webhook.created", "webhook:wh_1", null, """{"description":null,"disabled":null,"host":"receiver.example","types":[]}"""),
                ("key:k1", "webhook.changed", "webhook:wh_1", """{"description":null}""", """{"description":"d","url":"changed"}"""),
                ("key:k1", "webhook.secret_rotated", "webhook:wh_1", null, null),
                ("host:webhooks", "webhook.changed", "webhook:wh_1", """{"disabled":null}""", """{"disabled":"gone"}"""),
                ("key:k1", "contacts.changed", $"account:{Sample.AcmeId}", """{"contacts":0}""", """{"contacts":1}"""),
                ("key:k1", "webhook.deleted", "webhook:wh_1", """{"description":"d","disabled":"gone","host":"receiver.example","types":[]}""", (string?)null),
            ],
            records.Select(record => (record.Actor.Id, record.Action, record.Target.ToString(), record.Before, record.After)));
    }

    private static Instant Ended(Delivery delivery) => Attempt(delivery).At + Attempt(delivery).Took;

    private static DeliveryAttempt Attempt(Delivery delivery, string? answer = "no") =>
        new(delivery.Attempts, Sample.Now + Duration.FromSeconds(delivery.Attempts), 500, "It answered 500.", answer, Duration.FromMilliseconds(12));

    private static DeliveryResult Result(Delivery delivery, DeliveryState state, Instant? next = null) =>
        new(delivery.Target, delivery.Message.Sequence, Attempt(delivery), state, next);

    /// <summary>Writes notifications and makes their deliveries to targets.</summary>
    private async Task<StoredNotification[]> SendAsync(string[] targets, params string[] ids)
    {
        await Notifications.AppendAsync(Own, [.. ids.Select(id => Sample.Note(id))], None);
        long from = await Notifications.CheckpointAsync(Own, IDeliveryStore.Follower, None);
        StoredNotification[] notes = [.. await Notifications.FollowAsync(Own, from, 1000, None)];
        Assert.True(await Deliveries.MakeAsync(Own, from, notes[^1].Sequence, [.. targets.SelectMany(target => notes.Select(note => new NewDelivery(target, note.Sequence)))], Sample.Now, None));
        return notes;
    }
}

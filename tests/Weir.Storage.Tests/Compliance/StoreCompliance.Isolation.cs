using System.Reflection;

using NodaTime;

using Weir.Engine;

namespace Weir.Storage.Tests;

public abstract partial class StoreCompliance
{
    private static readonly Instant s_carriedTo = Instant.FromUtc(2020, 2, 1, 0, 0);

    private delegate Task<object?> Read(IWeirStore store, WorkspaceId workspace);

    /// <summary>One look for each member of the contracts at what <see cref="Everything"/> wrote.</summary>
    private static readonly Dictionary<string, Read> s_looks = new(StringComparer.Ordinal)
    {
        ["IKeyStore.FindAsync"] = async (s, w) => await s.Keys.FindAsync(w, "k1", None),
        ["IKeyStore.ListAsync"] = async (s, w) => await s.Keys.ListAsync(w, None),
        ["IKeyStore.RevokeAsync"] = async (s, w) => await s.Keys.RevokeAsync(w, "k1", None),
        ["IKeyStore.AddAsync"] = async (s, w) =>
        {
            await s.Keys.AddAsync(w, new ApiKey("k2", "", true, KeyScopes.Read, default, Sample.Now, null), None);
            return (await s.Keys.ListAsync(w, None)).Count;
        },
        ["ICatalogStore.ActiveVersionAsync"] = async (s, w) => await s.Catalogs.ActiveVersionAsync(w, None),
        ["ICatalogStore.FindAsync"] = async (s, w) => await s.Catalogs.FindAsync(w, 1, None),
        ["ICatalogStore.ListAsync"] = async (s, w) => await s.Catalogs.ListAsync(w, true, None),
        ["ICatalogStore.AddAsync"] = async (s, w) => await s.Catalogs.AddAsync(w, "x", CatalogFormat.Yaml, null, 0, None),
        ["ICatalogStore.ActivateAsync"] = async (s, w) => await s.Catalogs.ActivateAsync(w, 1, 1, None),
        ["ICatalogStore.ReadUseAsync"] = async (s, w) => await s.Catalogs.ReadUseAsync(w, None),
        ["IAccountStore.FindAsync"] = async (s, w) => await s.Accounts.FindAsync(w, Sample.Acme, None),
        ["IAccountStore.ListAsync"] = async (s, w) => await s.Accounts.ListAsync(w, new AccountFilter(), None),
        ["IAccountStore.CountAsync"] = async (s, w) => await s.Accounts.CountAsync(w, None),
        ["IAccountStore.NamesAsync"] = async (s, w) => await s.Accounts.NamesAsync(w, [Sample.AcmeId], None),
        ["IAccountStore.AliasesAsync"] = async (s, w) => await s.Accounts.AliasesAsync(w, Sample.AcmeId, ScopeKind.User, None),
        ["IAccountStore.CountByPlanAsync"] = async (s, w) => await s.Accounts.CountByPlanAsync(w, None),
        ["ILedgerStore.BeginAsync"] = LoadAllAsync,
        ["ILedgerStore.CreateAccountsAsync"] = async (s, w) =>
        {
            await s.Ledger.CreateAccountsAsync(w, [Sample.New("acme", 5, "free", "Other")], None);
            return await s.Accounts.FindAsync(w, Sample.Acme, None);
        },
        ["ILedgerStore.ReadStateAsync"] = async (s, w) => await s.Ledger.ReadStateAsync(w, Sample.Acme, None),
        ["ILedgerStore.ReadWorkspaceStateAsync"] = async (s, w) => await s.Ledger.ReadWorkspaceStateAsync(w, None),
        ["ILedgerStore.ReadScopesAsync"] = async (s, w) => await s.Ledger.ReadScopesAsync(w, Sample.Acme, "u-7", null, null, None),
        ["ILedgerStore.ReadRecentAsync"] = async (s, w) => (await s.Ledger.ReadRecentAsync(w, Sample.Acme, "u-7", null, null, None)) with { AsOf = null },
        ["ILedgerStore.ReadAsync"] = async (s, w) => await s.Ledger.ReadAsync(w, new LedgerFilter { Account = Sample.Acme }, None),
        ["ILedgerStore.FindAsync"] = async (s, w) => await s.Ledger.FindAsync(w, new EventId("evt-1"), None),
        ["ILedgerStore.FindOwnerAsync"] = async (s, w) => await s.Ledger.FindOwnerAsync(w, new EventId("evt-1"), None),
        ["ILedgerStore.FollowAsync"] = async (s, w) => await s.Ledger.FollowAsync(w, 0, 100, None),
        ["ILedgerStore.ReadStretchesAsync"] = async (s, w) => await s.Ledger.ReadStretchesAsync(w, [new LogStretch(1, 4), new LogStretch(6, 40)], 100, None),
        ["ILedgerStore.ReadEntriesAsync"] = async (s, w) => await s.Ledger.ReadEntriesAsync(w, [.. Enumerable.Range(1, 50).Select(i => (long)i)], None),
        ["ILedgerStore.ScanAsync"] = async (s, w) => await AllAsync(s.Ledger.ScanAsync(w, [Sample.AcmeId], Instant.MinValue, Instant.MaxValue, None)),
        ["ILedgerStore.LastSequenceAsync"] = async (s, w) => await s.Ledger.LastSequenceAsync(w, None),
        ["ILedgerStore.ReadBalancesAsync"] = async (s, w) => await AllAsync(s.Ledger.ReadBalancesAsync(w, None)),
        ["ILedgerStore.ReadHistoryAsync"] = async (s, w) => await s.Ledger.ReadHistoryAsync(w, Sample.Acme, null, null, Instant.MinValue, Instant.MaxValue, None),
        ["ILedgerStore.ReadHoldsAsync"] = async (s, w) => await s.Ledger.ReadHoldsAsync(w, null, null, 10, None),
        ["ILedgerStore.ReadGrantsAsync"] = async (s, w) => await AllAsync(s.Ledger.ReadGrantsAsync(w, None)),
        ["ILedgerStore.ReadDrawsAsync"] = async (s, w) => await s.Ledger.ReadDrawsAsync(w, 31, 0, 100, None),
        ["ILedgerStore.SumDrawsAsync"] = async (s, w) => await s.Ledger.SumDrawsAsync(w, 31, None),
        ["ILedgerStore.ReadDueAsync"] = async (s, w) => await s.Ledger.ReadDueAsync(w, Instant.MaxValue, 10, None),
        ["ILedgerStore.ReadDenialsAsync"] = async (s, w) => await s.Ledger.ReadDenialsAsync(w, null, Instant.MinValue, Instant.MaxValue, None),
        ["ISummaryStore.CheckpointAsync"] = async (s, w) => await s.Summaries.CheckpointAsync(w, None),
        ["ISummaryStore.ProgressAsync"] = async (s, w) => (await s.Summaries.ProgressAsync(w, None)).Checkpoint,
        ["ISummaryStore.AddAsync"] = async (s, w) =>
            await s.Summaries.AddAsync(w, 0, 10, new Dictionary<SummaryKey, SummaryFigures> { [Key(1, 0, "a")] = Figures(1) }, None),
        ["ISummaryStore.ReadAsync"] = async (s, w) => await AllAsync(s.Summaries.ReadAsync(w, new SummaryQuery(1, null, "", null, Instant.MinValue, Instant.MaxValue), None)),
        ["ISummaryStore.ClearAsync"] = async (s, w) =>
        {
            await s.Summaries.ClearAsync(w, None);
            return await s.Summaries.CheckpointAsync(w, None);
        },
        ["INotificationStore.AppendAsync"] = async (s, w) =>
        {
            await s.Notifications.AppendAsync(w, [Sample.Note("msg_1")], None);
            return (await s.Notifications.FollowAsync(w, 0, 10, None)).Select(stored => stored.Notification);
        },
        ["INotificationStore.FollowAsync"] = async (s, w) => await s.Notifications.FollowAsync(w, 0, 10, None),
        ["INotificationStore.CheckpointAsync"] = async (s, w) => await s.Notifications.CheckpointAsync(w, "reader", None),
        ["INotificationStore.MoveCheckpointAsync"] = async (s, w) => await s.Notifications.MoveCheckpointAsync(w, "reader", 0, 7, None),
        ["IPortalTokenStore.FindAsync"] = async (s, w) => await s.PortalTokens.FindAsync(w, "t1", None),
        ["IPortalTokenStore.ListAsync"] = async (s, w) => await s.PortalTokens.ListAsync(w, new PortalTokenFilter { Account = Sample.AcmeId }, None),
        ["IPortalTokenStore.AddAsync"] = async (s, w) =>
        {
            await s.PortalTokens.AddAsync(w, Token("t1", 5, 0), Instant.MinValue, Record("t1"), None);
            return await s.PortalTokens.ListAsync(w, new PortalTokenFilter(), None);
        },
        ["IPortalTokenStore.RevokeAsync"] = async (s, w) => await s.PortalTokens.RevokeAsync(w, "t1", Record("t1"), None),
        // A new workspace has the record of its own making.
        ["IAuditStore.ReadAsync"] = async (s, w) => await s.Audit.ReadAsync(w, new AuditFilter(), None),
        ["IAlertStore.AppendAsync"] = async (s, w) =>
        {
            await s.Alerts.AppendAsync(w, [Sample.FullAlert("alr_1")], [], None);
            return (await s.Alerts.FindAsync(w, Sample.AcmeId, "alr_1", None))?.Alert;
        },
        ["IAlertStore.ListAsync"] = async (s, w) => await s.Alerts.ListAsync(w, new AlertFilter { Now = Sample.Now, Account = Sample.AcmeId }, None),
        ["IAlertStore.FindAsync"] = async (s, w) => await s.Alerts.FindAsync(w, Sample.AcmeId, "alr_1", None),
        ["IAlertStore.AcknowledgeAsync"] = async (s, w) => await s.Alerts.AcknowledgeAsync(w, Sample.AcmeId, "alr_1", Sample.Now, "other", None),
        ["IAlertStore.MarkReadAsync"] = async (s, w) =>
        {
            await s.Alerts.MarkReadAsync(w, Sample.AcmeId, null, Sample.MonthEnd, None);
            return await s.Alerts.ListAsync(w, new AlertFilter { Now = Sample.Now, Unread = true }, None);
        },
        ["IAlertStore.CountAsync"] = async (s, w) => await s.Alerts.CountAsync(w, null, null, Sample.Now, None),
        ["IDeliveryStore.AddWebhookAsync"] = async (s, w) => await s.Deliveries.AddWebhookAsync(w, Sample.Hook("wh_1"), 1, None),
        ["IDeliveryStore.FindWebhookAsync"] = async (s, w) => await s.Deliveries.FindWebhookAsync(w, "wh_1", None),
        ["IDeliveryStore.ListWebhooksAsync"] = async (s, w) => await s.Deliveries.ListWebhooksAsync(w, None),
        ["IDeliveryStore.ChangeWebhookAsync"] = async (s, w) => await s.Deliveries.ChangeWebhookAsync(w, "wh_1", new WebhookChange { Disabled = true }, Sample.Now, None),
        ["IDeliveryStore.RotateSecretAsync"] = async (s, w) => await s.Deliveries.RotateSecretAsync(w, "wh_1", Sample.Hook("wh_1").Secrets[0], Sample.Now, 3, None),
        ["IDeliveryStore.DeleteWebhookAsync"] = async (s, w) => await s.Deliveries.DeleteWebhookAsync(w, "wh_1", None),
        ["IDeliveryStore.ListContactsAsync"] = async (s, w) => await s.Deliveries.ListContactsAsync(w, [Sample.AcmeId, 0], None),
        ["IDeliveryStore.FindContactAsync"] = async (s, w) => await s.Deliveries.FindContactAsync(w, "ct_1", None),
        ["IDeliveryStore.ReplaceContactsAsync"] = async (s, w) =>
        {
            await s.Deliveries.ReplaceContactsAsync(w, Sample.AcmeId, [], None);
            return await s.Deliveries.ListContactsAsync(w, [Sample.AcmeId], None);
        },
        ["IDeliveryStore.MakeAsync"] = async (s, w) =>
        {
            bool made = await s.Deliveries.MakeAsync(w, 0, 1, [new NewDelivery("wh_1", 1)], Sample.Now, None);
            return (made, await s.Deliveries.WaitingAsync(w, None));
        },
        ["IDeliveryStore.WaitingAsync"] = async (s, w) => await s.Deliveries.WaitingAsync(w, None),
        ["IDeliveryStore.ClaimAsync"] = async (s, w) =>
            (await s.Deliveries.ClaimAsync(w, "wh_1", Sample.Now, Sample.Now, 9, None), await s.Deliveries.ClaimAsync(w, "wh_1", "msg_1", Sample.Now, Sample.Now, None)),
        ["IDeliveryStore.FinishAsync"] = async (s, w) =>
            await s.Deliveries.FinishAsync(w, new DeliveryResult("wh_1", 1, new DeliveryAttempt(0, Sample.Now, 200, null, null, Duration.Zero), DeliveryState.Delivered, null), None),
        ["IDeliveryStore.ListAsync"] = async (s, w) => await s.Deliveries.ListAsync(w, "wh_1", new DeliveryFilter(), None),
        ["IDeliveryStore.RedeliverAsync"] = async (s, w) =>
            (await s.Deliveries.RedeliverAsync(w, "wh_1", "msg_1", Sample.Now, None),
                await s.Deliveries.RedeliverAsync(w, "wh_1", Instant.MinValue, [NotificationTypes.AlertRaised], Sample.Now, 9, None)),
        ["IDeliveryStore.PruneAsync"] = async (s, w) => await s.Deliveries.PruneAsync(w, Instant.MaxValue, 9, None),
        ["ICatalogStore.RedactAsync"] = async (s, w) =>
        {
            await s.Catalogs.RedactAsync(w, 1, "other", None);
            return await s.Catalogs.FindAsync(w, 1, None);
        },
        ["IPrivacyStore.ReadOpenAsync"] = async (s, w) => await s.Privacy.ReadOpenAsync(w, None),
        ["IPrivacyStore.EraseNextAsync"] = async (s, w) => await s.Privacy.EraseNextAsync(w, 1, 100, None),
        ["IPrivacyStore.PruneAsync"] = async (s, w) =>
            (await s.Privacy.PruneAsync(w, RetentionKind.EventDetails, Sample.MonthEnd, 9, None), await s.Privacy.PruneAsync(w, RetentionKind.Alerts, Sample.MonthEnd, 9, None), await s.Privacy.PruneAsync(w, RetentionKind.PortalTokens, Sample.MonthEnd, 9, None),
                await s.Privacy.PruneAsync(w, RetentionKind.Denials, s_longAgo + Duration.FromDays(1), 9, None)),
        ["IPrivacyStore.EndAsync"] = async (s, w) => (await s.Privacy.EndAsync(w, [1], None), await s.Privacy.ReadOpenAsync(w, None)),
        ["IRetentionStore.StartAsync"] = async (s, w) => await s.Retention.StartAsync(w, None),
        ["IRetentionStore.FirstRecordedAsync"] = async (s, w) => await s.Retention.FirstRecordedAsync(w, None),
        ["IRetentionStore.ReadAsync"] = async (s, w) => await s.Retention.ReadAsync(w, Instant.MaxValue, 0, 100, None),
        ["IRetentionStore.CarryAsync"] = async (s, w) =>
        {
            await s.Retention.CarryAsync(w, s_carriedTo, [new CarriedBalance(5, Sample.Key(), new Quantity(9), Quantity.Zero)], [new CarriedGrant(5, 31, new Quantity(9), Quantity.Zero)], None);
            return (await AllAsync(s.Retention.ReadBalancesAsync(w, None)), await AllAsync(s.Retention.ReadGrantsAsync(w, None)));
        },
        ["IRetentionStore.MoveStartAsync"] = async (s, w) => (await s.Retention.MoveStartAsync(w, s_longAgo, 0, None), await s.Retention.StartAsync(w, None)),
        ["IRetentionStore.ReadBalancesAsync"] = async (s, w) => await AllAsync(s.Retention.ReadBalancesAsync(w, None)),
        ["IRetentionStore.ReadGrantsAsync"] = async (s, w) => await AllAsync(s.Retention.ReadGrantsAsync(w, None)),
        ["IRetentionStore.DropAsync"] = async (s, w) => await s.Retention.DropAsync(w, null, 100, None),
        ["IPeriodStore.ReadEndedAsync"] = async (s, w) => await s.Periods.ReadEndedAsync(w, [Sample.AcmeId], Instant.MinValue, Sample.MonthEnd, None),
        ["IPeriodStore.ReadLastMovesAsync"] = async (s, w) => await s.Periods.ReadLastMovesAsync(w, Sample.AcmeId, [Sample.Balance(1)], None),
        ["IPeriodStore.CloseAsync"] = async (s, w) => await s.Periods.CloseAsync(w, [Summary(Sample.Key(), 1)], Sample.MonthEnd, None),
        ["IPeriodStore.ReadAsync"] = async (s, w) => await s.Periods.ReadAsync(w, Sample.AcmeId, new PeriodFilter { EndedBy = Sample.MonthEnd }, None),
        ["IScheduledJobStore.FindAsync"] = async (s, w) => await s.ScheduledJobs.FindAsync(w, "closing", None),
        ["IScheduledJobStore.TakeAsync"] = async (s, w) => await s.ScheduledJobs.TakeAsync(w, "closing", "n", Duration.FromMinutes(1), None),
        ["IScheduledJobStore.KeepAsync"] = async (s, w) => await s.ScheduledJobs.KeepAsync(w, new ScheduledJobLease("closing", "n", 1, Sample.Now, null), Duration.FromMinutes(1), None),
        ["IScheduledJobStore.EndAsync"] = async (s, w) => await s.ScheduledJobs.EndAsync(w, new ScheduledJobLease("closing", "n", 1, Sample.Now, null), new ScheduledJobResult { Accounts = 3 }, null, [], None),
        // Numbers of tickets and versions are the server's; they say nothing of what a workspace has.
        ["ITicketStore.TakeAsync"] = async (s, w) => (await s.Tickets.TakeAsync(w, Ticket("job-9"), s_lease, 1, None) is not null, await s.Tickets.ReadAsync(w, new WaiterFilter(), None)),
        ["ITicketStore.RenewAsync"] = async (s, w) =>
        {
            SlotLines lines = await s.Tickets.RenewAsync(w, "render", [.. Enumerable.Range(1, 5_000).Select(i => (long)i)], s_lease, None);
            return (lines.Now, lines.Standing, lines.Fronts);
        },
        ["ITicketStore.LeaveAsync"] = async (s, w) => (await Task.WhenAll(Enumerable.Range(1, 50).Select(i => s.Tickets.LeaveAsync(w, i, s_keep, None).AsTask()))).Contains(true),
        ["ITicketStore.RemoveAsync"] = async (s, w) =>
        {
            await Task.WhenAll(Enumerable.Range(1, 50).Select(i => s.Tickets.RemoveAsync(w, i, None).AsTask()));
            return await s.Tickets.ReadAsync(w, new WaiterFilter(), None);
        },
        ["ITicketStore.GiveUpAsync"] = async (s, w) => await s.Tickets.GiveUpAsync(w, "job-1", None),
        ["ITicketStore.ForgetAsync"] = async (s, w) =>
        {
            await s.Tickets.ForgetAsync(w, Sample.Acme, null, None);
            return await s.Tickets.ReadAsync(w, new WaiterFilter(), None);
        },
        ["ITicketStore.ReadAsync"] = async (s, w) => await s.Tickets.ReadAsync(w, new WaiterFilter(), None),
        ["ILedgerTransaction.ReadWaitedAsync"] = async (s, w) =>
        {
            await using ILedgerTransaction transaction = await s.Ledger.BeginAsync(w, None);
            await transaction.LoadAsync(new LedgerLoad { Accounts = [] }, None);
            return await transaction.ReadWaitedAsync([new SlotLine(Sample.Acme, "render")], None);
        },
        ["ILedgerTransaction.ReadStandingAsync"] = async (s, w) =>
        {
            await using ILedgerTransaction transaction = await s.Ledger.BeginAsync(w, None);
            await transaction.LoadAsync(new LedgerLoad { Accounts = [] }, None);
            return await transaction.ReadStandingAsync([.. Enumerable.Range(1, 5_000).Select(i => (long)i)], None);
        },
        ["ILedgerTransaction.LoadAsync"] = LoadAllAsync,
        ["ILedgerTransaction.LoadBalancesAsync"] = async (s, w) =>
        {
            await using ILedgerTransaction transaction = await s.Ledger.BeginAsync(w, None);
            await transaction.LoadAsync(new LedgerLoad { Accounts = [Sample.Acme] }, None);
            return await transaction.LoadBalancesAsync(Sample.AcmeId, [.. Sample.FullState().Balances.Keys], None);
        },
        ["ILedgerTransaction.WriteAsync"] = async (s, w) => await TakeIdsAsync(s, w),
        ["ILedgerTransaction.CommitAsync"] = async (s, w) =>
        {
            return await TakeIdsAsync(s, w) && await s.Ledger.FindAsync(w, new EventId("evt-1"), None) is not null;
        },
    };

    public static TheoryData<string> Looks => [.. s_looks.Keys];

    [Fact(DisplayName = "ACC-2: the isolation of every member of the contracts is shown")]
    public void EveryMemberIsShown()
    {
        IEnumerable<string> members = new[] { typeof(IKeyStore), typeof(ICatalogStore), typeof(IAccountStore), typeof(ILedgerStore), typeof(ISummaryStore), typeof(INotificationStore), typeof(IAlertStore), typeof(IAuditStore), typeof(IPortalTokenStore), typeof(IDeliveryStore), typeof(IPeriodStore), typeof(IScheduledJobStore), typeof(IPrivacyStore), typeof(IRetentionStore), typeof(ITicketStore), typeof(ILedgerTransaction) }
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance).Select(method => $"{type.Name}.{method.Name}")).Distinct(StringComparer.Ordinal);
        Assert.Equal(members.Order(StringComparer.Ordinal), s_looks.Keys.Order(StringComparer.Ordinal));
    }

    [Theory(DisplayName = "ACC-2: a workspace sees nothing of another")]
    [MemberData(nameof(Looks))]
    public async Task AWorkspaceSeesNothingOfAnother(string member)
    {
        await FillAsync();
        // Two that are empty, one beside the full one and one in a store of its own: they must answer alike.
        WorkspaceId beside = await NewWorkspaceAsync("beside");
        await using MemoryStore alone = new(Time);
        WorkspaceId empty = (await alone.Workspaces.CreateAsync("beside", null, "UTC", None))!.Id;
        Same(await s_looks[member](alone, empty), await s_looks[member](Store, beside));
    }

    [Fact(DisplayName = "ACC-2: what one workspace writes leaves another as it was")]
    public async Task AWorkspaceChangesNothingOfAnother()
    {
        await FillAsync();
        WorkspaceId other = await NewWorkspaceAsync("other");
        List<string> before = await LookAsync();

        await Ledger.CreateAccountsAsync(other, [Sample.New("acme", 5, "other", "Other")], None);
        await WriteAsync(
            new LedgerWrites
            {
                Accounts = [Sample.WriteOf(Sample.StateOf(Sample.Account(5, "other"), Sample.Balance(1)))],
                Profiles = [new ProfileWrite(5, new AccountProfile(Sample.Acme) { Name = "Third" })],
                Aliases = [new NewAlias(5, new Alias(Sample.Acme, ScopeKind.User, "u-7"), 99)],
                Rows = [Sample.Row("evt-1", Sample.Entry(5))],
                Denials = [new StoredDenial(Digest.Of("no-1"), default, new byte[] { 9 }, Sample.Now)],
                DenialCounts = [new DenialCount(5, s_bucket, "diagnose", Refusal.LimitExceeded, 1)],
                Notifications = [Sample.Note("msg_1", "other")],
            }, other);
        await Store.Alerts.AppendAsync(other, [Sample.FullAlert("alr_1") with { ResolvedAt = Sample.Now, Resolution = AlertResolution.Fell }, Sample.FullAlert("alr_2")], [], None);
        await Store.Alerts.MarkReadAsync(other, Sample.AcmeId, null, Sample.MonthEnd, None);
        await Store.Alerts.AcknowledgeAsync(other, Sample.AcmeId, "alr_1", Sample.Now, "other", None);
        await Store.Notifications.AppendAsync(other, [Sample.Note("msg_2")], None);
        await Store.Notifications.MoveCheckpointAsync(other, "reader", 0, 99, None);
        await Store.Deliveries.AddWebhookAsync(other, Sample.Hook("wh_1"), 9, None);
        await Store.Deliveries.ReplaceContactsAsync(other, Sample.AcmeId, [new Contact("ct_2", Sample.AcmeId, "eve@example.com", [], Sample.Now)], None);
        foreach (string member in s_looks.Keys.Where(member => member.StartsWith("IDeliveryStore.", StringComparison.Ordinal)))
        {
            await s_looks[member](Store, other);
        }
        await Store.Periods.CloseAsync(other, [Summary(Sample.Key(), 9), Summary(Sample.Key("calls"), 9)], Sample.MonthEnd, None);
        ScheduledJobLease lease = (await Store.ScheduledJobs.TakeAsync(other, "closing", "other", Duration.FromMinutes(1), None))!;
        await Store.ScheduledJobs.EndAsync(other, lease, new ScheduledJobResult { Through = Sample.MonthEnd, Error = "other" }, Record("t9"), [Sample.Note("msg_9")], None);
        await Store.Tickets.TakeAsync(other, Ticket("job-1"), s_lease, 9, None);
        foreach (string member in s_looks.Keys.Where(member => member.StartsWith("ITicketStore.", StringComparison.Ordinal)))
        {
            await s_looks[member](Store, other);
        }

        await Store.Catalogs.AddAsync(other, "other", CatalogFormat.Yaml, null, 0, None);
        await Store.Catalogs.RedactAsync(other, 1, "else", None);
        await Store.Keys.AddAsync(other, new ApiKey("k1", "other", true, KeyScopes.Read, default, Sample.Now, null), None);
        await Store.Keys.RevokeAsync(other, "k1", None);
        await Store.PortalTokens.AddAsync(other, Token("t1", 5, 0), Instant.MaxValue, Record("t1"), None);
        await Store.PortalTokens.RevokeAsync(other, "t1", Record("t1"), None);
        await Store.Summaries.AddAsync(other, 0, 99, new Dictionary<SummaryKey, SummaryFigures> { [Key(1, 0, "a")] = Figures(7) }, None);
        await Store.Summaries.ClearAsync(other, None);
        await WriteAsync(new LedgerWrites { Erasures = [new Erasure(5, Sample.Acme, "u-7", 99)] }, other);
        await WriteAsync(new LedgerWrites { Erasures = [new Erasure(5, Sample.Acme, null, 0)] }, other);
        await Store.Privacy.PruneAsync(other, RetentionKind.EventDetails, Sample.MonthEnd, 100, None);
        await Store.Privacy.PruneAsync(other, RetentionKind.Alerts, Sample.MonthEnd, 100, None);
        await Store.Privacy.PruneAsync(other, RetentionKind.PortalTokens, Sample.MonthEnd, 100, None);
        await Store.Privacy.PruneAsync(other, RetentionKind.Denials, s_longAgo + Duration.FromDays(1), 100, None);
        foreach (string member in s_looks.Keys.Where(member => member.StartsWith("IRetentionStore.", StringComparison.Ordinal)))
        {
            await s_looks[member](Store, other);
        }

        foreach (OpenErasure open in await Store.Privacy.ReadOpenAsync(other, None))
        {
            await Store.Privacy.EraseNextAsync(other, open.Number, 100, None);
            await Store.Privacy.EraseNextAsync(Own, open.Number, 100, None);
            await Store.Privacy.EndAsync(other, [open.Number], None);
        }

        Assert.Equal(before, await LookAsync());

        async Task<List<string>> LookAsync()
        {
            List<string> seen = [];
            foreach (string member in s_looks.Keys.Where(member => member.Contains(".Read", StringComparison.Ordinal) || member.Contains("Find", StringComparison.Ordinal) || member.Contains("List", StringComparison.Ordinal) || member.Contains("Load", StringComparison.Ordinal)
                || member.Contains("Follow", StringComparison.Ordinal) || member.Contains("Waiting", StringComparison.Ordinal) || member.EndsWith(".CheckpointAsync", StringComparison.Ordinal)))
            {
                seen.Add(member + " " + Dump.Of(await s_looks[member](Store, Own)));
            }

            return seen;
        }
    }

    private static async Task<object?> LoadAllAsync(IWeirStore store, WorkspaceId workspace)
    {
        await using ILedgerTransaction transaction = await store.Ledger.BeginAsync(workspace, None);
        LedgerSnapshot snapshot = await transaction.LoadAsync(
            new LedgerLoad
            {
                Accounts = [Sample.Acme],
                Ids = [Digest.Of("evt-1"), Digest.Of("no-1"), Digest.Of("no-old")],
                Targets = [Digest.Of("evt-1")],
                Aliases = [new Alias(Sample.Acme, ScopeKind.User, "u-7")],
            }, None);

        // Numbers of rows are the server's; they say nothing of what a workspace has.
        return snapshot with { NextSequence = 0, LastSequence = null };
    }

    private static async Task<bool> TakeIdsAsync(IWeirStore store, WorkspaceId workspace)
    {
        await store.Ledger.CreateAccountsAsync(workspace, [Sample.New("acme", 5)], None);
        await using ILedgerTransaction transaction = await store.Ledger.BeginAsync(workspace, None);
        await transaction.LoadAsync(new LedgerLoad { Accounts = [Sample.Acme] }, None);
        bool isWritten = await transaction.WriteAsync(
            new LedgerWrites { Rows = [Sample.Row("evt-1", Sample.Entry(5))], Denials = [new StoredDenial(Digest.Of("no-1"), default, new byte[] { 1 }, Sample.Now)] }, None);
        if (isWritten)
        {
            await transaction.CommitAsync(None);
        }

        return isWritten;
    }

    private async Task FillAsync()
    {
        await CreateAcmeAsync();
        await WriteAsync(Everything());
        await Store.Catalogs.AddAsync(Own, "own", CatalogFormat.Yaml, "me", 0, None);
        await Store.Keys.AddAsync(Own, new ApiKey("k1", "own", true, KeyScopes.Admin, Digest.Of("s"), Sample.Now, null), None);
        await Store.PortalTokens.AddAsync(Own, Token("t1", Sample.AcmeId, 0), Instant.MinValue, Record("t1"), None);
        await Store.Summaries.AddAsync(Own, 0, 1, new Dictionary<SummaryKey, SummaryFigures> { [Key(1, 0, "a")] = Figures(1) }, None);
        await Store.Retention.CarryAsync(Own, s_carriedTo, [new CarriedBalance(Sample.AcmeId, Sample.Key(), new Quantity(1), Quantity.Zero)], [new CarriedGrant(Sample.AcmeId, 31, new Quantity(1), Quantity.Zero)], None);
        Assert.True(await Store.Retention.MoveStartAsync(Own, s_carriedTo, 1, None));
        await Store.Notifications.MoveCheckpointAsync(Own, "reader", 0, 1, None);
        await Store.Deliveries.AddWebhookAsync(Own, Sample.Hook("wh_1"), 9, None);
        await Store.Deliveries.ReplaceContactsAsync(Own, Sample.AcmeId, [new Contact("ct_1", Sample.AcmeId, "ada@example.com", [], Sample.Now)], None);
        await Store.Periods.CloseAsync(Own, [Summary(Sample.Key(), 1)], Sample.MonthEnd, None);
        await Store.ScheduledJobs.TakeAsync(Own, "closing", "own", Duration.FromMinutes(1), None);
        await Store.Tickets.TakeAsync(Own, Ticket("job-1"), s_lease, 9, None);
        await WriteAsync(new LedgerWrites { Denials = [new StoredDenial(Digest.Of("no-old"), default, new byte[] { 7 }, s_longAgo)] });
        StoredNotification[] notes = [.. await Store.Notifications.FollowAsync(Own, 0, 9, None)];
        await Store.Deliveries.MakeAsync(Own, 0, notes[^1].Sequence, [.. notes.Select(note => new NewDelivery("wh_1", note.Sequence))], Sample.Now, None);
    }
}

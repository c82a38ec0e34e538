using System.Text;

using NodaTime;

using Weir.Engine;
using Weir.Sqlite;

namespace Weir.Storage.Tests;

/// <summary>What an erase leaves in the files of SQLite: no byte, wherever rows have moved before.</summary>
public sealed class SqlitePrivacyTests : IDisposable
{
    private static readonly Instant s_now = Instant.FromUtc(2026, 3, 10, 12, 0);

    private readonly SqliteFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact(DisplayName = "PRIV-1: of accounts that were made, renamed and used among thousands of others, no file has a byte once they are erased")]
    public async Task NoByteIsLeft()
    {
        const int accounts = 3_000;
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_now, time => new SqliteStore(_folder.Options with { SliceRows = 64 }, time));
        Workspace workspace = desk.Get<StoreLifetime>().Default;
        Random random = new(11);
        for (int from = 0; from < accounts; from += 250)
        {
            await Task.WhenAll(Enumerable.Range(from, 250).Select(i => UseAsync(desk, i, random.Next(1, 120))));
        }

        // Names grow and shrink, so that rows move; tokens and contacts come and go.
        for (int i = 0; i < accounts; i += 3)
        {
            await desk.Get<AccountService>().PutAsync(
                desk.Workspace, Key(i), new AccountChange(), new ProfileChange { Name = Secret("name", i) + new string('x', random.Next(60)), ExternalIds = new Dictionary<string, string> { ["billing"] = Secret("bill", i) } },
                AuditActor.Host, CancellationToken.None);
        }

        for (int i = 0; i < accounts; i += 10)
        {
            await desk.Get<PortalTokenService>().CreateAsync(workspace, Key(i), Secret("user", i), Duration.FromHours(1), AuditActor.Host, CancellationToken.None);
            long id = (await desk.Store.Ledger.ReadStateAsync(desk.Workspace, Key(i), CancellationToken.None))!.Account.Id;
            await desk.Get<ContactService>().ReplaceAsync(desk.Workspace, id, [($"{Secret("old", i)}@example.com", [])], AuditActor.Host, CancellationToken.None);
            await desk.Get<ContactService>().ReplaceAsync(desk.Workspace, id, [($"{Secret("mail", i)}@example.com", [])], AuditActor.Host, CancellationToken.None);
        }

        // Every 15th account goes, and one user of every 25th.
        int[] gone = [.. Enumerable.Range(0, accounts).Where(i => i % 15 == 0)];
        int[] users = [.. Enumerable.Range(0, accounts).Where(i => i % 25 == 1)];
        Assert.Equal(gone.Length, Left(gone.Select(i => Secret("acct", i))).Count);
        await Task.WhenAll(gone[1..].Select(i => desk.Get<PrivacyService>().EraseAsync(desk.Workspace, Key(i), null, AuditActor.Host, CancellationToken.None)));
        await Task.WhenAll(users.Select(i => desk.Get<PrivacyService>().EraseAsync(desk.Workspace, Key(i), Secret("user", i), AuditActor.Host, CancellationToken.None)));
        Assert.True((await desk.Get<PrivacyService>().EraseAsync(desk.Workspace, Key(0), null, AuditActor.Host, CancellationToken.None)).Complete);

        string[] kinds = ["acct", "name", "bill", "user", "old", "mail", "evt", "agent", "note", "reason", "over"];
        Assert.Empty(Left(gone.SelectMany(i => kinds.Select(kind => Secret(kind, i)))));
        Assert.Empty(Left(users.SelectMany(i => (string[])[Secret("user", i), Secret("evt", i), Secret("agent", i), Secret("note", i)])));
        int[] stay = [.. Enumerable.Range(0, accounts).Where(i => i % 15 != 0 && i % 25 != 1)];
        Assert.Equal(stay.Length * 5, Left(stay.SelectMany(i => (string[])[Secret("acct", i), Secret("user", i), Secret("evt", i), Secret("agent", i), Secret("note", i)])).Count);

        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        Verification verification = await desk.Get<Verifier>().VerifyAsync(desk.Workspace, CancellationToken.None);
        Assert.True(verification.IsClean, Dump.Of(verification));
        Assert.Equal([["ok"]], _folder.Query("PRAGMA integrity_check"));
    }

    [Fact(DisplayName = "PRIV-1: an erase that a crash cut short is ended by the next start")]
    public async Task TheNextStartEndsIt()
    {
        using SqliteFolder after = await CrashAsync();
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_now, time => new SqliteStore(after.Options, time));
        Assert.Single(await desk.Store.Privacy.ReadOpenAsync(desk.Workspace, CancellationToken.None));
        EraseResumption resumption = desk.Get<IEnumerable<Microsoft.Extensions.Hosting.IHostedService>>().OfType<EraseResumption>().Single();
        await resumption.StartedAsync(CancellationToken.None);
        while ((await desk.Store.Privacy.ReadOpenAsync(desk.Workspace, CancellationToken.None)).Count > 0)
        {
            await Task.Yield();
        }

        await resumption.StoppingAsync(CancellationToken.None);
        Assert.Empty(Left([Secret("acct", 1), Secret("evt", 1), Secret("agent", 1)], after));
    }

    [Fact(DisplayName = "PRIV-1: while somebody reads the state before, an erase says that it is not complete; a repeat completes it")]
    public async Task AReaderHoldsItUp()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_now, time => new SqliteStore(_folder.Options, time));
        await UseAsync(desk, 1, 3);
        await using (SqliteStore reader = await _folder.OpenAsync(desk.Clock, readOnly: true))
        {
            Assert.NotNull(await reader.Accounts.FindAsync(desk.Workspace, Key(1), CancellationToken.None));
            EraseResult held = await desk.Get<PrivacyService>().EraseAsync(desk.Workspace, Key(1), null, AuditActor.Host, CancellationToken.None);
            Assert.Equal(new EraseResult(true, false, 0), held);
            Assert.Null(await desk.Store.Accounts.FindAsync(desk.Workspace, Key(1), CancellationToken.None));
        }

        Assert.Equal(new EraseResult(false, true, 0), await desk.Get<PrivacyService>().EraseAsync(desk.Workspace, Key(1), null, AuditActor.Host, CancellationToken.None));
        Assert.Empty(Left([Secret("acct", 1), Secret("evt", 1), Secret("agent", 1)]));
    }

    [Fact(DisplayName = "PRIV-1: words of people that an older program left in the bodies of entries move to where an erase reaches them, and what it deleted is gone")]
    public async Task OlderFiles()
    {
        await using (SqliteStore store = new(_folder.Options, new FakeClock(s_now)))
        {
            await using UsageDesk desk = await UsageDesk.OpenAsync(s_now, _ => store);
            await UseAsync(desk, 1, 3);
        }

        // As the program before wrote it.
        _folder.Query("""
            DROP TRIGGER events_are_not_deleted;
            CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'never'); END;
            DROP TABLE carried_balances;
            DROP TABLE carried_grants;
            DROP TABLE ledger_starts;
            ALTER TABLE workspaces DROP COLUMN kept_to;
            ALTER TABLE workspaces DROP COLUMN kept_before;
            DROP TRIGGER events_stay_as_they_are;
            UPDATE events SET body = json_set(body, '$.r', 'said by ada', '$.a', 'ada herself') WHERE kind = 3;
            DROP TABLE erasures;
            DROP TABLE retained;
            UPDATE event_details SET reason = NULL, actor = NULL;
            DELETE FROM event_details WHERE seq = (SELECT seq FROM events WHERE kind = 3);
            ALTER TABLE event_details DROP COLUMN reason;
            ALTER TABLE event_details DROP COLUMN actor;
            CREATE TRIGGER events_stay_as_they_are BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'never'); END;
            CREATE TABLE leftovers (text TEXT);
            INSERT INTO leftovers VALUES ('left by an older program');
            DROP TABLE leftovers;
            DELETE FROM migrations WHERE number >= 8;
            """);
        await using UsageDesk later = await UsageDesk.OpenAsync(s_now, time => new SqliteStore(_folder.Options, time));
        StoredEntry adjusted = (await later.Store.Ledger.FollowAsync(later.Workspace, 0, 100, CancellationToken.None)).Single(entry => entry.Entry.Kind == EntryKind.Adjustment);
        Assert.Equal(("said by ada", "ada herself"), (adjusted.Entry.Reason, adjusted.Entry.Actor));
        Assert.Empty(Left(["left by an older program"]));
        Assert.True((await later.Get<PrivacyService>().EraseAsync(later.Workspace, Key(1), null, AuditActor.Host, CancellationToken.None)).Complete);
        Assert.Empty(Left(["said by ada", "ada herself", Secret("evt", 1)]));
    }

    /// <summary>The files of a store that lost its power between the two halves of an erase.</summary>
    private async Task<SqliteFolder> CrashAsync()
    {
        await using UsageDesk desk = await UsageDesk.OpenAsync(s_now, time => new SqliteStore(_folder.Options, time));
        await UseAsync(desk, 1, 3);
        long id = (await desk.Store.Ledger.ReadStateAsync(desk.Workspace, Key(1), CancellationToken.None))!.Account.Id;
        await using (ILedgerTransaction transaction = await desk.Store.Ledger.BeginAsync(desk.Workspace, CancellationToken.None))
        {
            await transaction.LoadAsync(new LedgerLoad { Accounts = [Key(1)] }, CancellationToken.None);
            Assert.True(await transaction.WriteAsync(new LedgerWrites { Erasures = [new Erasure(id, Key(1), null, 0)] }, CancellationToken.None));
            await transaction.CommitAsync(CancellationToken.None);
        }

        return _folder.CopyAsAfterCrash();
    }

    private static AccountKey Key(int i) => new(Secret("acct", i));

    /// <summary>Texts that stand nowhere by chance and in no order.</summary>
    private static string Secret(string kind, int i) => $"{kind}-{Convert.ToHexStringLower(Digest.Of(kind + i).ToArray())[..20]}";

    private static async Task UseAsync(UsageDesk desk, int i, int length)
    {
        EventDetails details = new()
        {
            User = Secret("user", i), Campaign = Secret("camp", i), UserAgent = Secret("agent", i) + new string('.', length), Address = "10.0.0.1", RequestId = Secret("req", i),
        };
        await desk.RecordAsync(Secret("evt", i), "ping", [("note", Secret("note", i))], Secret("acct", i), details);
        await desk.Get<CorrectionService>().AdjustAsync(desk.Workspace, new EventId(Secret("adj", i)), Key(i), "calls", 1, Secret("reason", i), Secret("who", i), "host", CancellationToken.None);
        if (i % 5 == 0)
        {
            LimitOverride limit = new("credits", ScopeKind.Account, null, new Quantity(500), null, Secret("over", i));
            await desk.Get<AccountService>().ChangeAsync(desk.Workspace, Key(i), new AccountChange { SetOverride = limit }, null, false, AuditActor.Host, CancellationToken.None);
        }
    }

    private List<string> Left(IEnumerable<string> texts) => Left(texts, _folder);

    /// <summary>The texts that stand in a file of the folder, as they are. The lock is an empty file that nobody else may open.</summary>
    private static List<string> Left(IEnumerable<string> texts, SqliteFolder folder)
    {
        StringBuilder all = new();
        foreach (string file in Directory.GetFiles(Path.GetDirectoryName(folder.Database)!).Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)))
        {
            using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using MemoryStream bytes = new();
            stream.CopyTo(bytes);
            all.Append(Encoding.Latin1.GetString(bytes.GetBuffer(), 0, (int)bytes.Length)).Append('\n');
        }

        string files = all.ToString();
        return [.. texts.Where(text => files.Contains(text, StringComparison.Ordinal))];
    }
}

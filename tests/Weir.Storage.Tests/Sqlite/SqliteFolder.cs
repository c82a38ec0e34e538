using Microsoft.Data.Sqlite;

using Weir.Engine;
using Weir.Sqlite;

namespace Weir.Storage.Tests;

/// <summary>A folder of its own for one database, gone with the test.</summary>
internal sealed class SqliteFolder : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("weir-sqlite-").FullName;

    public string Database => Path.Combine(_folder, "usage.db");

    public SqliteStoreOptions Options => new() { Path = Database };

    public async Task<SqliteStore> OpenAsync(TimeProvider time, bool readOnly = false)
    {
        SqliteStore store = new(Options with { ReadOnly = readOnly }, time);
        await store.OpenAsync(CancellationToken.None);
        return store;
    }

    /// <summary>The files as a power failure at this moment would leave them.</summary>
    public SqliteFolder CopyAsAfterCrash()
    {
        SqliteFolder copy = new();
        foreach (string ending in new[] { "", "-wal" })
        {
            File.Copy(Database + ending, copy.Database + ending);
        }

        return copy;
    }

    /// <summary>Asks the file itself, past the store.</summary>
    public List<object?[]> Query(string sql)
    {
        using SqliteConnection connection = new(new SqliteConnectionStringBuilder { DataSource = Database, Pooling = false }.ToString());
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // The texts are those of the tests.
        command.CommandText = sql;
#pragma warning restore CA2100
        using SqliteDataReader reader = command.ExecuteReader();
        List<object?[]> rows = [];
        while (reader.Read())
        {
            object?[] row = new object?[reader.FieldCount];
            for (int i = 0; i < row.Length; i++)
            {
                row[i] = reader.IsDBNull(i) ? null : reader.GetValue(i);
            }

            rows.Add(row);
        }

        return rows;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

/// <summary>Short ways to write into a store.</summary>
internal static class SqliteWrites
{
    public static async Task<WorkspaceId> NewWorkspaceAsync(this IWeirStore store) =>
        (await store.Workspaces.CreateAsync("default", null, "UTC", CancellationToken.None))!.Id;

    /// <summary>One batch with a row for each id, each of which uses one unit more of the account's balance.</summary>
    public static async Task<IReadOnlyList<long>> UseAsync(this IWeirStore store, WorkspaceId workspace, string account, params string[] ids)
    {
        AccountKey key = new(account);
        await using ILedgerTransaction transaction = await store.Ledger.BeginAsync(workspace, CancellationToken.None);
        LedgerSnapshot snapshot = await transaction.LoadAsync(new LedgerLoad { Accounts = [key], Ids = [.. ids.Select(Digest.Of)] }, CancellationToken.None);
        AccountState state = snapshot.Accounts[key];
        BalanceKey balance = Sample.Key();
        Balance used = state.BalanceOf(balance, Sample.MonthEnd);
        AccountState next = state with
        {
            Account = state.Account with { Version = state.Account.Version + 1, DecidedAt = snapshot.Clock },
            Balances = state.Balances.SetItem(balance, used with { Used = used.Used + new Quantity(ids.Length) }),
            Rates = state.Rates.SetItem(new RateKey(ScopeKind.Account, 0, "api"), (state.Rates.GetValueOrDefault(new RateKey(ScopeKind.Account, 0, "api")) ?? RateWindow.Empty(NodaTime.Duration.FromHours(1))).Add(snapshot.Clock, ids.Length)),
        };
        bool isWritten = await transaction.WriteAsync(
            new LedgerWrites
            {
                Accounts = [new AccountWrite(next, [balance], [new RateKey(ScopeKind.Account, 0, "api")]) { Key = key }],
                Rows = [.. ids.Select(id => Sample.Row(id, Sample.Entry(state.Account.Id)))],
            },
            CancellationToken.None);
        Assert.True(isWritten, "An id is taken.");
        await transaction.CommitAsync(CancellationToken.None);
        return [.. ids.Select((_, index) => snapshot.NextSequence + index)];
    }

    public static async Task<long> UsedAsync(this IWeirStore store, WorkspaceId workspace, string account) =>
        (await store.Ledger.ReadStateAsync(workspace, new AccountKey(account), CancellationToken.None))!.Balances.GetValueOrDefault(Sample.Key())?.Used.Units ?? 0;
}

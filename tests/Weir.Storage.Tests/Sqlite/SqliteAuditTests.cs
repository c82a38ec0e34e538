using System.Text.Json.Nodes;

using Weir.Sqlite;

namespace Weir.Storage.Tests;

/// <summary>What somebody who can write the file may do to the audit log, and what verification makes of it.</summary>
public sealed class SqliteAuditTests
{
    private const string Columns = "at, actor, actor_name, action, target, before, after, previous, hash";

    [Theory(DisplayName = "AUD-2: a row that is changed, taken out, put in or moved is found, and the first broken link is named")]
    [InlineData("UPDATE audit SET action = 'key.revoked' WHERE number = 4", 4, AuditFault.Changed)]
    [InlineData("UPDATE audit SET at = at + 1 WHERE number = 4", 4, AuditFault.Changed)]
    [InlineData("UPDATE audit SET at = 9223372036854775807 WHERE number = 4", 4, AuditFault.Changed)]
    [InlineData("UPDATE audit SET actor = 'host' WHERE number = 4", 4, AuditFault.Changed)]
    [InlineData("UPDATE audit SET actor_name = NULL WHERE number = 4", 4, AuditFault.Changed)]
    [InlineData("UPDATE audit SET target = 'no kind' WHERE number = 4", 4, AuditFault.Changed)]
    [InlineData("UPDATE audit SET before = '{}' WHERE number = 4", 4, AuditFault.Changed)]
    [InlineData("UPDATE audit SET after = '{ \"n\":4}' WHERE number = 4", 4, AuditFault.Changed)]
    [InlineData("UPDATE audit SET previous = zeroblob(32) WHERE number = 4", 4, AuditFault.Changed)]
    [InlineData("UPDATE audit SET hash = zeroblob(32) WHERE number = 4", 4, AuditFault.Changed)]
    [InlineData("UPDATE audit SET hash = x'00' WHERE number = 9", 9, AuditFault.Changed)]
    [InlineData("DELETE FROM audit WHERE number = 1", 1, AuditFault.Missing)]
    [InlineData("DELETE FROM audit WHERE number BETWEEN 4 AND 6", 4, AuditFault.Missing)]
    [InlineData("DELETE FROM audit WHERE number = 4; UPDATE audit SET number = number - 1 WHERE number > 4", 4, AuditFault.Changed)]
    [InlineData($"INSERT INTO audit SELECT workspace, 11, {Columns} FROM audit WHERE number = 4", 11, AuditFault.Changed)]
    [InlineData($"INSERT INTO audit SELECT workspace, 0, {Columns} FROM audit WHERE number = 1", 0, AuditFault.Moved)]
    [InlineData("UPDATE audit SET number = 100 WHERE number = 4; UPDATE audit SET number = 4 WHERE number = 5; UPDATE audit SET number = 5 WHERE number = 100", 4, AuditFault.Changed)]
    public async Task Found(string sql, long number, AuditFault fault)
    {
        using SqliteFolder folder = new();
        AuditHead head = await WriteAsync(folder);
        folder.Query(sql);
        AuditVerification found = await VerifyAsync(folder, null);
        Assert.Equal(new AuditBreak(number, fault), found.Broken);
        Assert.Equal(Math.Max(number, 1) - 1, found.Head.Number);
        Assert.NotNull((await VerifyAsync(folder, head)).Broken);
    }

    [Fact(DisplayName = "AUD-2: a record that is written anew with a hash of its own breaks the link of the next")]
    public async Task Rehashed()
    {
        using SqliteFolder folder = new();
        await WriteAsync(folder);
        AuditRecord fourth = (await ReadAsync(folder)).Single(record => record.Number == 4) with { After = """{"n":40}""" };
        folder.Query($"UPDATE audit SET after = '{fourth.After}', hash = x'{AuditChain.Hex(AuditChain.HashOf(fourth))}' WHERE number = 4");
        Assert.Equal(new AuditBreak(5, AuditFault.Moved), (await VerifyAsync(folder, null)).Broken);
    }

    [Fact(DisplayName = "AUD-2: what is cut off at the end is missed by who noted the head; a chain that is written anew too")]
    public async Task CutOff()
    {
        using SqliteFolder folder = new();
        AuditHead head = await WriteAsync(folder);
        Assert.True(AuditHead.TryParse(head.ToString(), out AuditHead noted));
        Assert.Equal(head, noted);
        Assert.Equal(new AuditVerification(10, head, null), await VerifyAsync(folder, noted));

        folder.Query("DELETE FROM audit WHERE number > 7");
        AuditVerification shorter = await VerifyAsync(folder, null);
        Assert.Null(shorter.Broken);
        Assert.Equal(7, shorter.Head.Number);
        Assert.Equal(new AuditBreak(10, AuditFault.CutOff), (await VerifyAsync(folder, noted)).Broken);

        await using (SqliteStore store = await folder.OpenAsync(new FakeClock(Sample.Start)))
        {
            await AddAsync(store, (await store.Workspaces.FindAsync("default", CancellationToken.None))!.Id, 100, 4);
        }

        Assert.Null((await VerifyAsync(folder, null)).Broken);
        Assert.Equal(new AuditBreak(10, AuditFault.NotExpected), (await VerifyAsync(folder, noted)).Broken);
        Assert.Null((await VerifyAsync(folder, shorter.Head)).Broken);
    }

    /// <summary>Ten records; the last is the head.</summary>
    private static async Task<AuditHead> WriteAsync(SqliteFolder folder)
    {
        await using (SqliteStore store = await folder.OpenAsync(new FakeClock(Sample.Start)))
        {
            await AddAsync(store, await store.NewWorkspaceAsync(), 2, 9);
        }

        return (await ReadAsync(folder))[^1].Head;
    }

    private static async Task AddAsync(SqliteStore store, WorkspaceId workspace, int from, int count)
    {
        for (int i = from; i < from + count; i++)
        {
            AuditEntry entry = new(AuditActor.OfKey("k", "Key"), "test.done", new AuditTarget("test", $"{i}")) { After = new JsonObject { ["n"] = i } };
            await store.Keys.AddAsync(workspace, new ApiKey($"k{i}", "", true, KeyScopes.Read, default, Sample.Now, null), entry, CancellationToken.None);
        }
    }

    private static async Task<IReadOnlyList<AuditRecord>> ReadAsync(SqliteFolder folder)
    {
        await using SqliteStore store = await folder.OpenAsync(new FakeClock(Sample.Start), readOnly: true);
        return await store.Audit.ReadAsync(new WorkspaceId(1), new AuditFilter { Ascending = true }, CancellationToken.None);
    }

    private static async Task<AuditVerification> VerifyAsync(SqliteFolder folder, AuditHead? expected)
    {
        await using SqliteStore store = await folder.OpenAsync(new FakeClock(Sample.Start), readOnly: true);
        return await new AuditVerifier(store).VerifyAsync(new WorkspaceId(1), expected, CancellationToken.None);
    }
}

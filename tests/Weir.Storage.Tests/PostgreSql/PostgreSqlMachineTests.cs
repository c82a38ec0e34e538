using System.Diagnostics;

using NodaTime;

using Weir.Engine;
using Weir.PostgreSql;

namespace Weir.Storage.Tests;

/// <summary>What happens to the machine under the database: its disk is full or fails, its power goes, its clock steps back.</summary>
public sealed class PostgreSqlMachineTests
{
    /// <summary>Free properties of an event; they fill the disk.</summary>
    private static readonly string s_filling = new('x', 1_500);

    [Fact(DisplayName = "TX-2: when the database's disk is full nothing that was acknowledged is lost; with room, and a start where it has stopped, the same ids stand once")]
    public async Task AFullDisk()
    {
        if (PostgreSqlServer.OnADiskOf(80) is not { } server)
        {
            Assert.Skip("A disk of its own needs Linux and root.");
            return;
        }

        using PostgreSqlServer full = server;
        await using UsageDesk desk = await OpenAsync(full);
        List<string> kept = [];
        List<string> doubted = [];
        List<string> said = [];
        for (int i = 0; said.Count < 5; i++)
        {
            string[] ids = [.. Enumerable.Range(0, 20).Select(e => $"e-{i}-{e}")];
            try
            {
                IReadOnlyList<Outcome> outcomes = await RecordAsync(desk, ids);
                Assert.All(outcomes, outcome => Assert.True(outcome.Allowed, outcome.Failure?.Message));
                kept.AddRange(ids);
            }
            catch (StoreUnavailableException exception)
            {
                doubted.AddRange(ids);
                said.Add(exception.Message);
            }

            Assert.True(i < 10_000, "The disk does not fill.");
        }

        Assert.NotEmpty(kept);
        Assert.All(said, message => Assert.Contains("database", message, StringComparison.Ordinal));
        full.Grow(400);
        foreach (string[] ids in doubted.Chunk(20))
        {
            IReadOnlyList<Outcome> outcomes = await UntilAsync(() =>
            {
                // It may only be ending by now.
                if (full.HasEnded)
                {
                    full.StartAgain();
                }

                return RecordAsync(desk, ids);
            });
            Assert.All(outcomes, outcome => Assert.True(outcome.Allowed, outcome.Failure?.Message));
        }

        Assert.Equal([.. kept.Concat(doubted).Order(StringComparer.Ordinal)], (await IdsAsync(desk)).Order(StringComparer.Ordinal));
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        Assert.True((await desk.Get<Verifier>().VerifyAsync(desk.Workspace, CancellationToken.None)).IsClean);
    }

    [Fact(DisplayName = "TX-3: a database whose clock is behind after its start, as after a failover, decides on with times that rise for each account")]
    public async Task AClockThatIsBehind()
    {
        string? library = Directory.Exists("/usr/lib")
            ? Directory.EnumerateDirectories("/usr/lib").Select(place => Path.Combine(place, "faketime", "libfaketime.so.1")).FirstOrDefault(File.Exists)
            : null;
        if (library is null)
        {
            Assert.Skip("Another clock needs libfaketime.");
            return;
        }

        using PostgreSqlServer server = new();
        await using UsageDesk desk = await OpenAsync(server);
        Outcome before = (await RecordAsync(desk, ["before"]))[0];
        server.KillAll();
        server.StartAgain(("LD_PRELOAD", library), ("FAKETIME", "-10m"), ("FAKETIME_DONT_FAKE_MONOTONIC", "1"), ("FAKETIME_DISABLE_SHM", "1"));
        Instant clock = await UntilAsync(() => ClockAsync(server));
        Assert.True(clock < before.Entry!.RecordedAt - Duration.FromMinutes(5), $"The server's clock is at {clock}.");
        List<Instant> times = [before.Entry.RecordedAt];
        for (int i = 0; i < 5; i++)
        {
            times.Add((await UntilAsync(() => RecordAsync(desk, [$"after-{i}"])))[0].Entry!.RecordedAt);
        }

        Assert.Equal([.. times.Order()], times);
        Assert.Equal(times.Count, times.Distinct().Count());

        // Another account has no time to fall behind: it has the database's, whatever that is.
        Outcome other = (await desk.Get<AdmissionService>().RecordAsync(desk.Workspace, [Event("other", "beta")], CancellationToken.None))[0];
        Assert.True(other.Entry!.RecordedAt < times[0]);
        Assert.Equal(["after-0", "after-1", "after-2", "after-3", "after-4", "before"], (await IdsAsync(desk)).Order(StringComparer.Ordinal));
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        Assert.True((await desk.Get<Verifier>().VerifyAsync(desk.Workspace, CancellationToken.None)).IsClean);
    }

    [Fact(DisplayName = "TX-2: when the power of the database's machine goes, what was acknowledged is there when it is back, and the same ids stand once")]
    public async Task PowerCuts()
    {
        if (PostgreSqlServer.OnAnImage() is not { } machine)
        {
            Assert.Skip("A disk of its own needs Linux, root and loop devices.");
            return;
        }

        int cuts = Environment.GetEnvironmentVariable("WEIR_LONG_TESTS") is { Length: > 0 } ? 20 : 3;
        using PostgreSqlServer server = machine;
        await using UsageDesk desk = await OpenAsync(server);
        List<string> kept = [];
        for (int cut = 0; cut < cuts; cut++)
        {
            List<string> acknowledged = [];
            List<string[]> doubted = [];
            bool isOn = true;
            Task[] callers = [.. Enumerable.Range(0, 4).Select(caller => Task.Run(async () =>
            {
                for (int i = 0; Volatile.Read(ref isOn); i++)
                {
                    string[] ids = [.. Enumerable.Range(0, 10).Select(e => $"e-{cut}-{caller}-{i}-{e}")];
                    try
                    {
                        IReadOnlyList<Outcome> outcomes = await RecordAsync(desk, ids);
                        Assert.All(outcomes, outcome => Assert.True(outcome.Allowed, outcome.Failure?.Message));
                        lock (acknowledged)
                        {
                            acknowledged.AddRange(ids);
                        }
                    }
                    catch (StoreUnavailableException)
                    {
                        lock (doubted)
                        {
                            doubted.Add(ids);
                        }

                        return;
                    }
                }
            }))];
            Task calling = Task.WhenAll(callers);
            while (!IsAtLeast(acknowledged, 200))
            {
                Assert.False(calling.IsCompleted, "All callers were refused before the power went.");
                await Task.Delay(TimeSpan.FromMilliseconds(5));
            }

            server.CutPower(() => Volatile.Write(ref isOn, false));
            await calling;
            server.StartAgain();
            List<string> there = await UntilAsync(() => IdsAsync(desk));
            Assert.Empty(kept.Concat(acknowledged).Except(there, StringComparer.Ordinal));
            foreach (string[] ids in doubted)
            {
                Assert.All(await UntilAsync(() => RecordAsync(desk, ids)), outcome => Assert.True(outcome.Allowed, outcome.Failure?.Message));
            }

            kept.AddRange(acknowledged.Concat(doubted.SelectMany(ids => ids)));
        }

        Assert.Equal([.. kept.Order(StringComparer.Ordinal)], (await IdsAsync(desk)).Order(StringComparer.Ordinal));
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        Assert.True((await desk.Get<Verifier>().VerifyAsync(desk.Workspace, CancellationToken.None)).IsClean);
    }

    [Fact(DisplayName = "TX-2: when the database's disk fails at a sync, nothing that was acknowledged is lost, and the same ids stand once")]
    public async Task AFailedSync()
    {
        using PostgreSqlServer server = new();
        await using UsageDesk desk = await OpenAsync(server);
        await RecordAsync(desk, ["first"]);
        List<string> kept = ["first"];
        int failed = 0;
        ProcessStartInfo start = new("strace", ["-f", "-qq", "-o", "/dev/null", .. server.Processes().SelectMany(process => (string[])["-p", $"{process}"]), "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=20"])
        {
            RedirectStandardError = true, UseShellExecute = false,
        };
        Process tracer;
        try
        {
            tracer = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("strace is not installed.");
            return;
        }

        using (tracer)
        {
            try
            {
                // Each process of the server is refused its twentieth; the server ends all of them at that, and recovers.
                for (int i = 0; failed < 3; i++)
                {
                    string[] ids = [.. Enumerable.Range(0, 5).Select(e => $"e-{i}-{e}")];
                    IReadOnlyList<Outcome> outcomes;
                    try
                    {
                        outcomes = await RecordAsync(desk, ids);
                    }
                    catch (StoreUnavailableException)
                    {
                        failed++;
                        outcomes = await UntilAsync(() => RecordAsync(desk, ids));
                    }

                    Assert.All(outcomes, outcome => Assert.True(outcome.Allowed, outcome.Failure?.Message));
                    kept.AddRange(ids);
                    Assert.SkipWhen(tracer.HasExited, "Processes may not be traced here.");
                    Assert.True(i < 1_000, "No sync fails.");
                }
            }
            finally
            {
                // A tracer that lets go of a running process can stop it for good.
                server.KillAll();
                tracer.Kill();
                await tracer.WaitForExitAsync();
            }
        }

        server.StartAgain();
        Assert.Equal([.. kept.Order(StringComparer.Ordinal)], (await UntilAsync(() => IdsAsync(desk))).Order(StringComparer.Ordinal));
        await desk.Projector.CatchUpAsync(desk.Workspace, CancellationToken.None);
        Assert.True((await desk.Get<Verifier>().VerifyAsync(desk.Workspace, CancellationToken.None)).IsClean);
    }

    private static async Task<UsageDesk> OpenAsync(PostgreSqlServer server)
    {
        server.Execute("postgres", "CREATE ROLE weir_owner LOGIN CREATEROLE", "CREATE DATABASE weir OWNER weir_owner");
        await PostgreSqlSchema.MigrateAsync(server.ConnectionString("weir", "weir_owner"), "weir_runtime", null, CancellationToken.None);
        return await UsageDesk.OpenAsync(SystemClock.Instance.GetCurrentInstant(), _ => new PostgreSqlStore(server.ConnectionString("weir", "weir_runtime")));
    }

    private static UsageEvent Event(string id, string account = "acme") =>
        new() { Id = new EventId(id), Account = new AccountKey(account), Type = "ping", Properties = Properties.Of([KeyValuePair.Create("note", PropertyValue.Of(s_filling))]) };

    private static Task<IReadOnlyList<Outcome>> RecordAsync(UsageDesk desk, string[] ids) =>
        desk.Get<AdmissionService>().RecordAsync(desk.Workspace, [.. ids.Select(id => Event(id))], CancellationToken.None);

    /// <summary>A server that has just started has no connection yet.</summary>
    private static async Task<T> UntilAsync<T>(Func<Task<T>> work)
    {
        for (int tries = 0; ; tries++)
        {
            try
            {
                return await work();
            }
            catch (Exception exception) when (exception is StoreUnavailableException or Npgsql.NpgsqlException && tries < 600)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50));
            }
        }
    }

    private static bool IsAtLeast(List<string> ids, int count)
    {
        lock (ids)
        {
            return ids.Count >= count;
        }
    }

    private static async Task<Instant> ClockAsync(PostgreSqlServer server)
    {
        await using Npgsql.NpgsqlConnection connection = new(new Npgsql.NpgsqlConnectionStringBuilder(server.ConnectionString("weir", "postgres")) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using Npgsql.NpgsqlCommand command = new("SELECT clock_timestamp()", connection);
        return Instant.FromDateTimeUtc((DateTime)(await command.ExecuteScalarAsync())!);
    }

    private static async Task<List<string>> IdsAsync(UsageDesk desk)
    {
        List<string> ids = [];
        long after = 0;
        while (await desk.Store.Ledger.FollowAsync(desk.Workspace, after, 1_000, CancellationToken.None) is { Count: > 0 } page)
        {
            ids.AddRange(page.Where(stored => stored.Details.Id is not "other").Select(stored => stored.Details.Id!));
            after = page[^1].Sequence;
        }

        return ids;
    }
}

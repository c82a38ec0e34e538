using System.Diagnostics;
using System.Text.Json;

namespace Weir.Chaos;

/// <summary>
/// Jobs that hold credits and slots and end in every way there is, uses that are taken back, and grants: each step under its id until it is
/// known, some of them sent twice at once or again. The accounts change as time goes on, so that all of them come to their limits.
/// </summary>
internal sealed class JobLoad(Fleet fleet, Books books, JobBooks told)
{
    private const int StepsOfAccounts = 400;
    private const int AccountsAtATime = 4;
    private const int ShortTtl = 1;

    /// <summary>Of what may hold although its caller was told otherwise, or is ended in time if all goes well.</summary>
    private const int MiddleTtl = 5;

    private const int LongTtl = 3_600;
    private const int GrantedAtOnce = 20;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    private int _steps;

    public int Steps => Volatile.Read(ref _steps);

    /// <summary>One job, use or grant, to its end.</summary>
    public async Task StepAsync(Caller caller, Random random)
    {
        int number = Interlocked.Increment(ref _steps);
        string account = $"{Menu.JobAccounts}{(number / StepsOfAccounts * AccountsAtATime) + random.Next(AccountsAtATime)}";
        switch (random.Next(10))
        {
            case < 6:
                await JobAsync(caller, random, number, account);
                break;
            case < 9:
                await SpendAsync(caller, random, number, account);
                break;
            default:
                await SpendAsync(caller, random, number, account);
                ToldGrant grant = new($"grant-{number}", account, random.Next(1, GrantedAtOnce));
                await SomeTimesAsync(random, async () => told.TakeGranted(
                    grant, (await caller.AskAsync($"/api/v1/accounts/{account}/grants", new { id = grant.Id, meter = Menu.Credits, amount = grant.Amount, reason = "goodwill" }, grant.Id)).Answer));
                break;
        }
    }

    /// <summary>
    /// The last jobs stand open on all nodes, who show what they hold, and are given up; then everything has ended or ends by time, and is
    /// written down.
    /// </summary>
    public async Task EndAsync(IReadOnlyList<Caller> callers)
    {
        string account = Menu.JobAccounts + "last";
        Job[] last = [.. Enumerable.Range(1, 5).Select(amount => new Job($"last-{amount}", account, Menu.Hold, amount, LongTtl, Wait: 0))];
        int held = 0;
        foreach (Job job in last)
        {
            await ReserveAsync(callers[job.Amount % callers.Count], job);
            await ShowAsync(account, held += job.Amount);
        }

        foreach (Job job in last)
        {
            await EndAsync(callers[job.Amount % callers.Count], job, "release", 0, mayExceed: false, new { });
            await ShowAsync(account, held -= job.Amount);
        }

        long began = Stopwatch.GetTimestamp();
        while (await LogReader.OpenAsync(fleet.Nodes[0].Client) is > 0 and int open)
        {
            if (Stopwatch.GetElapsedTime(began) > s_patience)
            {
                books.Violate($"held: {open} reservations are open still");
                return;
            }

            await Task.Delay(100);
        }
    }

    private static Task SomeTimesAsync(Random random, Func<Task> step) => random.Next(4) == 0 ? Task.WhenAll(step(), step()) : step();

    private async Task ShowAsync(string account, int held)
    {
        foreach (Node node in fleet.Nodes)
        {
            if ((await LogReader.CreditsAsync(node.Client, account)).Held is var shown && shown != held)
            {
                books.Violate($"held: {node.ApplicationName} shows {shown} credits held of {account}, and {held} are");
            }
        }
    }

    private async Task SpendAsync(Caller caller, Random random, int number, string account)
    {
        string id = $"spend-{number}";
        int amount = random.Next(1, 10);
        object body = new { id, account, type = Menu.Spend, properties = new { n = amount } };
        bool allowed = false;
        await SomeTimesAsync(random, async () => allowed = told.TakeSpent(id, account, amount, (await caller.AskAsync("/api/v1/consume", body, id)).Answer));
        if (allowed && random.Next(3) == 0)
        {
            await SomeTimesAsync(random, async () => told.TakeReversed(id, (await caller.AskAsync($"/api/v1/events/{id}/reverse", new { reason = "a mistake" }, id)).Answer));
        }
    }

    private async Task JobAsync(Caller caller, Random random, int number, string account)
    {
        bool takesSlot = random.Next(2) == 0;
        int wait = takesSlot && random.Next(2) == 0 ? 1 : 0;
        int how = random.Next(10);
        int amount = random.Next(2, 10);
        Job job = new(
            $"job-{number}", account, takesSlot ? Menu.Run : Menu.Hold, amount, how < 2 ? ShortTtl : wait > 0 || random.Next(2) == 0 ? MiddleTtl : LongTtl, wait);
        JsonElement? answer = null;
        await SomeTimesAsync(random, async () => answer = await ReserveAsync(caller, job));
        if (answer is not { } reserved)
        {
            return;
        }

        long? fence = reserved.GetProperty("slot") is { ValueKind: JsonValueKind.Object } slot ? slot.GetProperty("fence").GetInt64() : null;
        Task CommitAsync(int used, string? overrun) => SomeTimesAsync(random, () => EndAsync(
            caller, job, $"commit {used} {overrun}", used, mayExceed: overrun == "record", overrun is null ? new { } : new { properties = new { n = used }, overrun }));
        switch (how)
        {
            // It ends by time, and nobody comes back.
            case 0:
                break;

            // It ends by time, and its caller comes too late.
            case 1:
                TimeSpan rest = reserved.GetProperty("expiresAt").GetDateTimeOffset() - DateTimeOffset.UtcNow;
                await Task.Delay(rest > TimeSpan.Zero ? rest + TimeSpan.FromMilliseconds(5) : TimeSpan.Zero);
                await CommitAsync(amount, null);
                break;
            case 2:
                await SomeTimesAsync(random, () => EndAsync(caller, job, "release", 0, mayExceed: false, new { }));
                break;
            case 3:
                await CommitAsync(random.Next(1, amount), "reject");
                break;
            case 4:
                // More than is held is refused, and what is held can be committed still.
                await CommitAsync(amount + 3, "reject");
                await CommitAsync(amount, null);
                break;
            case 5:
                await CommitAsync(amount + 3, "consume");
                await EndAsync(caller, job, "release", 0, mayExceed: false, new { });
                break;
            case 6:
                await CommitAsync(amount + 3, "record");
                break;
            case 7:
                (int status, string text) = await caller.AskAsync($"/api/v1/reservations/{job.Id}/extend", new { ttl = MiddleTtl, progress = 0.5 }, job.Id);
                told.TakeExtended(job, status, text);
                await CommitAsync(amount, null);
                break;
            case 8:
                // Two ends at once: one of them wins.
                await Task.WhenAll(CommitAsync(amount, null), EndAsync(caller, job, "release", 0, mayExceed: false, new { }));
                break;
            default:
                // Under its fence, and without one where the slot is gone by then.
                object body = fence is null ? new { } : new { fence };
                if (!await EndAsync(caller, job, $"commit {fence}", amount, mayExceed: false, body))
                {
                    await CommitAsync(amount, null);
                }

                break;
        }
    }

    private async Task<JsonElement?> ReserveAsync(Caller caller, Job job)
    {
        object body = new { id = job.Id, account = job.Account, type = job.Type, ttl = job.Ttl, wait = job.Wait, properties = new { n = job.Amount } };
        return told.TakeReserved(job, (await caller.AskAsync("/api/v1/reservations", body, job.Id, TimeSpan.FromSeconds(job.Wait))).Answer);
    }

    private async Task<bool> EndAsync(Caller caller, Job job, string request, int amount, bool mayExceed, object body)
    {
        (int status, string text) = await caller.AskAsync($"/api/v1/reservations/{job.Id}/{request.Split(' ')[0]}", body, job.Id);
        return told.TakeEnd(job, request, amount, mayExceed, status, text);
    }
}

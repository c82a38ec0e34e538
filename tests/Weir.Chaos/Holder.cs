using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

using Weir.Server.Tests.Program;

namespace Weir.Chaos;

/// <summary>A job as its holder knows it.</summary>
internal sealed record HeldJob(string Id, string Account, string Kind, long Fence, DateTimeOffset ExpiresAt);

/// <summary>
/// A process that holds. One of a herd makes its share of reservations, gives a few slots back, and keeps its newest alive until it is
/// killed; a keeper holds some slots alive until a line comes in. Everything it is told stands in its book, each line with the operating
/// system before the next is written.
/// </summary>
internal sealed class Holder : IAsyncDisposable
{
    public const int HerdTtl = 2;

    /// <summary>Calls at the same time.</summary>
    private const int Lanes = 12;

    /// <summary>Of its newest reservations, those that one of a herd keeps alive.</summary>
    private const int Newest = 300;

    private static readonly TimeSpan s_beat = TimeSpan.FromMilliseconds(500);

    private readonly Lock _gate = new();
    private readonly HttpClient _client;
    private readonly StreamWriter _book;

    public Holder(Uri server, string key, string book)
    {
        _client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 64 }) { BaseAddress = server, Timeout = WeirProcess.Patience };
        _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        _book = new StreamWriter(book, append: true) { AutoFlush = true };
    }

    /// <summary>Reserves its share, and goes on until it is killed.</summary>
    /// <param name="until">When what is reserved before ends by time: that is how many can be live at once, however slowly they are made.</param>
    public async Task<int> HerdAsync(string name, int share, int accounts, DateTimeOffset until, int seed)
    {
        int Ttl() => Math.Max(HerdTtl, (int)(until - DateTimeOffset.UtcNow).TotalSeconds);
        int made = 0;
        int next = 0;
        int ready = 0;
        List<HeldJob> newest = [];
        await Task.WhenAll(Enumerable.Range(0, Lanes).Select(lane => Task.Run(async () =>
        {
            Random random = new(Seed.Of(seed, int.Parse(name.AsSpan(1)), lane));
            while (true)
            {
                if (Volatile.Read(ref made) < share)
                {
                    string type = random.Next(10) switch { < 7 => "work", < 9 => "job", _ => "cut" };
                    string id = $"{name}-{Interlocked.Increment(ref next)}";
                    if (await ReserveAsync(id, $"account-{random.Next(accounts)}", type, random.Next(1, 5), Ttl(), wait: 0) is not { } job)
                    {
                        continue;
                    }

                    if (job.Kind.Length > 0 && random.Next(3) > 0)
                    {
                        await Task.Delay(random.Next(200));
                        await EndAsync(job, random.Next(2) == 0 ? "commit" : "release", job.Fence);
                        continue;
                    }

                    Interlocked.Increment(ref made);
                    lock (newest)
                    {
                        newest.Add(job);
                        newest.RemoveRange(0, Math.Max(0, newest.Count - Newest));
                    }

                    continue;
                }

                if (Interlocked.Exchange(ref ready, 1) == 0)
                {
                    Write(new HolderLine("ready"));
                }

                HeldJob kept;
                lock (newest)
                {
                    kept = newest[random.Next(newest.Count)];
                }

                await ExtendAsync(kept, HerdTtl);
            }
        })));
        return 0;
    }

    /// <summary>Holds slots alive until a line comes in, then ends them. One that it has lost it ends late.</summary>
    /// <param name="types">A slot of each.</param>
    public async Task<int> KeepAsync(string name, string account, string[] types, int ttl)
    {
        Task<string?> told = Task.Run(Console.In.ReadLineAsync);
        List<HeldJob> jobs = [];
        foreach (string type in types)
        {
            jobs.Add(await ReserveAsync($"{name}-{jobs.Count}", account, type, 3, ttl, wait: 0) ?? throw new InvalidOperationException($"{name} got no slot for {type}."));
        }

        Write(new HolderLine("ready"));
        while (jobs.Count > 0)
        {
            await Task.WhenAny(told, Task.Delay(s_beat));
            foreach (HeldJob job in jobs.ToList())
            {
                if (!told.IsCompleted && await ExtendAsync(job, ttl))
                {
                    continue;
                }

                if (!await EndAsync(job, "commit", job.Fence))
                {
                    await EndAsync(job, "commit", fence: null);
                }

                jobs.Remove(job);
            }
        }

        return 0;
    }

    /// <returns>Null when it was denied.</returns>
    public async Task<HeldJob?> ReserveAsync(string id, string account, string type, int n, int ttl, int wait)
    {
        Write(new HolderLine("asked", id, account, Ttl: ttl));
        (HttpStatusCode status, JsonElement answer) = await PostAsync("/api/v1/reservations", new { id, account, type, user = "u" + (n % 2), ttl, wait, properties = new { n } });
        if (status != HttpStatusCode.OK)
        {
            Odd(id, status, answer);
            return null;
        }

        if (!answer.GetProperty("allowed").GetBoolean())
        {
            Write(new HolderLine("denied", id, account, Said: answer.GetProperty("reason").GetString()!));
            return null;
        }

        JsonElement slot = answer.GetProperty("slot");
        bool hasSlot = slot.ValueKind == JsonValueKind.Object;
        HeldJob job = new(
            id, account, hasSlot ? slot.GetProperty("kind").GetString()! : "", hasSlot ? slot.GetProperty("fence").GetInt64() : 0, answer.GetProperty("expiresAt").GetDateTimeOffset());
        Write(new HolderLine("reserved", id, account, job.Kind, job.Fence, ttl, job.ExpiresAt));
        return job;
    }

    /// <returns>Whether it holds on.</returns>
    public async Task<bool> ExtendAsync(HeldJob job, int ttl, long? fence = null)
    {
        object body = job.Kind.Length > 0 ? new { ttl, fence = fence ?? job.Fence } : new { ttl };
        (HttpStatusCode status, JsonElement answer) = await PostAsync($"/api/v1/reservations/{job.Id}/extend", body);
        if (status == HttpStatusCode.OK)
        {
            Write(new HolderLine("extended", job.Id, job.Account, job.Kind, job.Fence, ttl, answer.GetProperty("expiresAt").GetDateTimeOffset()));
            return true;
        }

        Refused(job, "extend", status, answer);
        return false;
    }

    /// <param name="how">commit or release.</param>
    /// <returns>Whether it has ended by this.</returns>
    public async Task<bool> EndAsync(HeldJob job, string how, long? fence)
    {
        Write(new HolderLine("ending", job.Id, job.Account));
        (HttpStatusCode status, JsonElement answer) = await PostAsync($"/api/v1/reservations/{job.Id}/{how}", fence is null ? new { } : new { fence });
        if (status == HttpStatusCode.OK)
        {
            Write(new HolderLine("ended", job.Id, job.Account, job.Kind, job.Fence, Said: $"{how} 200 {answer.GetProperty("state").GetString()}"));
            return true;
        }

        Refused(job, how, status, answer);
        return false;
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _book.DisposeAsync();
    }

    private void Refused(HeldJob job, string what, HttpStatusCode status, JsonElement answer)
    {
        if (status == HttpStatusCode.Conflict)
        {
            Write(new HolderLine("refused", job.Id, job.Account, job.Kind, job.Fence, Said: $"{what} 409 {answer.GetProperty("code").GetString()} {answer.GetProperty("state").GetString()}"));
        }
        else
        {
            Odd(job.Id, status, answer);
        }
    }

    private void Odd(string id, HttpStatusCode status, JsonElement answer) => Write(new HolderLine("odd", id, Said: $"{(int)status} {answer}"));

    private async Task<(HttpStatusCode Status, JsonElement Answer)> PostAsync(string path, object body)
    {
        using HttpResponseMessage response = await _client.PostAsJsonAsync(path, body);
        return (response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>());
    }

    private void Write(HolderLine line)
    {
        string text = JsonSerializer.Serialize(line);
        lock (_gate)
        {
            _book.WriteLine(text);
        }
    }
}

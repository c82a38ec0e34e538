using System.Globalization;

namespace Weir.Chaos;

// The client's types, beside those of the shell that have the same names.
using Weir.Client;
using UsageEvent = Weir.Client.UsageEvent;
using UsageRecorder = Weir.Client.UsageRecorder;

/// <summary>
/// A process that records through the client and writes down what it was told: <c>+ id</c> when the record was acknowledged, <c>- id</c>
/// when it was refused. It records until a line comes in, then keeps its spool on the way until its input ends.
/// </summary>
internal static class SpoolSender
{
    /// <summary>Between two looks at the clock.</summary>
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(10);

    private const int MostInFlight = 20_000;

    /// <param name="rate">Records a second; 0 sends one after the other.</param>
    /// <param name="since">Records from this time on are due at the start, in Unix milliseconds; 0 begins now.</param>
    /// <param name="refusals">Ends after so many refusals; 0 goes on.</param>
    public static async Task<int> RunAsync(Uri server, string key, string spool, string name, string book, int rate, long since, int refusals)
    {
        WeirClientOptions options = new() { BaseAddress = server, Key = key, MostAttempts = 2, AttemptTimeout = TimeSpan.FromSeconds(5) };
        options.Spool.Folder = spool;
        options.Spool.OrphanInterval = TimeSpan.FromSeconds(1);
        options.LongestBackOff = TimeSpan.FromSeconds(1);
        if (rate == 0)
        {
            options.Recorder.FlushInterval = TimeSpan.Zero;
        }

        await using WeirClient client = new(options);
        await using UsageRecorder recorder = new(client);
        await using Book written = new(book);
        Task<string?> told = Task.Run(Console.In.ReadLineAsync);
        int next = 0;
        int inFlight = 0;
        TimeSpan behind = since == 0 ? TimeSpan.Zero : DateTimeOffset.UtcNow - DateTimeOffset.FromUnixTimeMilliseconds(since);
        long begun = System.Diagnostics.Stopwatch.GetTimestamp();
        while (!told.IsCompleted && (refusals == 0 || written.Refused < refusals))
        {
            if (rate == 0)
            {
                await RecordAsync(next++);
                continue;
            }

            double due = (System.Diagnostics.Stopwatch.GetElapsedTime(begun) + behind).TotalSeconds * rate;
            while (next < due && Volatile.Read(ref inFlight) < MostInFlight)
            {
                Interlocked.Increment(ref inFlight);
                _ = RecordAsync(next++).ContinueWith(_ => Interlocked.Decrement(ref inFlight), TaskScheduler.Default);
            }

            await Task.Delay(s_tick);
        }

        if (refusals == 0 && await told is not null)
        {
            // No more records; the spool goes on until the input ends.
            await Console.In.ReadLineAsync();
        }

        return 0;

        async Task RecordAsync(int number)
        {
            string id = string.Create(CultureInfo.InvariantCulture, $"{name}-{number}");
            UsageEvent e = new(string.Create(CultureInfo.InvariantCulture, $"account-{number % Sender.Accounts}"), "work") { Id = id, Properties = new() { ["n"] = 1 + (number % 100) } };
            try
            {
                RecordResult result = await recorder.RecordAsync(e);
                written.Write(result.Status == RecordStatus.Rejected ? '!' : '+', id);
            }
            catch (WeirUnavailableException)
            {
                written.Write('-', id);
            }
        }
    }

    /// <summary>Each line is with the operating system before the next is written, so that it outlives the process.</summary>
    private sealed class Book(string path) : IAsyncDisposable
    {
        private readonly Lock _gate = new();
        private readonly StreamWriter _file = new(path, append: true) { AutoFlush = true };
        private int _refused;

        public int Refused => Volatile.Read(ref _refused);

        public void Write(char what, string id)
        {
            lock (_gate)
            {
                _file.WriteLine($"{what} {id}");
            }

            if (what == '-')
            {
                Interlocked.Increment(ref _refused);
            }
        }

        public async ValueTask DisposeAsync() => await _file.DisposeAsync();
    }
}

using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;

using Microsoft.Extensions.Logging;

namespace Weir.Client;

/// <summary>
/// Brings what the spool holds to the server: in order, with the ids that it was given, again and again until it is there. A record that
/// the server does not take goes to the quarantine with its answer, and the others go on. What is wrong with the connection or the key
/// is no fault of the records: they wait.
/// </summary>
internal sealed class SpoolDelivery : IAsyncDisposable
{
    private readonly SpoolStore _store;
    private readonly Transport _transport;
    private readonly KeptIds _kept;
    private readonly WeirClientOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _work = new(0, 1);
    private readonly SemaphoreSlim _back = new(0, 1);
    private readonly Task _running;
    private volatile string? _trouble;
    private long _adopted;

    public SpoolDelivery(SpoolStore store, Transport transport, KeptIds kept, WeirClientOptions options, TimeProvider time, ILogger logger)
    {
        _store = store;
        _transport = transport;
        _kept = kept;
        _options = options;
        _time = time;
        _logger = logger;
        store.Added = () => Signal(_work);
        _running = Task.Run(RunAsync);
    }

    public SpoolHealth Health => _store.Health(_trouble);

    /// <summary>The server is there again.</summary>
    public void Wake() => Signal(_back);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private static void Signal(SemaphoreSlim semaphore)
    {
        try
        {
            semaphore.Release();
        }
        catch (SemaphoreFullException)
        {
            // It has been told already.
        }
    }

    private async Task RunAsync()
    {
        int failures = 0;
        bool first = true;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (first || _time.GetElapsedTime(_adopted) >= _options.Spool.OrphanInterval)
                {
                    first = false;
                    _adopted = _time.GetTimestamp();
                    _store.Adopt();
                }

                if (_store.Next(WeirClient.MostEvents) is { } batch)
                {
                    await DeliverAsync(batch);
                    _trouble = null;
                    failures = 0;
                    continue;
                }

                await _work.WaitAsync(_options.Spool.OrphanInterval, _stop.Token);
                continue;
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is WeirUnavailableException or WeirProblemException or IOException or UnauthorizedAccessException)
            {
                Report(exception.Message);
            }
            catch (Exception exception)
            {
                Report(exception.Message);
                Log.SpoolFault(_logger, exception);
            }

            await PauseAsync(++failures);
        }
    }

    private void Report(string trouble)
    {
        if (_trouble is null)
        {
            Log.SpoolWaits(_logger, trouble);
        }

        _trouble = trouble;
    }

    private async Task PauseAsync(int failures)
    {
        double most = Math.Min(_options.LongestBackOff.TotalMilliseconds, _options.FirstBackOff.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 30)));
        try
        {
            await _back.WaitAsync(TimeSpan.FromMilliseconds(most * (0.5 + (Random.Shared.NextDouble() / 2))), _stop.Token);
        }
        catch (OperationCanceledException)
        {
            // It ends.
        }
    }

    private async Task DeliverAsync(SpoolBatch batch)
    {
        List<SpoolEntry> entries = [.. batch.Records.Select(SpoolEntry.Parse)];
        List<PoisonRecord> poison = [];
        for (int at = 0; at < entries.Count;)
        {
            int run = at;
            while (run < entries.Count && entries[run].Kind == SpoolKinds.Event)
            {
                run++;
            }

            if (run > at)
            {
                await RecordAsync(entries[at..run], poison);
                at = run;
            }
            else
            {
                await SendAloneAsync(entries[at++], poison);
            }
        }

        if (poison.Count > 0)
        {
            _store.Quarantine(poison);
            foreach (PoisonRecord record in poison)
            {
                _kept.Forget(record.Entry.Id);
            }
        }

        _store.Advance(batch, poison.Count);
    }

    private async Task RecordAsync(List<SpoolEntry> events, List<PoisonRecord> poison)
    {
        RecordAnswer answer;
        try
        {
            answer = await PostAsync("events", Array(events));
        }
        catch (WeirProblemException problem) when (problem.IsAboutContent)
        {
            // One of them makes the whole unreadable or too large: halves show which.
            if (events.Count > 1)
            {
                await RecordAsync(events[..(events.Count / 2)], poison);
                await RecordAsync(events[(events.Count / 2)..], poison);
            }
            else if (!await ResolveAsync(events[0], problem.Code))
            {
                poison.Add(new PoisonRecord(events[0], (int)problem.Status, problem.Code, problem.Message));
            }

            return;
        }

        if (answer.Results.Count != events.Count)
        {
            throw new InvalidOperationException($"The server answered {answer.Results.Count} results to {events.Count} events.");
        }

        for (int i = 0; i < events.Count; i++)
        {
            RecordResult result = answer.Results[i];
            if (result.Status == RecordStatus.Rejected && !await ResolveAsync(events[i], result.Code))
            {
                poison.Add(new PoisonRecord(events[i], null, result.Code, result.Detail));
            }
        }
    }

    /// <summary>
    /// The id stands for what was sent first, when nobody knew whether it would arrive. Sent once more as it was, it answers what became of
    /// it: either the usage is recorded already, or it was denied, and then what went ahead all the same is recorded under an id of its own.
    /// </summary>
    private async Task<bool> ResolveAsync(SpoolEntry entry, string? code)
    {
        if (code != "id_reused" || entry.FirstPath is null)
        {
            return false;
        }

        try
        {
            Answer answer = await SendAsync(entry.FirstPath, entry.FirstBody);
            if (Denial(answer) is null)
            {
                using JsonDocument document = JsonDocument.Parse(answer.Body);
                return !document.RootElement.TryGetProperty("results"u8, out JsonElement results)
                    || results[0].GetProperty("status"u8).GetString() != "rejected";
            }
        }
        catch (WeirProblemException problem) when (problem.Code == "reservation_not_found")
        {
            // The hold was denied: its denial is what the id stands for.
        }
        catch (WeirProblemException problem) when (problem.IsAboutContent)
        {
            return false;
        }

        JsonNode body = JsonNode.Parse(entry.Body.Span)!;
        body["id"] = IdAfterDenial(entry.Id);
        ArrayBufferWriter<byte> buffer = new(entry.Body.Length + 32);
        using (Utf8JsonWriter writer = new(buffer, EventJson.Writing))
        {
            body.WriteTo(writer);
        }

        RecordAnswer recorded = await PostAsync("events", buffer.WrittenMemory);
        return recorded.Results is [{ Status: not RecordStatus.Rejected }];
    }

    /// <summary>The id under which usage is recorded that Weir denied, unheard, and the client allowed.</summary>
    internal static string IdAfterDenial(string id)
    {
        const string Mark = ".allowed-while-unavailable";
        return id.Length + Mark.Length <= 255 ? id + Mark
            : Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(id))) + Mark;
    }

    private async Task SendAloneAsync(SpoolEntry entry, List<PoisonRecord> poison)
    {
        if (entry.Kind is not (SpoolKinds.Commit or SpoolKinds.Release))
        {
            poison.Add(new PoisonRecord(entry, null, "unknown_record", "A program of another version has written this record."));
            return;
        }

        try
        {
            string path = $"reservations/{WeirClient.Part(entry.Id, nameof(entry))}/{entry.Kind}";
            Answer answer = await SendAsync(path, entry.Body);
            if (entry.Kind == SpoolKinds.Commit && Denial(answer) is { } reason)
            {
                poison.Add(new PoisonRecord(entry, (int)answer.Status, reason, "The commit was denied."));
            }
        }
        catch (WeirProblemException problem) when (problem.IsAboutContent || problem.Code == "reservation_not_found")
        {
            // A hold that is gone needs no release; a commit has something to tell, unless its first words have told it.
            if (entry.Kind == SpoolKinds.Commit && !(problem.Code == "reservation_ended" && await IsAnsweredAsync(entry)))
            {
                poison.Add(new PoisonRecord(entry, (int)problem.Status, problem.Code, problem.Message));
            }
        }
    }

    /// <summary>Whether what was sent first has arrived, unheard: then it is answered again.</summary>
    private async Task<bool> IsAnsweredAsync(SpoolEntry entry)
    {
        try
        {
            return Denial(await SendAsync(entry.FirstPath!, entry.FirstBody)) is null;
        }
        catch (WeirProblemException problem) when (problem.IsAboutContent)
        {
            return false;
        }
    }

    /// <summary>The reason of an answer that denies; null of one that does not.</summary>
    private static string? Denial(Answer answer)
    {
        using JsonDocument document = JsonDocument.Parse(answer.Body);
        return document.RootElement.TryGetProperty("allowed"u8, out JsonElement allowed) && allowed.ValueKind == JsonValueKind.False
            ? document.RootElement.TryGetProperty("reason"u8, out JsonElement reason) ? reason.GetString() : "denied"
            : null;
    }

    private async Task<RecordAnswer> PostAsync(string path, ReadOnlyMemory<byte> body)
    {
        Answer answer = await SendAsync(path, body);
        return WeirClient.Read(answer, ClientJson.Default.RecordAnswer);
    }

    private Task<Answer> SendAsync(string path, ReadOnlyMemory<byte> body) =>
        _transport.SendAsync(new Call(HttpMethod.Post, path) { Body = body, Timeout = _options.CallTimeout, AttemptTimeout = _options.CallTimeout, MostAttempts = 1 }, _stop.Token);

    private static ReadOnlyMemory<byte> Array(List<SpoolEntry> events)
    {
        ArrayBufferWriter<byte> buffer = new(events.Sum(e => e.Body.Length + 1) + 2);
        buffer.Write("["u8);
        for (int i = 0; i < events.Count; i++)
        {
            buffer.Write(i == 0 ? [] : ","u8);
            buffer.Write(events[i].Body.Span);
        }

        buffer.Write("]"u8);
        return buffer.WrittenMemory;
    }
}

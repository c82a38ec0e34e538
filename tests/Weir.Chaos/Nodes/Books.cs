using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Weir.Chaos;

/// <summary>What a caller means to use, under one id for as long as it has no answer.</summary>
/// <param name="Amount">Of the meter <c>work</c>; calls count one each.</param>
internal sealed record Use(string Id, string Account, string Type, int Amount);

/// <summary>A use and what its caller was told in the end.</summary>
/// <param name="Calls">The calls of the account after it, where it is about calls and was allowed.</param>
/// <param name="Sent">When it was first sent, in ticks of the stopwatch.</param>
/// <param name="Answered">When the answer came.</param>
/// <param name="Asked">The nodes that were asked, a bit each by number.</param>
internal sealed record Told(Use Use, bool Allowed, long? Calls, byte[] Answer, long Sent, long Answered, int Asked);

/// <summary>One request to one node, in ticks of the stopwatch.</summary>
/// <param name="Status">Of HTTP; 0 when the connection broke off, or nobody answered.</param>
/// <param name="Wait">How long the caller said that he waits.</param>
internal sealed record Try(int Node, long Began, long Ended, int Status, TimeSpan Wait);

/// <summary>The books of the callers: what they asked for, what they were told, and what they should not have been told.</summary>
internal sealed class Books(int nodes)
{
    private const int MostViolations = 1_000;

    /// <summary>From when on a request is kept with its times.</summary>
    public static readonly TimeSpan SlowFrom = TimeSpan.FromMilliseconds(500);

    /// <summary>Far beyond what a node needs to serve again after any fault.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    private readonly long[] _byNode = new long[nodes];

    private readonly ConcurrentDictionary<string, Told> _told = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _fresh = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _violations = new();
    private readonly ConcurrentQueue<Try> _slow = new();
    private long _operations;
    private long _answers;
    private long _unknown;

    public ICollection<Told> Told => _told.Values;

    public IReadOnlyCollection<string> Violations => _violations;

    /// <summary>Requests that took longer than <see cref="SlowFrom"/>.</summary>
    public IReadOnlyCollection<Try> Slow => _slow;

    /// <summary>Requests that were sent.</summary>
    public long Operations => Interlocked.Read(ref _operations);

    /// <summary>Uses and steps of jobs that were answered, repeats included.</summary>
    public long Answers => Interlocked.Read(ref _answers);

    /// <summary>Requests that had no definite answer, and were sent again.</summary>
    public long Unknown => Interlocked.Read(ref _unknown);

    /// <summary>A step of a job has been answered.</summary>
    public void Count() => Interlocked.Increment(ref _answers);

    public void Violate(string what)
    {
        if (_violations.Count < MostViolations)
        {
            _violations.Enqueue(what);
        }
    }

    /// <summary>A request to a node has ended.</summary>
    public void Tried(Try tried)
    {
        Interlocked.Increment(ref _operations);
        if (Stopwatch.GetElapsedTime(tried.Began, tried.Ended) > SlowFrom + tried.Wait)
        {
            _slow.Enqueue(tried);
        }

        if (tried.Status is 200 or 409)
        {
            Interlocked.Increment(ref _byNode[tried.Node]);
        }
        else
        {
            Interlocked.Increment(ref _unknown);
        }
    }

    /// <summary>Waits until every node has given so many further answers, and says how long that took.</summary>
    public async Task<TimeSpan> EveryNodeAnswersAsync(int answers)
    {
        long began = Stopwatch.GetTimestamp();
        long[] enough = [.. _byNode.Select((_, node) => Interlocked.Read(ref _byNode[node]) + answers)];
        while (Enumerable.Range(0, nodes).Where(node => Interlocked.Read(ref _byNode[node]) < enough[node]).ToArray() is { Length: > 0 } silent)
        {
            if (Stopwatch.GetElapsedTime(began) > s_patience)
            {
                throw new TimeoutException($"Node {silent[0] + 1} does not serve any more. {string.Join(Environment.NewLine, Violations)}");
            }

            await Task.Delay(5);
        }

        return Stopwatch.GetElapsedTime(began);
    }

    /// <summary>The answer to a decision. A repeat's must be the same to the byte but for saying that it is one.</summary>
    public void Take(Use use, string text, long sent, long answered, int asked)
    {
        Interlocked.Increment(ref _answers);
        using JsonDocument document = JsonDocument.Parse(text);
        JsonElement answer = document.RootElement;
        bool allowed = answer.GetProperty("allowed").GetBoolean();
        if (!answer.GetProperty("replayed").GetBoolean() && _fresh.AddOrUpdate(use.Id, 1, static (_, times) => times + 1) > 1)
        {
            Violate($"{use.Id} took effect twice: two answers say that they are no repeats");
        }

        if (!allowed && !IsTrueDenial(answer))
        {
            Violate($"{use.Id} was denied for no reason that shows: {text}");
        }

        byte[] bytes = Encoding.UTF8.GetBytes(text.Replace("\"replayed\":true", "\"replayed\":false", StringComparison.Ordinal));
        Told told = new(use, allowed, allowed ? CallsOf(answer) : null, bytes, sent, answered, asked);
        // With several copies on their way, the first that was sent may have taken effect, and the first answer says so.
        Told first = _told.AddOrUpdate(use.Id, told, (_, known) => known with { Sent = Math.Min(known.Sent, sent), Answered = Math.Min(known.Answered, answered) });
        if (!first.Answer.AsSpan().SequenceEqual(bytes))
        {
            Violate($"{use.Id} was answered differently: {Encoding.UTF8.GetString(first.Answer)} and {text}");
        }
    }

    /// <summary>The answer to a recording, which is only that it stands.</summary>
    public void TakeRecorded(Use use, string status, long sent, long answered, int asked)
    {
        Interlocked.Increment(ref _answers);
        if (status is not ("recorded" or "duplicate"))
        {
            Violate($"{use.Id} was answered with {status}");
            return;
        }

        if (status == "recorded" && _fresh.AddOrUpdate(use.Id, 1, static (_, times) => times + 1) > 1)
        {
            Violate($"{use.Id} was recorded twice");
        }

        _told.TryAdd(use.Id, new Told(use, true, null, [], sent, answered, asked));
    }

    /// <summary>A denial names a limit that has no room for what was asked.</summary>
    public static bool IsTrueDenial(JsonElement answer) =>
        answer.GetProperty("reason").GetString() == "limit_exceeded"
        && answer.GetProperty("violations").EnumerateArray().Any(violation => violation.GetProperty("requested").GetDecimal() > violation.GetProperty("remaining").GetDecimal());

    private static long? CallsOf(JsonElement answer)
    {
        foreach (JsonElement balance in answer.GetProperty("balances").EnumerateArray())
        {
            if (balance.GetProperty("meter").GetString() == "calls" && balance.GetProperty("per").GetString() == "lifetime")
            {
                return balance.GetProperty("used").GetInt64();
            }
        }

        return null;
    }
}

using System.Collections.Concurrent;
using System.Text.Json;

namespace Weir.Chaos;

/// <summary>What a caller means to hold, under one id for as long as it has no answer.</summary>
/// <param name="Amount">Credits.</param>
/// <param name="Ttl">Seconds.</param>
/// <param name="Wait">Seconds; with them a denial for want of a slot is not kept, and an earlier try may still get one.</param>
internal sealed record Job(string Id, string Account, string Type, int Amount, int Ttl, int Wait);

/// <summary>An end that a caller was told has happened.</summary>
/// <param name="State">committed, released, or expired: then the commit was recorded late.</param>
/// <param name="Amount">What the job used.</param>
/// <param name="MayExceed">Whether the caller asked to record it whatever the limits are.</param>
internal sealed record JobEnd(string State, int Amount, bool MayExceed);

/// <summary>A job and what its caller was told.</summary>
/// <param name="InDoubt">It was denied, and the denial is not kept: a try that nobody waited for may have held.</param>
/// <param name="Until">The latest end by time that its caller was told.</param>
/// <param name="Refusals">The states that refused further ends.</param>
internal sealed record ToldJob(Job Job, bool Reserved, bool InDoubt, DateTimeOffset Until, IReadOnlyCollection<JobEnd> Ends, IReadOnlyCollection<string> Refusals)
{
    /// <summary>
    /// What it was to be committed with when that was denied. Such a denial is not kept: a try that nobody waited for may end it later, in time
    /// only where the wish may fit then, and else after its end by time, when nothing need fit.
    /// </summary>
    public IReadOnlyCollection<(int Amount, bool MayFit)> Denied { get; init; } = [];
}

/// <summary>A use of credits and what its caller was told.</summary>
internal sealed record ToldSpend(string Id, string Account, int Amount, bool Allowed, bool Reversed);

/// <summary>Credits that an account was given.</summary>
internal sealed record ToldGrant(string Id, string Account, int Amount);

/// <summary>All that callers know of jobs, of uses that were taken back, and of grants.</summary>
internal sealed record ToldCredits(IReadOnlyCollection<ToldJob> Jobs, IReadOnlyCollection<ToldSpend> Spends, IReadOnlyCollection<ToldGrant> Grants);

/// <summary>The books of those who hold, give and take back. Repeats must be answered the same to the byte.</summary>
internal sealed class JobBooks(Books books)
{
    private static readonly DateTimeOffset s_never = DateTimeOffset.MinValue;

    private readonly ConcurrentDictionary<string, (string Answer, int Fresh)> _answers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ToldJob> _jobs = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ToldSpend> _spends = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ToldGrant> _grants = new(StringComparer.Ordinal);

    public ToldCredits Told => new([.. _jobs.Values], [.. _spends.Values], [.. _grants.Values]);

    /// <summary>The answer to a reservation; null when it was denied.</summary>
    public JsonElement? TakeReserved(Job job, string text)
    {
        JsonElement answer = JsonDocument.Parse(text).RootElement;
        if (answer.GetProperty("allowed").GetBoolean())
        {
            Same("reserve " + job.Id, text, answer);
            Note(job, told => told with { Reserved = true, Until = Later(told.Until, answer) });
            return answer;
        }

        string reason = answer.GetProperty("reason").GetString()!;
        // A slot may have been only one of the things that were wanting.
        bool isKept = job.Wait == 0 || !answer.GetProperty("violations").EnumerateArray().Any(violation => violation.GetProperty("reason").GetString() == "no_slot");
        if (isKept)
        {
            Same("reserve " + job.Id, text, answer);
        }

        if (reason != "no_slot" && !Books.IsTrueDenial(answer))
        {
            books.Violate($"{job.Id} was denied for no reason that shows: {text}");
        }

        Note(job, told => told with { InDoubt = told.InDoubt || !isKept });
        return null;
    }

    /// <summary>The answer to a commit or a release: whether the reservation has ended, by this or otherwise.</summary>
    /// <param name="request">What was asked, in words: the same request has the same answer.</param>
    public bool TakeEnd(Job job, string request, int amount, bool mayExceed, int status, string text)
    {
        JsonElement answer = JsonDocument.Parse(text).RootElement;
        if (status != 200)
        {
            string refused = answer.GetProperty("state").GetString()!;
            Note(job, told => told with { Refusals = [.. told.Refusals.Append(refused).Distinct(StringComparer.Ordinal)] });
            return answer.GetProperty("code").GetString() != "stale_fence";
        }

        if (!answer.GetProperty("allowed").GetBoolean())
        {
            if (answer.GetProperty("reason").GetString() is not ("exceeds_reservation" or "limit_exceeded"))
            {
                books.Violate($"{job.Id} was not ended for no reason that shows: {text}");
            }

            Note(job, told => told with { Denied = [.. told.Denied.Append((amount, request.EndsWith(" consume", StringComparison.Ordinal))).Distinct()] });
            return false;
        }

        Same($"{request} {job.Id}", text, answer);
        JobEnd end = new(answer.GetProperty("state").GetString()!, amount, mayExceed);
        Note(job, told => told with { Ends = [.. told.Ends.Append(end).Distinct()] });
        return true;
    }

    /// <summary>The answer to somebody who holds on: whether he may.</summary>
    public bool TakeExtended(Job job, int status, string text)
    {
        JsonElement answer = JsonDocument.Parse(text).RootElement;
        Note(job, told => status == 200
            ? told with { Until = Later(told.Until, answer) }
            : told with { Refusals = [.. told.Refusals.Append(answer.GetProperty("state").GetString()!).Distinct(StringComparer.Ordinal)] });
        return status == 200;
    }

    /// <summary>The answer to a use: whether it was allowed.</summary>
    public bool TakeSpent(string id, string account, int amount, string text)
    {
        JsonElement answer = JsonDocument.Parse(text).RootElement;
        Same("consume " + id, text, answer);
        bool allowed = answer.GetProperty("allowed").GetBoolean();
        if (!allowed && !Books.IsTrueDenial(answer))
        {
            books.Violate($"{id} was denied for no reason that shows: {text}");
        }

        _spends.TryAdd(id, new ToldSpend(id, account, amount, allowed, Reversed: false));
        return allowed;
    }

    public void TakeReversed(string id, string text)
    {
        Same("reverse " + id, text, JsonDocument.Parse(text).RootElement);
        _spends[id] = _spends[id] with { Reversed = true };
    }

    public void TakeGranted(ToldGrant grant, string text)
    {
        Same("grant " + grant.Id, text, JsonDocument.Parse(text).RootElement);
        _grants.TryAdd(grant.Id, grant);
    }

    private static DateTimeOffset Later(DateTimeOffset known, JsonElement answer)
    {
        DateTimeOffset told = answer.GetProperty("expiresAt").GetDateTimeOffset();
        return told > known ? told : known;
    }

    private void Note(Job job, Func<ToldJob, ToldJob> change) => _jobs.AddOrUpdate(
        job.Id, _ => change(new ToldJob(job, Reserved: false, InDoubt: false, s_never, [], [])), (_, told) => change(told));

    private void Same(string request, string text, JsonElement answer)
    {
        int fresh = answer.GetProperty("replayed").GetBoolean() ? 0 : 1;
        string bytes = text.Replace("\"replayed\":true", "\"replayed\":false", StringComparison.Ordinal);
        (string first, int times) = _answers.AddOrUpdate(request, (bytes, fresh), (_, known) => (known.Answer, known.Fresh + fresh));
        if (times > 1 && fresh == 1)
        {
            books.Violate($"{request} took effect twice: two answers say that they are no repeats, {first} and {text}");
        }

        if (first != bytes)
        {
            books.Violate($"{request} was answered differently: {first} and {text}");
        }
    }
}

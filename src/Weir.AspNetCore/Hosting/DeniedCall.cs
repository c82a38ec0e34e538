using System.Collections.Immutable;
using System.Text.Json;

using Microsoft.AspNetCore.Http;

using NodaTime;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>A call that the account's plan does not allow, and the answer that it will get.</summary>
public sealed class DeniedCall
{
    private readonly UsageEvent _event;
    private readonly Outcome _decision;

    internal DeniedCall(HttpContext context, UsageEvent e, Outcome decision, DateTimeOffset now)
    {
        HttpContext = context;
        _event = e;
        _decision = decision;
        RetryAfter = SecondsUntilRoom(decision.Violations, Instant.FromDateTimeOffset(now));
    }

    public HttpContext HttpContext { get; }

    public string EventType => _event.Type;

    public AccountKey Account => _event.Account;

    /// <summary>The first reason; <see cref="Violations"/> has them all.</summary>
    public Refusal Refusal => _decision.Refusal;

    /// <summary>Every limit that did not fit, with its figures.</summary>
    public ImmutableArray<Violation> Violations => _decision.Violations;

    /// <summary>The cheapest plan that would have allowed it, or null.</summary>
    public Advice? Advice => _decision.Advice;

    /// <summary>What did not fit, in words.</summary>
    public string Detail => DenialText.Detail(Violations, Refusal);

    /// <summary>The way up, in words, or null.</summary>
    public string? Upgrade => DenialText.Upgrade(Advice, Violations);

    /// <summary>The status of the answer; 429 unless the host sets another.</summary>
    public int Status { get; set; } = StatusCodes.Status429TooManyRequests;

    /// <summary>Seconds; set only where coming again helps: when nothing but rates said no. Null sends no <c>Retry-After</c>.</summary>
    public int? RetryAfter { get; set; }

    /// <summary>Stands in place of the standard body.</summary>
    public IResult? Result { get; set; }

    /// <summary>The standard answer: a problem document with the figures, the advice and the way up.</summary>
    internal async Task WriteAsync()
    {
        HttpResponse response = HttpContext.Response;
        response.StatusCode = Status;
        if (RetryAfter is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString();
        }

        if (Result is not null)
        {
            await Result.ExecuteAsync(HttpContext);
            return;
        }

        response.ContentType = Problem.ContentType;
        await using (Utf8JsonWriter writer = new(response.BodyWriter))
        {
            Write(writer);
        }

        await response.BodyWriter.FlushAsync(HttpContext.RequestAborted);
    }

    private void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        new Problem(Status, Refusal.Code(), Problem.TitleOf(Refusal), Detail).WriteMembers(writer);
        writer.WriteString("eventType"u8, EventType);
        writer.WriteStartArray("violations"u8);
        foreach (Violation violation in Violations)
        {
            AnswerWriter.WriteViolation(writer, violation, _event.Details, "reason"u8);
        }

        writer.WriteEndArray();
        AnswerWriter.WriteAdvice(writer, Advice);
        JsonText.Text(writer, "upgrade"u8, Upgrade);
        writer.WriteEndObject();
    }

    /// <summary>A plan's limit does not come back for waiting a moment, so only rates and slots say when to come again.</summary>
    private static int? SecondsUntilRoom(ImmutableArray<Violation> violations, Instant now)
    {
        Instant? room = null;
        foreach (Violation violation in violations)
        {
            if (violation.Reason is not (Refusal.RateLimited or Refusal.NoSlot) || violation.ResetsAt is not { } at)
            {
                return null;
            }

            room = room is { } latest && latest > at ? latest : at;
        }

        return room is { } opens ? (int)Math.Clamp(Math.Ceiling((opens - now).TotalSeconds), 1, int.MaxValue) : null;
    }
}

/// <summary>Denials in words.</summary>
internal static class DenialText
{
    public static string Detail(ImmutableArray<Violation> violations, Refusal refusal) =>
        violations.IsEmpty ? $"The plan does not allow this call ({refusal.Code()})." : string.Join(' ', violations.Select(Sentence));

    public static string? Upgrade(Advice? advice, ImmutableArray<Violation> violations)
    {
        if (advice is null)
        {
            return null;
        }

        Violation? limit = violations.FirstOrDefault(violation => violation.Meter == advice.Meter && violation.Per is not null);
        return advice.Meter is null
            ? $"{advice.Name} allows this."
            : advice.Limit is { } quantity
                ? $"{advice.Name} allows {quantity.ToDecimal(advice.Scale)} {advice.Meter}{PerText(limit?.Per)}."
                : $"{advice.Name} has no limit on {advice.Meter}.";
    }

    private static string Sentence(Violation v) => v.Reason switch
    {
        Refusal.AccountSuspended => "The account is suspended.",
        Refusal.FeatureNotInPlan => $"The plan does not include '{v.Name}'.",
        Refusal.RequestLimitExceeded => $"'{v.Name}' allows {v.RequestLimit} in one request; this one has {v.RequestValue}.",
        Refusal.LevelBelowZero => $"{v.Meter} stands at {Amount(v.Used, v)} and cannot fall by {Amount(v.Requested, v)}.",
        Refusal.NoSlot => $"{Amount(v.Limit, v)} of '{v.Name}' may run at once{(v.Scope == ScopeKind.Workspace ? " in the whole service" : "")}; {Amount(v.Used, v)} are running.",
        Refusal.RateLimited => $"The rate '{v.Name}' allows {Amount(v.Limit, v)}; {Amount(v.Used, v)} were used in its window.",
        _ => $"This needs {Amount(v.Requested, v)} {v.Meter}; {Amount(v.Remaining, v)} of {Amount(v.Limit, v)}{PerText(v.Per)} are left.",
    };

    private static string Amount(Quantity? quantity, Violation v) => quantity is { } q ? q.ToDecimal(v.Scale).ToString() : "0";

    private static string PerText(Per? per) => per is null or Per.Lifetime ? "" : " per " + per.Value.Name();
}

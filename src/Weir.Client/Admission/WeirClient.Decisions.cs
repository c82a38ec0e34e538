using System.Text.Json;

namespace Weir.Client;

public sealed partial class WeirClient
{
    /// <summary>
    /// Decides all limits that the event touches together and records it when they allow it. A denial is an answer. When Weir cannot be
    /// reached the policy of the event type decides, and the answer says <see cref="ConsumeAnswer.Degraded"/>.
    /// </summary>
    /// <exception cref="WeirProblemException">The request is wrong: an unknown event type, a missing property, an id that stands for something else.</exception>
    public async Task<ConsumeAnswer> ConsumeAsync(UsageEvent e, ConsumeMode mode = ConsumeMode.Enforce, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(e);
        UsageEvent named = e.Id is null ? e with { Id = NewId() } : e;
        byte[] body = EventJson.Of(named, writer => WriteMode(writer, mode));
        if (_kept.Has(named.Id!, body))
        {
            return Alone(true, named.Id, null) with { Replayed = true };
        }

        (ConsumeAnswer? answer, _) = await AskAsync("consume", body, TimeSpan.Zero, ClientJson.Default.ConsumeAnswer, cancellationToken);
        return answer ?? await DecideAloneAsync(named, mode, "consume", body);
    }

    /// <summary>The same decision without effect: advisory, from state at most one second old.</summary>
    /// <exception cref="WeirProblemException">The request is wrong.</exception>
    public async Task<ConsumeAnswer> CheckAsync(UsageEvent e, ConsumeMode mode = ConsumeMode.Enforce, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(e);
        byte[] body = EventJson.Of(e, writer => WriteMode(writer, mode));
        (ConsumeAnswer? answer, _) = await AskAsync("check", body, TimeSpan.Zero, ClientJson.Default.ConsumeAnswer, cancellationToken);
        if (answer is not null)
        {
            return answer;
        }

        OutagePolicy policy = DecisionPolicyOf(e, mode);
        bool allowed = policy.Rule == OutageRule.AllowAndSpool || (policy.Rule == OutageRule.AllowUpTo && _outage.TryTake(policy, e, policy.UnitsOf(e), keep: false));
        return Alone(allowed, e.Id, policy.Rule == OutageRule.AllowUpTo ? DenialReasons.OutageAllowance : DenialReasons.Unavailable);
    }

    private static void WriteMode(Utf8JsonWriter writer, ConsumeMode mode)
    {
        if (mode != ConsumeMode.Enforce)
        {
            writer.WriteString("mode"u8, mode == ConsumeMode.BestEffort ? "best_effort" : "record");
        }
    }

    /// <summary>Asks the server, unless it is known not to answer.</summary>
    /// <param name="waits">How long the server was told to let it wait.</param>
    /// <returns>The answer, or null and why there is none; null and null when nobody was asked.</returns>
    private async Task<(T? Answer, WeirUnavailableException? Missing)> AskAsync<T>(
        string path, byte[] body, TimeSpan waits, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        if (!_outage.MayAsk(out bool probes))
        {
            return (null, null);
        }

        try
        {
            Call call = new(HttpMethod.Post, path)
            {
                Body = body,
                Timeout = _options.DecisionTimeout + waits,
                AttemptTimeout = _options.AttemptTimeout + waits,
                MostAttempts = probes ? 1 : null,
            };
            return (await SendAsync(call, type, cancellationToken), null);
        }
        catch (WeirUnavailableException exception)
        {
            return (null, exception);
        }
    }

    /// <summary>What happens anyway is spooled unless its type says otherwise; what asks first is denied unless its type says otherwise.</summary>
    private OutagePolicy DecisionPolicyOf(UsageEvent e, ConsumeMode mode) => PolicyOf(e.Type) switch
    {
        null when mode == ConsumeMode.Record => _spool is null ? OutagePolicy.Deny : OutagePolicy.AllowAndSpool,
        { Rule: OutageRule.AllowUpTo } when mode == ConsumeMode.Record => OutagePolicy.AllowAndSpool,
        null => _options.Outage.Decisions,
        { } policy => policy,
    };

    private async Task<ConsumeAnswer> DecideAloneAsync(UsageEvent e, ConsumeMode mode, string path, byte[] body)
    {
        OutagePolicy policy = DecisionPolicyOf(e, mode);
        decimal units = policy.Rule == OutageRule.AllowUpTo ? policy.UnitsOf(e) : 0;
        if (policy.Rule == OutageRule.Deny)
        {
            return Alone(false, e.Id, DenialReasons.Unavailable);
        }

        if (policy.Rule == OutageRule.AllowUpTo && !_outage.TryTake(policy, e, units, keep: true))
        {
            return Alone(false, e.Id, DenialReasons.OutageAllowance);
        }

        // Also where this attempt cannot have arrived, an earlier one of the same id may have: the server is asked with the same words.
        SpoolAppend kept = await _spool!.AppendAsync([EntryOf(e, path, body).ToBytes()]);
        if (kept != SpoolAppend.Kept)
        {
            if (policy.Rule == OutageRule.AllowUpTo)
            {
                _outage.Return(policy, e, units);
            }

            return Alone(false, e.Id, CodeOf(kept));
        }

        _kept.Add(e.Id!, body);
        return Alone(true, e.Id, null);
    }

    private ConsumeAnswer Alone(bool allowed, string? id, string? reason)
    {
        Instruments.Degraded.Add(1, new KeyValuePair<string, object?>("allowed", allowed));
        return new ConsumeAnswer { Allowed = allowed, Id = id, Reason = allowed ? null : reason, Degraded = true };
    }
}

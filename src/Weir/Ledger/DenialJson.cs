using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>How a denial is kept with its id, so that a repeat gets the same answer (ID-3).</summary>
internal static class DenialJson
{
    public static byte[] Write(Outcome denial) => JsonSerializer.SerializeToUtf8Bytes(
        new StoredDenialAnswer(denial.Refusal, [.. denial.Violations.Select(ToStored)], denial.Advice is { } a ? new StoredAdvice(a.Plan, a.Name, a.Meter, a.Scale, a.Limit?.Units) : null),
        DenialJsonContext.Default.StoredDenialAnswer);

    public static Outcome Read(string id, ReadOnlySpan<byte> json)
    {
        StoredDenialAnswer stored = JsonSerializer.Deserialize(json, DenialJsonContext.Default.StoredDenialAnswer)
            ?? throw new InvalidDataException("A stored denial is empty.");
        return new Outcome
        {
            Id = id,
            Replayed = true,
            Refusal = stored.Refusal,
            Violations = [.. stored.Violations.Select(FromStored)],
            Advice = stored.Advice is { } a ? new Advice(a.Plan, a.Name, a.Meter, a.Scale, ToQuantity(a.Limit)) : null,
        };
    }

    internal static StoredViolation ToStored(Violation v) => new(
        v.Reason, v.Meter, v.Scale, v.Scope, v.Per, v.Name, v.Limit?.Units, v.Used?.Units, v.Held?.Units, v.Requested?.Units,
        v.Remaining?.Units, v.RequestLimit, v.RequestValue, v.ResetsAt is { } at ? Clock.ToMicros(at) : null);

    internal static Violation FromStored(StoredViolation v) => new(v.Reason)
    {
        Meter = v.Meter,
        Scale = v.Scale,
        Scope = v.Scope,
        Per = v.Per,
        Name = v.Name,
        Limit = ToQuantity(v.Limit),
        Used = ToQuantity(v.Used),
        Held = ToQuantity(v.Held),
        Requested = ToQuantity(v.Requested),
        Remaining = ToQuantity(v.Remaining),
        RequestLimit = v.RequestLimit,
        RequestValue = v.RequestValue,
        ResetsAt = v.ResetsAt is { } micros ? Clock.FromMicros(micros) : null,
    };

    private static Quantity? ToQuantity(long? units) => units is { } u ? new Quantity(u) : null;
}

internal sealed record StoredDenialAnswer(Refusal Refusal, ImmutableArray<StoredViolation> Violations, StoredAdvice? Advice);

internal sealed record StoredViolation(
    Refusal Reason, string? Meter, int Scale, ScopeKind Scope, Per? Per, string? Name, long? Limit, long? Used, long? Held, long? Requested,
    long? Remaining, decimal? RequestLimit, decimal? RequestValue, long? ResetsAt);

internal sealed record StoredAdvice(string Plan, string Name, string? Meter, int Scale, long? Limit);

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(StoredDenialAnswer))]
[JsonSerializable(typeof(ImmutableArray<StoredViolation>))]
internal sealed partial class DenialJsonContext : JsonSerializerContext;

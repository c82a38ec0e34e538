using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>What a part of an account's state is. The numbers are stored and never change.</summary>
public enum StatePartKind
{
    /// <summary>An open reservation, by its number.</summary>
    Hold = 1,

    /// <summary>The fences of all kinds of slots; its number is 0.</summary>
    Fences = 2,

    /// <summary>A grant, by its number.</summary>
    Grant = 3,

    /// <summary>
    /// What has been raised on balances: one part for each user, campaign or key, by its id, and one, 0, for the account as a whole.
    /// </summary>
    AlertMarks = 4,

    /// <summary>The thresholds that an account has of its own; its number is 0.</summary>
    AlertRules = 5,
}

/// <summary>A part of an account's state, beside its head, its balances and its rates, that stores keep as a row of its own.</summary>
public readonly record struct StatePart(StatePartKind Kind, long Number);

/// <summary>
/// The parts of a state as JSON: times are microseconds, amounts smallest units, members at their defaults are left out. Stores keep the
/// body and the time at which a part falls due; what is in it they need not know.
/// </summary>
public static class StateParts
{
    /// <summary>The part as it stands in a state; null when the state has it no more.</summary>
    /// <param name="due">When somebody should look at it, or null.</param>
    public static byte[]? Write(AccountState state, StatePart part, out Instant? due)
    {
        ArgumentNullException.ThrowIfNull(state);
        due = null;
        switch (part.Kind)
        {
            case StatePartKind.Hold:
                Hold? hold = state.Holds.Find(part.Number);
                // What expires of the workspace's limits is tidied with the account's own part.
                due = state.Account.Id == Account.WorkspaceHead || hold is null ? null : StuckJobs.DueAt(hold);
                return hold is null ? null : Write(writer => WriteHold(writer, hold));
            case StatePartKind.Fences:
                return state.Fences.IsEmpty ? null : Write(writer =>
                {
                    foreach ((string kind, long fence) in state.Fences)
                    {
                        writer.WriteNumber(kind, fence);
                    }
                });
            case StatePartKind.Grant:
                // Nobody need look at it: it starts, renews and ends by the clock, and commands drop it when it is past.
                return state.Grants.TryGetValue(part.Number, out Grant? grant) ? Write(writer => WriteGrant(writer, grant)) : null;
            case StatePartKind.AlertMarks:
                return AlertParts.WriteMarks(state.AlertMarks, part.Number);
            case StatePartKind.AlertRules:
                return AlertParts.WriteRules(state.Account.AlertRules);
            default:
                throw new ArgumentOutOfRangeException(nameof(part), part, "An unknown part of an account.");
        }
    }

    /// <summary>The state with a part as its body says.</summary>
    /// <param name="body">Empty when the state has the part no more.</param>
    public static AccountState Apply(AccountState state, StatePart part, ReadOnlySpan<byte> body)
    {
        ArgumentNullException.ThrowIfNull(state);
        switch (part.Kind)
        {
            case StatePartKind.Hold:
                return state with { Holds = body.IsEmpty ? state.Holds.Remove(part.Number) : state.Holds.Set(ReadHold(part.Number, body)) };
            case StatePartKind.Fences:
                using (JsonDocument fences = Parse(body.IsEmpty ? "{}"u8 : body))
                {
                    return state with { Fences = state.Fences.Clear().AddRange(fences.RootElement.EnumerateObject().Select(p => KeyValuePair.Create(p.Name, p.Value.GetInt64()))) };
                }

            case StatePartKind.Grant:
                return state with { Grants = body.IsEmpty ? state.Grants.Remove(part.Number) : state.Grants.SetItem(part.Number, ReadGrant(part.Number, body)) };
            case StatePartKind.AlertMarks:
                return state with { AlertMarks = AlertParts.ReadMarks(state.AlertMarks, part.Number, body) };
            case StatePartKind.AlertRules:
                return state with { Account = state.Account with { AlertRules = AlertParts.ReadRules(body) } };
            default:
                throw new InvalidDataException($"An account has a part of kind {(int)part.Kind}, which this program does not know; it was written by a newer one.");
        }
    }

    private static void WriteHold(Utf8JsonWriter writer, Hold hold)
    {
        writer.WriteString("type"u8, hold.Type);
        WriteNonZero(writer, "user"u8, hold.Scopes.User);
        WriteNonZero(writer, "campaign"u8, hold.Scopes.Campaign);
        WriteNonZero(writer, "key"u8, hold.Scopes.Key);
        writer.WriteNumber("created"u8, Clock.ToMicros(hold.CreatedAt));
        writer.WriteNumber("expires"u8, Clock.ToMicros(hold.ExpiresAt));
        writer.WriteNumber("heartbeat"u8, Clock.ToMicros(hold.HeartbeatAt));
        if (hold.SilentSince is { } silent)
        {
            writer.WriteNumber("silent"u8, Clock.ToMicros(silent));
        }

        if (hold.Progress is { } progress)
        {
            writer.WriteNumber("progress"u8, progress);
        }

        if (hold.Slot is { } slot)
        {
            writer.WriteString("slot"u8, slot.Kind);
            writer.WriteString("lease"u8, slot.Lease);
            writer.WriteNumber("fence"u8, slot.Fence);
        }

        if (!hold.Amounts.IsEmpty)
        {
            writer.WriteStartArray("amounts"u8);
            foreach (HeldAmount held in hold.Amounts)
            {
                writer.WriteStartObject();
                WriteKey(writer, held.Key, held.PeriodEnd);
                WriteNonZero(writer, "scale"u8, held.Scale);
                writer.WriteNumber("amount"u8, held.Amount.Units);
                if (!held.Draws.IsEmpty)
                {
                    writer.WritePropertyName("draws"u8);
                    GrantJson.WriteDraws(writer, held.Draws);
                }

                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }
    }

    /// <summary>A reservation from its body.</summary>
    public static Hold ReadHold(long number, ReadOnlySpan<byte> body)
    {
        using JsonDocument document = Parse(body);
        JsonElement hold = document.RootElement;
        return new Hold(number)
        {
            Type = hold.GetProperty("type"u8).GetString()!,
            Scopes = new Scopes(ReadNumber(hold, "user"u8), ReadNumber(hold, "campaign"u8), ReadNumber(hold, "key"u8)),
            CreatedAt = Clock.FromMicros(ReadNumber(hold, "created"u8)),
            ExpiresAt = Clock.FromMicros(ReadNumber(hold, "expires"u8)),
            HeartbeatAt = Clock.FromMicros(ReadNumber(hold, "heartbeat"u8)),
            SilentSince = hold.TryGetProperty("silent"u8, out JsonElement silent) ? Clock.FromMicros(silent.GetInt64()) : null,
            Progress = hold.TryGetProperty("progress"u8, out JsonElement progress) ? progress.GetDecimal() : null,
            Slot = hold.TryGetProperty("slot"u8, out JsonElement kind)
                ? new SlotLease(kind.GetString()!, hold.GetProperty("lease"u8).GetString()!, ReadNumber(hold, "fence"u8))
                : null,
            Amounts = hold.TryGetProperty("amounts"u8, out JsonElement amounts) ? [.. amounts.EnumerateArray().Select(ReadAmount)] : [],
        };
    }

    private static HeldAmount ReadAmount(JsonElement held)
    {
        (BalanceKey key, Instant end) = ReadKey(held);
        return new HeldAmount(key, end, (int)ReadNumber(held, "scale"u8), new Quantity(ReadNumber(held, "amount"u8)))
        {
            Draws = held.TryGetProperty("draws"u8, out JsonElement draws) ? GrantJson.ReadDraws(draws) : Draws.None,
        };
    }

    private static void WriteGrant(Utf8JsonWriter writer, Grant grant)
    {
        writer.WritePropertyName("terms"u8);
        GrantJson.WriteTerms(writer, grant.Terms);
        writer.WriteStartArray("periods"u8);
        foreach (GrantPeriod period in grant.Periods)
        {
            writer.WriteStartObject();
            writer.WriteNumber("from"u8, Clock.ToMicros(period.Start));
            WriteEnd(writer, period.End);
            writer.WriteNumber("given"u8, period.Given.Units);
            WriteNonZero(writer, "left"u8, period.Left.Units);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        if (!grant.Uses.IsEmpty)
        {
            writer.WriteStartArray("uses"u8);
            foreach (GrantUse use in grant.Uses)
            {
                writer.WriteStartObject();
                writer.WriteNumber("per"u8, (int)use.Per);
                WriteStart(writer, use.Start);
                WriteEnd(writer, use.End);
                WriteNonZero(writer, "drawn"u8, use.Drawn.Units);
                WriteNonZero(writer, "held"u8, use.Held.Units);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        WriteNonZero(writer, "drawnBefore"u8, grant.DrawnBefore.Units);
        if (grant.EndedAt is { } ended)
        {
            writer.WriteNumber("endedAt"u8, Clock.ToMicros(ended));
        }
    }

    /// <summary>A grant as its part says.</summary>
    public static Grant ReadGrant(long number, ReadOnlySpan<byte> body)
    {
        using JsonDocument document = Parse(body);
        JsonElement grant = document.RootElement;
        return new Grant(number, GrantJson.ReadTerms(grant.GetProperty("terms"u8)))
        {
            Periods =
            [
                .. grant.GetProperty("periods"u8).EnumerateArray().Select(period => new GrantPeriod(
                    Clock.FromMicros(period.GetProperty("from"u8).GetInt64()), ReadEnd(period), new Quantity(ReadNumber(period, "given"u8)), new Quantity(ReadNumber(period, "left"u8)))),
            ],
            Uses = grant.TryGetProperty("uses"u8, out JsonElement uses)
                ?
                [
                    .. uses.EnumerateArray().Select(use => new GrantUse(
                        (Per)ReadNumber(use, "per"u8), ReadStart(use), ReadEnd(use), new Quantity(ReadNumber(use, "drawn"u8)), new Quantity(ReadNumber(use, "held"u8)))),
                ]
                : [],
            DrawnBefore = new Quantity(ReadNumber(grant, "drawnBefore"u8)),
            EndedAt = grant.TryGetProperty("endedAt"u8, out JsonElement ended) ? Clock.FromMicros(ended.GetInt64()) : null,
        };
    }

    internal static void WriteKey(Utf8JsonWriter writer, BalanceKey key, Instant end)
    {
        WriteNonZero(writer, "scope"u8, (long)key.Scope);
        WriteNonZero(writer, "id"u8, key.ScopeId);
        writer.WriteString("meter"u8, key.Meter);
        writer.WriteNumber("per"u8, (int)key.Per);
        WriteStart(writer, key.PeriodStart);
        WriteEnd(writer, end);
    }

    private static void WriteStart(Utf8JsonWriter writer, Instant start)
    {
        if (start != Instant.MinValue)
        {
            writer.WriteNumber("from"u8, Clock.ToMicros(start));
        }
    }

    private static void WriteEnd(Utf8JsonWriter writer, Instant end)
    {
        if (end != Instant.MaxValue)
        {
            writer.WriteNumber("to"u8, Clock.ToMicros(end));
        }
    }

    internal static (BalanceKey Key, Instant End) ReadKey(JsonElement element) => (
        new BalanceKey(
            (ScopeKind)ReadNumber(element, "scope"u8),
            ReadNumber(element, "id"u8),
            string.Intern(element.GetProperty("meter"u8).GetString()!),
            (Per)ReadNumber(element, "per"u8),
            ReadStart(element)),
        ReadEnd(element));

    private static Instant ReadStart(JsonElement element) =>
        element.TryGetProperty("from"u8, out JsonElement from) ? Clock.FromMicros(from.GetInt64()) : Instant.MinValue;

    private static Instant ReadEnd(JsonElement element) =>
        element.TryGetProperty("to"u8, out JsonElement to) ? Clock.FromMicros(to.GetInt64()) : Instant.MaxValue;

    internal static long ReadNumber(JsonElement element, ReadOnlySpan<byte> name) => element.TryGetProperty(name, out JsonElement number) ? number.GetInt64() : 0;

    internal static void WriteNonZero(Utf8JsonWriter writer, ReadOnlySpan<byte> name, long number)
    {
        if (number != 0)
        {
            writer.WriteNumber(name, number);
        }
    }

    internal static byte[] Write(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new(256);
        using Utf8JsonWriter writer = new(buffer);
        writer.WriteStartObject();
        write(writer);
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    internal static JsonDocument Parse(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json);
        return JsonDocument.ParseValue(ref reader);
    }
}

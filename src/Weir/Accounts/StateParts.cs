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
                due = state.Account.Id == Account.WorkspaceHead ? null : hold?.ExpiresAt;
                return hold is null ? null : Write(writer => WriteHold(writer, hold));
            case StatePartKind.Fences:
                return state.Fences.IsEmpty ? null : Write(writer =>
                {
                    foreach ((string kind, long fence) in state.Fences)
                    {
                        writer.WriteNumber(kind, fence);
                    }
                });
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
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }
    }

    private static Hold ReadHold(long number, ReadOnlySpan<byte> body)
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
        return new HeldAmount(key, end, (int)ReadNumber(held, "scale"u8), new Quantity(ReadNumber(held, "amount"u8)));
    }

    private static void WriteKey(Utf8JsonWriter writer, BalanceKey key, Instant end)
    {
        WriteNonZero(writer, "scope"u8, (long)key.Scope);
        WriteNonZero(writer, "id"u8, key.ScopeId);
        writer.WriteString("meter"u8, key.Meter);
        writer.WriteNumber("per"u8, (int)key.Per);
        if (key.PeriodStart != Instant.MinValue)
        {
            writer.WriteNumber("from"u8, Clock.ToMicros(key.PeriodStart));
        }

        if (end != Instant.MaxValue)
        {
            writer.WriteNumber("to"u8, Clock.ToMicros(end));
        }
    }

    private static (BalanceKey Key, Instant End) ReadKey(JsonElement element) => (
        new BalanceKey(
            (ScopeKind)ReadNumber(element, "scope"u8),
            ReadNumber(element, "id"u8),
            string.Intern(element.GetProperty("meter"u8).GetString()!),
            (Per)ReadNumber(element, "per"u8),
            element.TryGetProperty("from"u8, out JsonElement from) ? Clock.FromMicros(from.GetInt64()) : Instant.MinValue),
        element.TryGetProperty("to"u8, out JsonElement to) ? Clock.FromMicros(to.GetInt64()) : Instant.MaxValue);

    private static long ReadNumber(JsonElement element, ReadOnlySpan<byte> name) => element.TryGetProperty(name, out JsonElement number) ? number.GetInt64() : 0;

    private static void WriteNonZero(Utf8JsonWriter writer, ReadOnlySpan<byte> name, long number)
    {
        if (number != 0)
        {
            writer.WriteNumber(name, number);
        }
    }

    private static byte[] Write(Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> buffer = new(256);
        using Utf8JsonWriter writer = new(buffer);
        writer.WriteStartObject();
        write(writer);
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static JsonDocument Parse(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json);
        return JsonDocument.ParseValue(ref reader);
    }
}

using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>
/// The body of a ledger row as compact JSON: properties, charges with their trace, lines with the figures after them, cost, observed
/// violations. What stores filter by (kind, account, scopes, type, times, catalog version, plan, flags, target) stands in columns beside
/// it; reason and actor, which are words of people, stand with the details, where an erase reaches them (PRIV-1). Members at their
/// defaults are left out; times are microseconds; amounts are smallest units.
/// </summary>
public static class EntryJson
{
    private const int LargestKeptBuffer = 64 * 1024;

    private static readonly JsonWriterOptions s_options = new() { SkipValidation = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? s_buffer;

    [ThreadStatic]
    private static Utf8JsonWriter? s_writer;

    public static byte[] Write(Entry entry)
    {
        ArrayBufferWriter<byte> buffer = s_buffer ??= new ArrayBufferWriter<byte>(1024);
        buffer.ResetWrittenCount();
        Write(entry, buffer);
        byte[] body = buffer.WrittenSpan.ToArray();
        if (buffer.Capacity > LargestKeptBuffer)
        {
            s_buffer = null;
        }

        return body;
    }

    public static void Write(Entry entry, IBufferWriter<byte> buffer)
    {
        ArgumentNullException.ThrowIfNull(entry);
        Utf8JsonWriter writer = s_writer ??= new Utf8JsonWriter(buffer, s_options);
        writer.Reset(buffer);
        writer.WriteStartObject();
        if (!entry.Properties.Entries.IsEmpty)
        {
            writer.WritePropertyName("p"u8);
            PropertyJson.WriteObject(writer, entry.Properties);
        }

        if (!entry.Charges.IsDefaultOrEmpty)
        {
            writer.WriteStartArray("c"u8);
            foreach (Charge charge in entry.Charges)
            {
                WriteCharge(writer, charge);
            }

            writer.WriteEndArray();
        }

        if (!entry.Lines.IsDefaultOrEmpty)
        {
            writer.WriteStartArray("l"u8);
            foreach (EntryLine line in entry.Lines)
            {
                WriteLine(writer, line);
            }

            writer.WriteEndArray();
        }

        if (entry.Cost is { } cost)
        {
            writer.WriteNumber("m"u8, cost.Amount);
        }

        if (!entry.Observed.IsDefaultOrEmpty)
        {
            writer.WritePropertyName("o"u8);
            JsonSerializer.Serialize(writer, [.. entry.Observed.Select(DenialJson.ToStored)], DenialJsonContext.Default.ImmutableArrayStoredViolation);
        }

        if (entry.Reservation is { } terms)
        {
            WriteReservation(writer, terms);
        }

        if (entry.Grant is { } grant)
        {
            writer.WritePropertyName("g"u8);
            GrantJson.WriteTerms(writer, grant);
        }

        writer.WriteEndObject();
        writer.Flush();
    }

    /// <summary>The entry with the members that its body carries.</summary>
    /// <param name="body">What <see cref="Write(Entry)"/> wrote.</param>
    /// <param name="columns">The entry with the members that stand in columns.</param>
    /// <exception cref="InvalidDataException">The body is not one that this program writes.</exception>
    public static Entry Read(ReadOnlySpan<byte> body, Entry columns)
    {
        ArgumentNullException.ThrowIfNull(columns);
        Properties properties = Properties.Empty;
        ImmutableArray<Charge> charges = [];
        ImmutableArray<EntryLine> lines = [];
        ImmutableArray<Violation> observed = [];
        Money? cost = null;
        ReservationTerms? reservation = null;
        GrantTerms? grant = null;
        try
        {
            Utf8JsonReader reader = new(body);
            reader.Read();
            while (NextMember(ref reader, out byte name))
            {
                switch (name)
                {
                    case (byte)'p':
                        properties = PropertyJson.ReadObject(ref reader);
                        break;
                    case (byte)'c':
                        charges = ReadArray(ref reader, ReadCharge);
                        break;
                    case (byte)'l':
                        lines = ReadArray(ref reader, ReadLine);
                        break;
                    case (byte)'m':
                        cost = new Money(reader.GetDecimal());
                        break;
                    case (byte)'o':
                        observed = [.. JsonSerializer.Deserialize(ref reader, DenialJsonContext.Default.ImmutableArrayStoredViolation).Select(DenialJson.FromStored)];
                        break;
                    case (byte)'h':
                        reservation = ReadReservation(ref reader);
                        break;
                    case (byte)'g':
                        grant = GrantJson.ReadTerms(ref reader);
                        break;
                    default:
                        throw Unknown(name);
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException("The body of a ledger entry cannot be read.", e);
        }

        return columns with
        {
            Properties = properties,
            Charges = charges,
            Lines = lines,
            Cost = cost,
            Observed = observed,
            Reservation = reservation,
            Grant = grant,
        };
    }

    private delegate T ReadItem<T>(ref Utf8JsonReader reader);

    private static void WriteCharge(Utf8JsonWriter writer, Charge charge)
    {
        writer.WriteStartObject();
        writer.WriteString("m"u8, charge.Meter);
        WriteNonZero(writer, "s"u8, charge.Scale);
        WriteNonZero(writer, "k"u8, (int)charge.Kind);
        writer.WriteNumber("n"u8, charge.Amount.Units);
        if (charge.IsSet)
        {
            writer.WriteNumber("i"u8, 1);
        }

        ChargeTrace trace = charge.Trace;
        writer.WriteStartObject("t"u8);
        WriteNumber(writer, "b"u8, trace.Base);
        if (!trace.PerUnits.IsDefaultOrEmpty)
        {
            writer.WriteStartArray("p"u8);
            foreach (PerUnitTrace part in trace.PerUnits)
            {
                writer.WriteStringValue(part.Property);
                writer.WriteNumberValue(part.Value);
                writer.WriteNumberValue(part.Amount);
            }

            writer.WriteEndArray();
        }

        WriteNumber(writer, "x"u8, trace.Multiplier);
        WriteNumber(writer, "g"u8, trace.MultiplierGiven);
        if (!trace.Bonuses.IsDefaultOrEmpty)
        {
            writer.WriteStartArray("f"u8);
            foreach (BonusTrace bonus in trace.Bonuses)
            {
                writer.WriteStringValue(bonus.Property);
                writer.WriteNumberValue(bonus.Amount);
            }

            writer.WriteEndArray();
        }

        WriteNumber(writer, "c"u8, trace.Change);
        WriteNumber(writer, "s"u8, trace.Set);
        WriteNumber(writer, "m"u8, trace.Cost);
        WriteNumber(writer, "u"u8, trace.Unrounded);
        WriteNumber(writer, "t"u8, trace.CutFrom);
        WriteNumber(writer, "l"u8, trace.ClampedFrom);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static Charge ReadCharge(ref Utf8JsonReader reader)
    {
        string meter = "";
        int scale = 0;
        MeterKind kind = MeterKind.Sum;
        long amount = 0;
        bool isSet = false;
        ChargeTrace trace = new();
        while (NextMember(ref reader, out byte name))
        {
            switch (name)
            {
                case (byte)'m':
                    meter = reader.GetString()!;
                    break;
                case (byte)'s':
                    scale = reader.GetInt32();
                    break;
                case (byte)'k':
                    kind = (MeterKind)reader.GetInt32();
                    break;
                case (byte)'n':
                    amount = reader.GetInt64();
                    break;
                case (byte)'i':
                    isSet = true;
                    break;
                case (byte)'t':
                    trace = ReadTrace(ref reader);
                    break;
                default:
                    throw Unknown(name);
            }
        }

        return new Charge(meter, scale, kind, new Quantity(amount), trace) { IsSet = isSet };
    }

    private static ChargeTrace ReadTrace(ref Utf8JsonReader reader)
    {
        decimal? @base = null, multiplier = null, given = null, change = null, set = null, cost = null, unrounded = null, cutFrom = null, clampedFrom = null;
        ImmutableArray<PerUnitTrace> perUnits = [];
        ImmutableArray<BonusTrace> bonuses = [];
        while (NextMember(ref reader, out byte name))
        {
            switch (name)
            {
                case (byte)'b':
                    @base = reader.GetDecimal();
                    break;
                case (byte)'p':
                    perUnits = ReadArray(ref reader, static (ref r) => new PerUnitTrace(r.GetString()!, NextNumber(ref r), NextNumber(ref r)));
                    break;
                case (byte)'x':
                    multiplier = reader.GetDecimal();
                    break;
                case (byte)'g':
                    given = reader.GetDecimal();
                    break;
                case (byte)'f':
                    bonuses = ReadArray(ref reader, static (ref r) => new BonusTrace(r.GetString()!, NextNumber(ref r)));
                    break;
                case (byte)'c':
                    change = reader.GetDecimal();
                    break;
                case (byte)'s':
                    set = reader.GetDecimal();
                    break;
                case (byte)'m':
                    cost = reader.GetDecimal();
                    break;
                case (byte)'u':
                    unrounded = reader.GetDecimal();
                    break;
                case (byte)'t':
                    cutFrom = reader.GetDecimal();
                    break;
                case (byte)'l':
                    clampedFrom = reader.GetDecimal();
                    break;
                default:
                    throw Unknown(name);
            }
        }

        return new ChargeTrace
        {
            Base = @base,
            PerUnits = perUnits,
            Multiplier = multiplier,
            MultiplierGiven = given,
            Bonuses = bonuses,
            Change = change,
            Set = set,
            Cost = cost,
            Unrounded = unrounded,
            CutFrom = cutFrom,
            ClampedFrom = clampedFrom,
        };
    }

    private static void WriteReservation(Utf8JsonWriter writer, ReservationTerms terms)
    {
        writer.WriteStartObject("h"u8);
        writer.WriteNumber("e"u8, Clock.ToMicros(terms.ExpiresAt));
        if (terms.Slot is { } slot)
        {
            writer.WriteString("k"u8, slot.Kind);
            writer.WriteString("l"u8, slot.Lease);
            writer.WriteNumber("f"u8, slot.Fence);
        }

        writer.WriteEndObject();
    }

    private static ReservationTerms ReadReservation(ref Utf8JsonReader reader)
    {
        Instant expiresAt = Instant.MinValue;
        string? kind = null, lease = null;
        long fence = 0;
        while (NextMember(ref reader, out byte name))
        {
            switch (name)
            {
                case (byte)'e':
                    expiresAt = Clock.FromMicros(reader.GetInt64());
                    break;
                case (byte)'k':
                    kind = reader.GetString();
                    break;
                case (byte)'l':
                    lease = reader.GetString();
                    break;
                case (byte)'f':
                    fence = reader.GetInt64();
                    break;
                default:
                    throw Unknown(name);
            }
        }

        return new ReservationTerms(expiresAt, kind is null || lease is null ? null : new SlotLease(kind, lease, fence));
    }

    private static void WriteLine(Utf8JsonWriter writer, EntryLine line)
    {
        writer.WriteStartObject();
        writer.WriteString("m"u8, line.Key.Meter);
        WriteNonZero(writer, "k"u8, (int)line.Key.Scope);
        WriteNonZero(writer, "i"u8, line.Key.ScopeId);
        if (line.Key.Per != Per.Lifetime)
        {
            writer.WriteNumber("p"u8, (int)line.Key.Per);
        }

        WriteTime(writer, "b"u8, line.Key.PeriodStart, Instant.MinValue);
        WriteTime(writer, "e"u8, line.PeriodEnd, Instant.MaxValue);
        WriteNonZero(writer, "s"u8, line.Scale);
        WriteNonZero(writer, "d"u8, line.Delta.Units);
        WriteNonZero(writer, "u"u8, line.Used.Units);
        WriteNonZero(writer, "h"u8, line.Held.Units);
        WriteNonZero(writer, "j"u8, line.HeldDelta.Units);
        if (line.Limit is { } limit)
        {
            writer.WriteNumber("l"u8, limit.Units);
        }

        WriteNonZero(writer, "f"u8, (int)line.Enforcement);
        WriteNumber(writer, "o"u8, line.OverageRate?.Amount);
        WriteNonZero(writer, "g"u8, line.Granted.Units);
        if (!line.Draws.IsEmpty)
        {
            writer.WritePropertyName("w"u8);
            GrantJson.WriteDraws(writer, line.Draws);
        }

        writer.WriteEndObject();
    }

    private static EntryLine ReadLine(ref Utf8JsonReader reader)
    {
        string meter = "";
        ScopeKind scope = ScopeKind.Account;
        long scopeId = 0, delta = 0, used = 0, held = 0, heldDelta = 0, granted = 0;
        Draws draws = Draws.None;
        Per per = Per.Lifetime;
        Instant start = Instant.MinValue, end = Instant.MaxValue;
        int scale = 0;
        Quantity? limit = null;
        LimitEnforcement enforcement = LimitEnforcement.Hard;
        UnitPrice? overage = null;
        while (NextMember(ref reader, out byte name))
        {
            switch (name)
            {
                case (byte)'m':
                    meter = reader.GetString()!;
                    break;
                case (byte)'k':
                    scope = (ScopeKind)reader.GetInt32();
                    break;
                case (byte)'i':
                    scopeId = reader.GetInt64();
                    break;
                case (byte)'p':
                    per = (Per)reader.GetInt32();
                    break;
                case (byte)'b':
                    start = Clock.FromMicros(reader.GetInt64());
                    break;
                case (byte)'e':
                    end = Clock.FromMicros(reader.GetInt64());
                    break;
                case (byte)'s':
                    scale = reader.GetInt32();
                    break;
                case (byte)'d':
                    delta = reader.GetInt64();
                    break;
                case (byte)'u':
                    used = reader.GetInt64();
                    break;
                case (byte)'h':
                    held = reader.GetInt64();
                    break;
                case (byte)'j':
                    heldDelta = reader.GetInt64();
                    break;
                case (byte)'l':
                    limit = new Quantity(reader.GetInt64());
                    break;
                case (byte)'f':
                    enforcement = (LimitEnforcement)reader.GetInt32();
                    break;
                case (byte)'o':
                    overage = new UnitPrice(reader.GetDecimal());
                    break;
                case (byte)'g':
                    granted = reader.GetInt64();
                    break;
                case (byte)'w':
                    draws = GrantJson.ReadDraws(ref reader);
                    break;
                default:
                    throw Unknown(name);
            }
        }

        return new EntryLine(
            new BalanceKey(scope, scopeId, meter, per, start), end, scale, new Quantity(delta), new Quantity(used), new Quantity(held), limit, enforcement, overage)
        {
            HeldDelta = new Quantity(heldDelta),
            Granted = new Quantity(granted),
            Draws = draws,
        };
    }

    /// <summary>Moves to the value of the next member of the current object; false at its end. Names are one letter.</summary>
    private static bool NextMember(ref Utf8JsonReader reader, out byte name)
    {
        name = 0;
        reader.Read();
        if (reader.TokenType == JsonTokenType.EndObject)
        {
            return false;
        }

        ReadOnlySpan<byte> text = reader.ValueSpan;
        if (reader.TokenType != JsonTokenType.PropertyName || text.Length != 1)
        {
            throw new InvalidDataException($"The body of a ledger entry has '{Encoding.UTF8.GetString(text)}' where a member of one letter stands.");
        }

        name = text[0];
        reader.Read();
        return true;
    }

    private static ImmutableArray<T> ReadArray<T>(ref Utf8JsonReader reader, ReadItem<T> read)
    {
        ImmutableArray<T>.Builder items = ImmutableArray.CreateBuilder<T>(2);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            items.Add(read(ref reader));
        }

        return items.DrainToImmutable();
    }

    private static decimal NextNumber(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.GetDecimal();
    }

    private static void WriteText(Utf8JsonWriter writer, ReadOnlySpan<byte> name, string? text)
    {
        if (text is not null)
        {
            writer.WriteString(name, text);
        }
    }

    private static void WriteNumber(Utf8JsonWriter writer, ReadOnlySpan<byte> name, decimal? number)
    {
        if (number is { } given)
        {
            writer.WriteNumber(name, given);
        }
    }

    private static void WriteNonZero(Utf8JsonWriter writer, ReadOnlySpan<byte> name, long number)
    {
        if (number != 0)
        {
            writer.WriteNumber(name, number);
        }
    }

    private static void WriteTime(Utf8JsonWriter writer, ReadOnlySpan<byte> name, Instant time, Instant usual)
    {
        if (time != usual)
        {
            writer.WriteNumber(name, Clock.ToMicros(time));
        }
    }

    private static InvalidDataException Unknown(byte name) =>
        new($"The body of a ledger entry has the member '{(char)name}', which this program does not know; it was written by a newer one.");
}

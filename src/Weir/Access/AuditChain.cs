using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>One record of the audit log as it is stored.</summary>
/// <param name="Number">Counts from 1 in each workspace, without gaps.</param>
/// <param name="Before">A JSON object with its members in the order of their names and without spaces, or null.</param>
/// <param name="Previous">The hash of the record before; 32 zero bytes for the first.</param>
/// <param name="Hash">SHA-256 of the canonical form (<see cref="AuditChain.CanonicalForm"/>).</param>
public sealed record AuditRecord(
    long Number, Instant At, AuditActor Actor, string Action, AuditTarget Target, string? Before, string? After, Digest Previous, Digest Hash)
{
    public AuditHead Head => new(Number, Hash);
}

/// <summary>The end of a chain: what to note down elsewhere, so that records which are cut off are missed.</summary>
public readonly record struct AuditHead(long Number, Digest Hash)
{
    /// <summary>Before the first record.</summary>
    public static readonly AuditHead None;

    private static readonly SearchValues<char> s_hex = SearchValues.Create("0123456789abcdefABCDEF");

    /// <summary><c>number:hash</c>, the hash in hexadecimal digits.</summary>
    public override string ToString() => $"{Number.ToString(CultureInfo.InvariantCulture)}:{AuditChain.Hex(Hash)}";

    /// <summary>The reverse of <see cref="ToString"/>.</summary>
    public static bool TryParse(string text, out AuditHead head)
    {
        head = None;
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 1 || !long.TryParse(text.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            || text.Length - colon - 1 != Digest.Length * 2 || text.AsSpan(colon + 1).ContainsAnyExcept(s_hex))
        {
            return false;
        }

        head = new AuditHead(number, Digest.FromBytes(Convert.FromHexString(text.AsSpan(colon + 1))));
        return true;
    }
}

/// <summary>The hash chain of the audit log: each record carries the hash of the one before, so that none can be changed, taken out, put in or moved unseen.</summary>
public static class AuditChain
{
    /// <summary>The largest summary of a change, in characters of JSON.</summary>
    public const int LargestSummary = 64 * 1024;

    private const string Version = "weir-audit-1";

    private static readonly JsonSerializerOptions s_summary = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The record that follows another. The store calls it under its writer's lock.</summary>
    public static AuditRecord Next(AuditHead head, Instant at, AuditEntry entry)
    {
        AuditRecord record = new(head.Number + 1, at, entry.Actor, entry.Action, entry.Target, Summary(entry.Before), Summary(entry.After), head.Hash, default);
        return record with { Hash = HashOf(record) };
    }

    public static Digest HashOf(AuditRecord record) => Digest.Of(Encoding.UTF8.GetBytes(CanonicalForm(record)));

    /// <summary>
    /// Ten lines, each ended by a line feed: <c>weir-audit-1</c>; the number; the time in microseconds since 1970-01-01T00:00:00Z; the
    /// actor; its name, or nothing; the action; the target; the summary before and the one after, each as it is stored, or <c>null</c>;
    /// the hash of the record before in lower-case hexadecimal digits. No field holds a line feed: JSON escapes it, names may have none.
    /// </summary>
    public static string CanonicalForm(AuditRecord record) => string.Create(CultureInfo.InvariantCulture,
        $"{Version}\n{record.Number}\n{Clock.ToMicros(record.At)}\n{record.Actor.Id}\n{record.Actor.Name}\n{record.Action}\n{record.Target}\n{record.Before ?? "null"}\n{record.After ?? "null"}\n{Hex(record.Previous)}\n");

    public static string Hex(Digest hash) => Convert.ToHexStringLower(hash.ToArray());

    private static string? Summary(JsonObject? summary)
    {
        if (summary is null)
        {
            return null;
        }

        string text = Sorted(summary)!.ToJsonString(s_summary);
        return text.Length <= LargestSummary ? text : throw new ArgumentException($"A summary of a change has {text.Length} characters; at most {LargestSummary}.", nameof(summary));
    }

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject members => new JsonObject(members.OrderBy(member => member.Key, StringComparer.Ordinal).Select(member => KeyValuePair.Create(member.Key, Sorted(member.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}

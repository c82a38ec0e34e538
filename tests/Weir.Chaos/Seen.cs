using System.Text.Json;

namespace Weir.Chaos;

/// <summary>What the books of the holders and the API say.</summary>
/// <param name="Looks">From the kill until after the last end.</param>
/// <param name="Views">All that stand open, and those with slots that have ended.</param>
/// <param name="Running">The ids that are shown as running after the last end.</param>
internal sealed record Seen(HolderLine[] Told, List<Look> Looks, List<JsonElement> Views, string[] Running, DateTimeOffset Killed)
{
    public IEnumerable<HolderLine> Made => Herd.Where(line => line.What == "reserved");

    /// <summary>When each reservation ends by time, as its holder was last told.</summary>
    public Dictionary<string, DateTimeOffset> ToldEnds { get; } = Told.Where(line => line.ExpiresAt is not null).GroupBy(line => line.Id, StringComparer.Ordinal)
        .ToDictionary(one => one.Key, one => one.Max(line => line.ExpiresAt!.Value), StringComparer.Ordinal);

    /// <summary>Those whose holders at least began to end them.</summary>
    public HashSet<string> GivenBack { get; } = [.. Told.Where(line => line.What == "ending").Select(line => line.Id)];

    public IEnumerable<JsonElement> Expired => Views.Where(view => view.GetProperty("state").GetString() == "expired");

    public IEnumerable<Lease> Leases => Views.Where(view => view.GetProperty("slot").ValueKind == JsonValueKind.Object).Select(LeaseOf);

    public int Live => Made.Count(line => !GivenBack.Contains(line.Id) && ToldEnds[line.Id] > Killed);

    /// <summary>The last end by time in each place, of those too whose holders were never told of them.</summary>
    public Dictionary<string, DateTimeOffset> LastEnds
    {
        get
        {
            Dictionary<string, DateTimeOffset> ends = Expired.GroupBy(view => view.GetProperty("account").GetString()!, StringComparer.Ordinal)
                .ToDictionary(one => one.Key, one => one.Max(view => view.GetProperty("expiresAt").GetDateTimeOffset()), StringComparer.Ordinal);
            ends[HolderScenario.Service] = ends.Values.Max();
            return ends;
        }
    }

    /// <summary>Seconds from the kill to the first look at which the last place was seen free.</summary>
    public double FreeAfter
    {
        get
        {
            Dictionary<string, DateTimeOffset> ends = LastEnds;
            return Looks.Where(look => look.AsOf >= ends.GetValueOrDefault(look.Place)).GroupBy(look => look.Place, StringComparer.Ordinal).Max(place => (place.Min(look => look.AsOf) - Killed).TotalSeconds);
        }
    }

    private IEnumerable<HolderLine> Herd => Told.Where(line => line.Id.StartsWith('h'));

    public static string IdOf(JsonElement view) => view.GetProperty("id").GetString()!;

    private static Lease LeaseOf(JsonElement view)
    {
        JsonElement slot = view.GetProperty("slot");
        bool hasEnded = view.TryGetProperty("endedAt", out JsonElement ended) && ended.ValueKind == JsonValueKind.String;
        return new Lease(
            view.GetProperty("account").GetString()!, slot.GetProperty("kind").GetString()!, view.GetProperty("id").GetString()!, slot.GetProperty("fence").GetInt64(),
            view.GetProperty("createdAt").GetDateTimeOffset(), (hasEnded ? ended : view.GetProperty("expiresAt")).GetDateTimeOffset());
    }
}

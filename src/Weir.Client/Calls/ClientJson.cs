using System.Text.Json;
using System.Text.Json.Serialization;

namespace Weir.Client;

/// <summary>The shapes of the API. What an answer has beyond them is passed over, so that a newer server can be read.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(ProblemDocument))]
[JsonSerializable(typeof(ConsumeAnswer))]
[JsonSerializable(typeof(RecordAnswer))]
[JsonSerializable(typeof(Correction))]
[JsonSerializable(typeof(ReverseBody))]
[JsonSerializable(typeof(AdjustBody))]
[JsonSerializable(typeof(LoggedEvent))]
[JsonSerializable(typeof(Page<LoggedEvent>))]
[JsonSerializable(typeof(Account))]
[JsonSerializable(typeof(AccountChange))]
[JsonSerializable(typeof(Page<AccountListItem>))]
[JsonSerializable(typeof(SubscriptionBody))]
[JsonSerializable(typeof(AccountUsage))]
[JsonSerializable(typeof(AccountLimits))]
[JsonSerializable(typeof(UsageHistory))]
[JsonSerializable(typeof(Feature))]
[JsonSerializable(typeof(CatalogVersion))]
[JsonSerializable(typeof(ReservationAnswer))]
[JsonSerializable(typeof(ReservationCommit))]
[JsonSerializable(typeof(ReleaseBody))]
[JsonSerializable(typeof(ExtendBody))]
[JsonSerializable(typeof(GrowBody))]
[JsonSerializable(typeof(Reservation))]
[JsonSerializable(typeof(Page<Reservation>))]
[JsonSerializable(typeof(string))]
internal sealed partial class ClientJson : JsonSerializerContext
{
    /// <summary>For bodies: letters and quotes stand as they are.</summary>
    public static ClientJson Bodies => field ??= new(new JsonSerializerOptions(Default.Options) { Encoder = EventJson.Writing.Encoder, TypeInfoResolver = null });
}

/// <summary>One page of a list.</summary>
/// <param name="Next">Where the next page begins; null at the end.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

using System.Text.Json;

namespace Weir;

/// <summary>What has happened, in a line that says enough to those who read no further than a mail's subject.</summary>
internal static class NotificationHeadline
{
    /// <returns>One line of plain text, or null where the data does not say enough for one.</returns>
    public static string? Of(string type, JsonElement data, string? account)
    {
        if (account is null || data.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        return (type, Text(data, "kind")) switch
        {
            (NotificationTypes.AlertRaised, "threshold") => Reached(data, account),
            (NotificationTypes.AlertResolved, "threshold") when Text(data, "meter") is { } meter => $"resolved: {meter} of {account}",
            (NotificationTypes.AlertResolved, "job_stuck") when Text(data, "type") is { } job => $"resolved: a job '{job}' of {account}",
            (NotificationTypes.JobStuck, _) when Text(data, "type") is { } job => $"a job '{job}' of {account} has not been heard of",
            (NotificationTypes.UsageUnusual, _) when Text(data, "type") is { } unusual && Number(data, "events") is { } events =>
                $"{account} uses far more '{unusual}' than usual: {events} in an hour",
            _ => null,
        };
    }

    private static string? Reached(JsonElement data, string account)
    {
        if (Text(data, "meter") is not { } meter || Number(data, "used") is not { } used)
        {
            return null;
        }

        string? limit = Number(data, "limit");
        return data.TryGetProperty("threshold", out JsonElement threshold) && Number(threshold, "remaining") is { } left && limit is not null
            ? $"{account} has {left} or less of {limit} {meter} left"
            : $"{account} has used {used} {(limit is null ? "" : $"of {limit} ")}{meter}";
    }

    private static string? Text(JsonElement data, string member) =>
        data.TryGetProperty(member, out JsonElement value) && value.ValueKind == JsonValueKind.String ? NotificationText.OneLine(value.GetString()!) : null;

    private static string? Number(JsonElement data, string member) =>
        data.ValueKind == JsonValueKind.Object && data.TryGetProperty(member, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetRawText() : null;
}

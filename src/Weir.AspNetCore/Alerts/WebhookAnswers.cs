using System.Text.Json;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>How webhooks and deliveries are shown, and the lists of types that bodies carry.</summary>
internal static class WebhookAnswers
{
    public static string TypeNames { get; } = string.Join(", ", NotificationTypes.All.Select(known => known.Type));

    public static WebhookAnswer Of(Webhook webhook) => new(
        webhook.Id, webhook.Url, webhook.Description, webhook.Types, webhook.Disabled is not null,
        webhook.Disabled is { } reason ? WebhookService.NameOf(reason) : null, webhook.DisabledAt, webhook.CreatedAt, webhook.LastSuccessAt,
        [.. webhook.Secrets.Select(secret => new WebhookSecretAnswer(secret.CreatedAt, secret.ExpiresAt))]);

    public static DeliveryAnswer Of(Delivery delivery)
    {
        Notification notification = delivery.Message.Notification;
        return new DeliveryAnswer(
            notification.Id, notification.Type, notification.At, JsonSerializer.Deserialize<JsonElement>(notification.Data.Span),
            delivery.State.ToString().ToLowerInvariant(), delivery.Attempts, delivery.CreatedAt, delivery.NextAttemptAt, delivery.FinishedAt, [.. delivery.Log.Select(Of)]);
    }

    public static DeliveryAttemptAnswer Of(DeliveryAttempt attempt) =>
        new(attempt.Number, attempt.At, attempt.Status, attempt.Error, attempt.Answer, (long)attempt.Took.TotalMilliseconds);

    /// <summary>Types of notifications, each known and once; an empty list means all.</summary>
    public static IReadOnlyList<string> Types(IReadOnlyList<string> types, string pointer)
    {
        for (int i = 0; i < types.Count; i++)
        {
            if (types[i] is null || !NotificationTypes.IsKnown(types[i]))
            {
                throw Texts.Wrong($"{pointer}/{i}", $"A type of notification is one of {TypeNames}{(types[i] is { } text ? NearestName.Suggestion(text, NotificationTypes.All.Select(known => known.Type)) : "")}.");
            }

            if (types.Take(i).Contains(types[i], StringComparer.Ordinal))
            {
                throw Texts.Wrong($"{pointer}/{i}", $"'{types[i]}' stands twice.");
            }
        }

        return types;
    }
}

using System.Text.Json;

using NodaTime;

namespace Weir.AspNetCore;

/// <param name="Types">Empty or absent for all.</param>
internal sealed record CreateWebhookBody(string Url, string? Description = null, IReadOnlyList<string>? Types = null);

// What is null stays as it is.
internal sealed record PutWebhookBody(string? Url = null, string? Description = null, IReadOnlyList<string>? Types = null, bool? Disabled = null);

/// <param name="KeepOldFor">Seconds.</param>
internal sealed record RotateWebhookBody(int KeepOldFor = 86_400);

internal sealed record TestWebhookBody;

internal sealed record RedeliverBody(string? Message = null, Instant? Since = null);

internal sealed record RedeliverAnswer(int Count);

internal sealed record WebhookListAnswer(IReadOnlyList<WebhookAnswer> Items, string? Next);

/// <param name="DisabledReason">requested, failing or gone.</param>
internal sealed record WebhookAnswer(
    string Id, string Url, string? Description, IReadOnlyList<string> Types, bool Disabled, string? DisabledReason, Instant? DisabledAt, Instant CreatedAt,
    Instant? LastSuccessAt, IReadOnlyList<WebhookSecretAnswer> Secrets);

/// <summary>A secret that signs, newest first. Its text is not shown again.</summary>
internal sealed record WebhookSecretAnswer(Instant CreatedAt, Instant? ExpiresAt);

/// <param name="Secret"><c>whsec_</c> and base64. It cannot be shown again.</param>
internal sealed record NewWebhookAnswer(WebhookAnswer Webhook, string Secret);

/// <param name="Message">The id of the notification that was sent.</param>
internal sealed record TestAnswer(string Message, bool Delivered, DeliveryAttemptAnswer Attempt);

internal sealed record DeliveryListAnswer(IReadOnlyList<DeliveryAnswer> Items, string? Next);

/// <param name="Message">The id of the notification, as the receiver sees it in <c>webhook-id</c>.</param>
/// <param name="State">pending, delivered or failed.</param>
/// <param name="Attempts">Attempts that were begun; the newest that have ended stand in the log.</param>
internal sealed record DeliveryAnswer(
    string Message, string Type, Instant At, JsonElement Data, string State, int Attempts, Instant CreatedAt, Instant? NextAttemptAt, Instant? FinishedAt,
    IReadOnlyList<DeliveryAttemptAnswer> Log);

/// <param name="Answer">The beginning of what the receiver answered.</param>
internal sealed record DeliveryAttemptAnswer(int Number, Instant At, int? Status, string? Error, string? Answer, long TookMs);

internal sealed record NotificationTypeListAnswer(IReadOnlyList<NotificationTypeAnswer> Items, string? Next);

internal sealed record NotificationTypeAnswer(string Type, string Description);

internal sealed record PutContactsBody(IReadOnlyList<ContactBody> Contacts);

/// <param name="Types">Empty or absent for all.</param>
internal sealed record ContactBody(string Address, IReadOnlyList<string>? Types = null);

/// <param name="Mail">Whether the server can send mail; without a mail server contacts are kept and sent nothing.</param>
internal sealed record ContactsAnswer(IReadOnlyList<ContactAnswer> Contacts, bool Mail);

internal sealed record ContactAnswer(string Address, IReadOnlyList<string> Types, Instant CreatedAt);

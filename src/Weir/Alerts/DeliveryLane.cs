using System.Text.Json;

using Microsoft.Extensions.Logging;

using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>Delivers what waits for one target: a few at a time, until nothing is ready. Each target has a lane of its own, so none waits for another.</summary>
internal sealed class DeliveryLane(
    IWeirStore store, SecretBox secrets, WebhookSender webhooks, MailSender mails, WebhookOptions options, MailOptions mailOptions, WeirInstruments instruments, TimeProvider time,
    ILogger<DeliveryLane> logger)
{
    /// <summary>What writing down a result may take, beyond the attempt itself.</summary>
    private static readonly Duration s_margin = Duration.FromSeconds(10);

    /// <summary>Sends one message to where it belongs.</summary>
    private delegate Task<Attempt> Send(Notification notification, string? account, CancellationToken cancellationToken);

    /// <summary>Works until nothing is ready. False when the target cannot be served now, whatever waits for it.</summary>
    /// <param name="stopping">Takes no more; what is under way is finished.</param>
    /// <param name="abandon">Breaks off what is under way; it is sent again when its claim has ended.</param>
    public async Task<bool> RunAsync(Workspace workspace, string target, CancellationToken stopping, CancellationToken abandon)
    {
        while (!stopping.IsCancellationRequested)
        {
            (Send? send, Duration longest) = await OpenAsync(workspace, target, abandon);
            if (send is null)
            {
                return false;
            }

            Instant now = Now();
            IReadOnlyList<Delivery> claimed = await store.Deliveries.ClaimAsync(workspace.Id, target, now, now + longest + s_margin, options.AtOnce, abandon);
            if (claimed.Count == 0)
            {
                return true;
            }

            await Task.WhenAll(claimed.Select(delivery => AttemptAsync(workspace, delivery, send, retry: true, abandon)));
        }

        return true;
    }

    /// <summary>Sends one notification to a webhook now, once, disabled or not. Null when there is no such webhook or notification.</summary>
    /// <exception cref="SecretBoxException">Its secrets cannot be opened.</exception>
    public async Task<DeliveryAttempt?> SendOnceAsync(Workspace workspace, string webhook, string message, CancellationToken cancellationToken)
    {
        if (await store.Deliveries.FindWebhookAsync(workspace.Id, webhook, cancellationToken) is not { } found)
        {
            return null;
        }

        Send send = To(workspace, found);
        Instant now = Now();
        return await store.Deliveries.ClaimAsync(workspace.Id, webhook, message, now, now + Duration.FromTimeSpan(options.TotalTimeout) + s_margin, cancellationToken) is { } delivery
            ? await AttemptAsync(workspace, delivery, send, retry: false, cancellationToken)
            : null;
    }

    private async Task<(Send? Send, Duration Longest)> OpenAsync(Workspace workspace, string target, CancellationToken cancellationToken)
    {
        if (await store.Deliveries.FindWebhookAsync(workspace.Id, target, cancellationToken) is { } webhook)
        {
            try
            {
                return (webhook.Disabled is null ? To(workspace, webhook) : null, Duration.FromTimeSpan(options.TotalTimeout));
            }
            catch (SecretBoxException exception)
            {
                Log.WebhookCannotSign(logger, target, exception.Message);
                return default;
            }
        }

        if (mailOptions.IsConfigured && await store.Deliveries.FindContactAsync(workspace.Id, target, cancellationToken) is { } contact)
        {
            return ((notification, account, token) => mails.SendAsync(contact.Address, notification, workspace.Key, account, token), Duration.FromTimeSpan(mailOptions.Timeout));
        }

        return default;
    }

    private Send To(Workspace workspace, Webhook webhook)
    {
        Instant now = Now();
        byte[][] keys = [.. webhook.Secrets.Where(secret => secret.ExpiresAt is not { } end || end > now).Select(secret => secrets.Open(secret.Sealed.Span, WebhookService.PurposeOf(workspace.Id, webhook.Id)))];
        return (notification, account, token) => webhooks.SendAsync(webhook.Url, notification.Id, keys, NotificationText.Json(notification, workspace.Key, account), token);
    }

    private async Task<DeliveryAttempt> AttemptAsync(Workspace workspace, Delivery delivery, Send send, bool retry, CancellationToken cancellationToken)
    {
        Notification notification = delivery.Message.Notification;
        string? account = notification.Account == Account.WorkspaceHead
            ? null
            : (await store.Accounts.NamesAsync(workspace.Id, [notification.Account], cancellationToken)).GetValueOrDefault(notification.Account)?.Key.Value;
        Instant began = Now();
        Attempt attempt;
        try
        {
            attempt = await send(notification, account, cancellationToken);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or ArgumentException)
        {
            // Its writer did not keep to the form. It must not be tried for ever.
            attempt = Attempt.Failed("The notification cannot be written: its data is not a JSON object.") with { IsFinal = true };
        }

        Instant ended = Now();
        DeliveryAttempt written = new(delivery.Attempts, began, attempt.Status, attempt.Error, attempt.Answer, ended - began);
        instruments.Deliveries.Add(1, new KeyValuePair<string, object?>("outcome", attempt.IsDelivered ? "delivered" : "failed"));

        // Nothing that was sent is left unmarked because somebody has stopped waiting.
        DeliveryResult result = ResultOf(delivery, attempt, written, retry, ended);
        await store.Deliveries.FinishAsync(workspace.Id, result, CancellationToken.None);
        if (retry && result.State == DeliveryState.Failed)
        {
            Log.DeliveryFailed(logger, notification.Id, delivery.Target, written.Number, written.Error);
        }

        return written;
    }

    private DeliveryResult ResultOf(Delivery delivery, Attempt attempt, DeliveryAttempt written, bool retry, Instant now)
    {
        DeliveryResult Ended(DeliveryState state, WebhookDisabling? disable = null) => new(delivery.Target, delivery.Message.Sequence, written, state, null) { Disable = disable };

        if (attempt.IsDelivered)
        {
            return Ended(DeliveryState.Delivered);
        }

        if (!retry || attempt.IsFinal)
        {
            return Ended(DeliveryState.Failed);
        }

        if (attempt.IsGone)
        {
            return Ended(DeliveryState.Failed, Disabling(delivery, DisabledReason.Gone, null, now));
        }

        Instant since = delivery.TriedSince!.Value;
        int failures = delivery.Log.Count(before => before.At >= since) + 1;
        return RetrySchedule.Next(options, failures, since, now, attempt.RetryAfter, Random.Shared.NextDouble()) is { } next
            ? new DeliveryResult(delivery.Target, delivery.Message.Sequence, written, DeliveryState.Pending, Clock.Truncate(next))
            : Ended(DeliveryState.Failed, Disabling(delivery, DisabledReason.Failing, since, now));
    }

    private static WebhookDisabling Disabling(Delivery delivery, DisabledReason reason, Instant? since, Instant now) => new(reason, since, new Notification
    {
        Type = NotificationTypes.WebhookDisabled,
        At = now,
        Data = JsonSerializer.SerializeToUtf8Bytes(new { webhook = delivery.Target, reason = WebhookService.NameOf(reason) }),
    });

    private Instant Now() => Clock.Truncate(Instant.FromDateTimeOffset(time.GetUtcNow()));
}

using System.Security.Cryptography;

using NodaTime;

namespace Weir;

/// <summary>
/// Something that happened and that people or programs outside want to hear of. Whoever decides it writes it in the transaction of the
/// decision (<see cref="LedgerWrites.Notifications"/>) or on its own (<see cref="INotificationStore.AppendAsync"/>); from there it is
/// delivered to webhooks and by mail, at least once, always under this id.
/// </summary>
public sealed record Notification
{
    /// <summary>The most bytes of <see cref="Data"/>.</summary>
    public const int LargestData = 16 * 1024;

    private const int IdBytes = 16;

    /// <summary>
    /// 1–64 of a–z, A–Z, 0–9, <c>_</c> and <c>-</c>. A random one by default; one that follows from what happened makes a repeated write
    /// harmless, because a store keeps the first of an id.
    /// </summary>
    public string Id { get; init; } = NewId();

    /// <summary>One of <see cref="NotificationTypes"/>.</summary>
    public required string Type { get; init; }

    /// <summary>The account's internal id; 0 when it is about none. Its key is looked up at the delivery and stands in no stored row.</summary>
    public long Account { get; init; }

    public required Instant At { get; init; }

    /// <summary>A JSON object in UTF-8, at most <see cref="LargestData"/> bytes. Without personal data: it outlives the account (PRIV-1).</summary>
    public required ReadOnlyMemory<byte> Data { get; init; }

    public static string NewId() => "msg_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes));
}

/// <summary>A notification with its place in the order of the workspace's outbox.</summary>
public sealed record StoredNotification(long Sequence, Notification Notification);

namespace Weir;

/// <summary>What the outside is told of an alert. The ids follow from the alert's, so that nothing is told twice.</summary>
internal static class AlertNotes
{
    public static Notification Of(Alert alert) => new()
    {
        Id = "msg_" + alert.Id["alr_".Length..] + (alert.ResolvedAt is null ? "_raised" : "_resolved"),
        Type = alert switch
        {
            { ResolvedAt: not null } => NotificationTypes.AlertResolved,
            { Kind: AlertKind.JobStuck } => NotificationTypes.JobStuck,
            { Kind: AlertKind.UsageUnusual } => NotificationTypes.UsageUnusual,
            _ => NotificationTypes.AlertRaised,
        },
        Account = alert.Account,
        At = alert.ResolvedAt ?? alert.RaisedAt,
        Data = AlertJson.WriteNotification(alert),
    };
}

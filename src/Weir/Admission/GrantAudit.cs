using System.Text.Json.Nodes;

using NodaTime;
using NodaTime.Text;

using Weir.Engine;

namespace Weir;

/// <summary>
/// What the audit log says of grants. The sender's id of a grant and its reason may hold personal data and stay out of it (PRIV-1); the
/// number of the ledger's entry would be known only after the commit, so a grant is told by its terms.
/// </summary>
internal static class GrantAudit
{
    public static AuditEntry Given(AuditActor actor, long account, GrantTerms terms) =>
        new(actor, AuditActions.GrantGiven, AuditTarget.Account(account)) { After = Of(terms) };

    public static AuditEntry Ended(AuditActor actor, long account, GrantTerms terms) =>
        new(actor, AuditActions.GrantEnded, AuditTarget.Account(account)) { Before = Of(terms) };

    /// <summary>Amounts in smallest units, as they are stored: a later catalog cannot change what the record says.</summary>
    private static JsonObject Of(GrantTerms terms) => new()
    {
        ["meter"] = terms.Meter,
        ["amountUnits"] = terms.Amount.Units,
        ["per"] = terms.Per?.Name(),
        ["priority"] = terms.Priority,
        ["start"] = InstantPattern.ExtendedIso.Format(terms.Start),
        ["expiry"] = terms.End == Instant.MaxValue ? null : InstantPattern.ExtendedIso.Format(terms.End),
        ["beforePlan"] = terms.BeforePlan,
        ["recurrence"] = terms.Recurrence?.Name(),
    };
}

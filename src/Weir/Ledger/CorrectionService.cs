using Weir.Engine;

namespace Weir;

/// <summary>Takes events back and adjusts balances, each as a new entry (COR-1).</summary>
public sealed class CorrectionService(IWeirStore store, GroupCommit commits)
{
    /// <summary>Reverses an event, once: a repeat gets the first answer again.</summary>
    public async Task<Outcome> ReverseAsync(WorkspaceId workspace, EventId id, string? reason, string? actor, CancellationToken cancellationToken)
    {
        if (await store.Ledger.FindOwnerAsync(workspace, id, cancellationToken) is not { } account)
        {
            return new Outcome { Id = id.Value, Refusal = Refusal.EventNotFound, Failure = new Failure(Refusal.EventNotFound, "", $"There is no event '{id}'.{await store.Retention.NoteAsync(workspace, cancellationToken)}") };
        }

        return await commits.SubmitAsync(
            new ReverseCommand { Workspace = workspace, Account = account, IdText = id.Value, Target = Digest.Of(id.Value), Reason = reason, Actor = actor },
            cancellationToken);
    }

    /// <summary>Moves every account-wide balance of a meter.</summary>
    /// <param name="amount">In the meter's unit; a negative amount is at most what is used. Null takes what is used in the running periods back to 0.</param>
    /// <param name="actor">Who corrects, as the request says; null where it does not.</param>
    /// <param name="caller">Stands in the entry where the request names no actor. A repeat may come from another caller (ID-4).</param>
    public async Task<Outcome> AdjustAsync(
        WorkspaceId workspace, EventId id, AccountKey account, string meter, decimal? amount, string reason, string? actor, string caller,
        CancellationToken cancellationToken) =>
        await commits.SubmitAsync(
            new AdjustCommand
            {
                Workspace = workspace,
                Account = account,
                IdText = id.Value,
                Id = Digest.Of(id.Value),
                Fingerprint = Fingerprint.OfAdjustment(account, meter, amount, reason, actor ?? ""),
                Meter = meter,
                Amount = amount,
                Reason = reason,
                Actor = actor ?? caller,
            },
            cancellationToken);
}

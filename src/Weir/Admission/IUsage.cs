using Weir.Engine;

namespace Weir;

/// <summary>
/// Usage from inside an application: the few calls that most hosts need, on the workspace of embedded use. Ready once the host has started.
/// </summary>
public interface IUsage
{
    /// <summary>Uses, or learns that it may not; durable when the answer comes. Repeating an id gives the same answer.</summary>
    /// <exception cref="OverloadedException">Nothing was recorded; the same call may come again shortly.</exception>
    /// <exception cref="StoreUnavailableException">Whether it took effect is unknown: repeat it with the same id.</exception>
    Task<Outcome> ConsumeAsync(UsageEvent e, CancellationToken cancellationToken);

    /// <summary>Records what has happened, whatever the limits; durable when the answer comes.</summary>
    /// <exception cref="OverloadedException">Nothing was recorded; the same call may come again shortly.</exception>
    /// <exception cref="StoreUnavailableException">Whether it took effect is unknown: repeat it with the same id.</exception>
    Task<Outcome> RecordAsync(UsageEvent e, CancellationToken cancellationToken);

    /// <summary>Records soon, without waiting and without ever throwing. False when the queue is full: the event is dropped and counted.</summary>
    bool TryRecord(UsageEvent e);

    /// <summary>The same decision as consuming, without effect, from state at most one second old. Advisory.</summary>
    ValueTask<CheckOutcome> CheckAsync(UsageEvent e, CancellationToken cancellationToken);

    /// <summary>What an account has used and has left; null when there is no such account.</summary>
    ValueTask<AccountUsage?> CurrentAsync(AccountKey account, CancellationToken cancellationToken);
}

internal sealed class DefaultUsage(StoreLifetime lifetime, AdmissionService admission, UsageRecorder recorder, UsageService usage) : IUsage
{
    public Task<Outcome> ConsumeAsync(UsageEvent e, CancellationToken cancellationToken) =>
        admission.ConsumeAsync(lifetime.Default.Id, e, ConsumeMode.Enforce, cancellationToken);

    public async Task<Outcome> RecordAsync(UsageEvent e, CancellationToken cancellationToken) =>
        (await admission.RecordAsync(lifetime.Default.Id, [e], cancellationToken))[0];

    public bool TryRecord(UsageEvent e) => recorder.TryRecord(lifetime.Default.Id, e);

    public ValueTask<CheckOutcome> CheckAsync(UsageEvent e, CancellationToken cancellationToken) =>
        admission.CheckAsync(lifetime.Default.Id, e, ConsumeMode.Enforce, cancellationToken);

    public ValueTask<AccountUsage?> CurrentAsync(AccountKey account, CancellationToken cancellationToken) =>
        usage.FindAsync(lifetime.Default.Id, account, cancellationToken);
}

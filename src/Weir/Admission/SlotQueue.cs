using NodaTime;

using Weir.Engine;

namespace Weir;

/// <summary>
/// Those who wait for slots at this node (SLOT-2). Their places are tickets of the store, one queue over all nodes; waiting holds nothing
/// and stands outside the writer's queue. Only who stands in front of its account's line is decided, by the node at which it waits: when a
/// slot may have come free here, when the store says that one may have elsewhere, or when the earliest lease has ended.
/// </summary>
internal sealed class SlotQueue(ITicketStore tickets, TimeProvider time)
{
    /// <summary>How long the place of a waiter is kept that is not there.</summary>
    public static readonly Duration Grace = Duration.FromSeconds(10);

    /// <summary>How long the places of a node outlive it.</summary>
    public static readonly Duration Lease = Duration.FromSeconds(5);

    /// <summary>The most that wait for one kind in a workspace.</summary>
    public const int MostWaiting = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<(WorkspaceId Workspace, string Kind), SlotQueueLane> _lanes = [];

    /// <summary>Takes a place, or the one that the same reservation has already, and waits there.</summary>
    /// <param name="decide">Takes a command through the writer.</param>
    /// <returns>What was decided, or the last denial when the time was over or the caller left; then the place is kept for a while.</returns>
    /// <exception cref="OverloadedException">Too many wait.</exception>
    public async Task<Outcome> WaitAsync(ReserveCommand command, string kind, int priority, Duration wait, Func<ReserveCommand, Task<Outcome>> decide, CancellationToken cancellationToken)
    {
        NewTicket place = new(command.Account, kind, command.IdText, command.Fingerprint, priority, command.Details.User);
        long number = await tickets.TakeAsync(command.Workspace, place, Lease, MostWaiting, cancellationToken)
            ?? throw new OverloadedException($"{MostWaiting} jobs wait for '{kind}'; come again later.");
        SlotQueueLane lane;
        lock (_gate)
        {
            if (!_lanes.TryGetValue((command.Workspace, kind), out lane!))
            {
                _lanes.Add((command.Workspace, kind), lane = new SlotQueueLane(command.Workspace, kind, tickets, decide, time));
            }
        }

        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using ITimer timer = time.CreateTimer(_ => patience.Cancel(), null, wait.ToTimeSpan(), Timeout.InfiniteTimeSpan);
        SlotQueueWaiter waiter = lane.Join(number, command);
        try
        {
            return waiter.Tell(await waiter.Decided.WaitAsync(patience.Token));
        }
        catch (OperationCanceledException)
        {
            return waiter.Tell(await lane.LeaveAsync(waiter));
        }
    }

    /// <summary>Gives a place up.</summary>
    public async Task<bool> GiveUpAsync(WorkspaceId workspace, string reservation, CancellationToken cancellationToken)
    {
        bool found = await tickets.GiveUpAsync(workspace, reservation, cancellationToken);
        WakeAll(workspace);
        return found;
    }

    /// <summary>Takes everyone of an account, or of one user of it, out of the lines.</summary>
    public async Task ForgetAsync(WorkspaceId workspace, AccountKey account, string? user, CancellationToken cancellationToken)
    {
        await tickets.ForgetAsync(workspace, account, user, cancellationToken);
        WakeAll(workspace);
    }

    /// <summary>Those who wait, at whatever node.</summary>
    public ValueTask<IReadOnlyList<SlotWaiter>> ReadAsync(WorkspaceId workspace, WaiterFilter filter, CancellationToken cancellationToken) =>
        tickets.ReadAsync(workspace, filter, cancellationToken);

    /// <summary>Slots of any kind may have come free.</summary>
    public void WakeAll(WorkspaceId workspace)
    {
        SlotQueueLane[] lanes;
        lock (_gate)
        {
            lanes = [.. _lanes.Values.Where(lane => lane.Workspace == workspace)];
        }

        foreach (SlotQueueLane lane in lanes)
        {
            lane.Wake();
        }
    }

    /// <summary>A slot may have come free.</summary>
    public void Wake(WorkspaceId workspace, string kind)
    {
        SlotQueueLane? lane;
        lock (_gate)
        {
            lane = _lanes.GetValueOrDefault((workspace, kind));
        }

        lane?.Wake();
    }
}

using NodaTime;

using Npgsql;

using Weir.Engine;

namespace Weir.PostgreSql;

/// <summary>The queues for slots of all nodes. Every member is one short transaction, apart from those of the ledger.</summary>
internal sealed class PostgreSqlTickets(Database database) : ITicketStore
{
    public ValueTask<long?> TakeAsync(WorkspaceId workspace, NewTicket ticket, Duration lease, int most, CancellationToken cancellationToken) =>
        database.WriteAsync(
            workspace,
            async session =>
            {
                await session.RunAsync(
                    "Admission/PruneTickets", Value.Text(ticket.Kind), Value.Text(ticket.Reservation), Value.Digest(ticket.Fingerprint), session.ClockParameter(),
                    Micros(NewTicket.KeptAfterLease));
                return await session.FindAsync<long?>(
                    "Admission/TakeTicket", row => row.Long(0), Value.Text(ticket.Kind), Value.Text(ticket.Account.Value), Value.Text(ticket.Reservation),
                    Value.Digest(ticket.Fingerprint), Value.Text(ticket.User), Value.Int(ticket.Priority), Micros(lease), session.ClockParameter(), Value.Int(most));
            },
            cancellationToken);

    public ValueTask<SlotLines> RenewAsync(WorkspaceId workspace, string kind, IReadOnlyCollection<long> tickets, Duration lease, CancellationToken cancellationToken) =>
        database.TogetherAsync(
            workspace,
            session =>
            [
                session.Own("Admission/KeepTickets", Value.Longs(tickets), Micros(lease), session.ClockParameter()),
                session.Own("Admission/FindTickets", Value.Longs(tickets)),
                session.Own("Admission/FindFronts", Value.Text(kind), Value.Longs(tickets), session.ClockParameter()),
                session.Own("Admission/FindShared", session.ClockParameter()),
            ],
            async (reader, stop) =>
            {
                HashSet<long> standing = [.. await Session.ReadAllAsync(reader, row => row.Long(0), stop)];
                await reader.NextResultAsync(stop);
                List<(AccountKey Account, long Ticket, long Version)> fronts = await Session.ReadAllAsync(reader, row => (new AccountKey(row.Text(0)), row.Long(1), row.Long(2)), stop);
                await reader.NextResultAsync(stop);
                if (!await reader.ReadAsync(stop))
                {
                    throw new StoreUnavailableException("The workspace of those who wait is gone.");
                }

                // A new version of the catalog may give an account more slots, too.
                long catalog = reader.Long(1) << 40;
                return new SlotLines(reader.Time(2), standing, [.. fronts.Select(front => new SlotFront(front.Account, front.Ticket, front.Version ^ catalog))], reader.Long(0));
            },
            cancellationToken);

    public ValueTask<bool> LeaveAsync(WorkspaceId workspace, long ticket, Duration keep, CancellationToken cancellationToken) =>
        database.WriteAsync(workspace, async session => await session.RunAsync("Admission/LeaveTicket", Value.Long(ticket), Micros(keep), session.ClockParameter()) > 0, cancellationToken);

    public async ValueTask RemoveAsync(WorkspaceId workspace, long ticket, CancellationToken cancellationToken) =>
        await database.WriteAsync(workspace, session => session.RunAsync("Admission/RemoveTicket", Value.Long(ticket)), cancellationToken);

    public ValueTask<bool> GiveUpAsync(WorkspaceId workspace, string reservation, CancellationToken cancellationToken) =>
        database.WriteAsync(workspace, async session => await session.RunAsync("Admission/GiveUpTickets", Value.Text(reservation), session.ClockParameter()) > 0, cancellationToken);

    public async ValueTask ForgetAsync(WorkspaceId workspace, AccountKey account, string? user, CancellationToken cancellationToken) =>
        await database.WriteAsync(workspace, session => session.RunAsync("Admission/ForgetTickets", Value.Text(account.Value), Value.Text(user)), cancellationToken);

    public async ValueTask<IReadOnlyList<SlotWaiter>> ReadAsync(WorkspaceId workspace, WaiterFilter filter, CancellationToken cancellationToken) =>
        await database.ListAsync(
            workspace, "Admission/ReadWaiters",
            row => new SlotWaiter(new AccountKey(row.Text(0)), row.Text(1), row.Text(2), row.Int(3), row.Time(4), row.Int(5)), cancellationToken,
            Value.Texts(filter.Accounts?.Select(account => account.Value)), Value.Text(filter.Reservation), database.ClockParameter(), Value.Int(filter.Limit));

    /// <summary>See <see cref="ILedgerTransaction.ReadWaitedAsync"/>.</summary>
    public static async Task<IReadOnlySet<SlotLine>> FindWaitedAsync(Session session, IReadOnlyCollection<SlotLine> lines) =>
        (await session.ListAsync(
            "Admission/FindWaited", row => new SlotLine(new AccountKey(row.Text(0)), row.Text(1)),
            Value.Texts(lines.Select(line => line.Account.Value)), Value.Texts(lines.Select(line => line.Kind)), session.ClockParameter())).ToHashSet();

    /// <summary>See <see cref="ILedgerTransaction.ReadStandingAsync"/>.</summary>
    public static async Task<IReadOnlySet<long>> FindStandingAsync(Session session, IReadOnlyCollection<long> tickets) =>
        (await session.ListAsync("Admission/FindTickets", row => row.Long(0), Value.Longs(tickets))).ToHashSet();

    private static NpgsqlParameter Micros(Duration duration) => Value.Long((long)(duration.TotalNanoseconds / 1_000));
}

using System.Net;
using System.Net.Sockets;

namespace Weir.Chaos;

/// <summary>
/// The way of one node to the database: a port of its own before the database's socket. It can fall silent, refuse, become slow, end in one
/// direction only, break off at once or after so many bytes, and lose the reply to a commit that was carried out.
/// </summary>
internal sealed class Wire : IAsyncDisposable
{
    private static readonly TimeSpan s_slowByte = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly UnixDomainSocketEndPoint _database;
    private readonly HashSet<Link> _links = [];
    private TaskCompletionSource _speaks = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Socket? _listener;
    private Action? _inTransaction;
    private TaskCompletionSource? _slow;
    private long _cutAfter = -1;
    private long _cutRequestsAfter = -1;
    private int _cuts;
    private int _repliesToLose;
    private int _repliesLost;

    public Wire(string socket)
    {
        _database = new UnixDomainSocketEndPoint(socket);
        _speaks.SetResult();
        Listen();
    }

    public int Port { get; private set; }

    /// <summary>Commits whose reply the node never saw.</summary>
    public int RepliesLost => Volatile.Read(ref _repliesLost);

    /// <summary>Connections that broke off after so many bytes.</summary>
    public int Cuts => Volatile.Read(ref _cuts);

    /// <summary>Connections that stand.</summary>
    public int Connections
    {
        get
        {
            lock (_gate)
            {
                return _links.Count;
            }
        }
    }

    /// <summary>A black hole: connections stand and can be made, and nothing comes through, until it is opened again.</summary>
    public void Silence()
    {
        lock (_gate)
        {
            if (_speaks.Task.IsCompleted)
            {
                _speaks = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    /// <summary>Connections break off, and new ones are refused.</summary>
    public void Refuse()
    {
        lock (_gate)
        {
            _listener?.Dispose();
            _listener = null;
        }

        Reset();
    }

    /// <summary>Connections break off; new ones can be made.</summary>
    public void Reset()
    {
        Link[] links;
        lock (_gate)
        {
            links = [.. _links];
        }

        foreach (Link link in links)
        {
            link.Dispose();
        }
    }

    /// <summary>One byte a second comes through in each direction of each connection, until it is opened again.</summary>
    public void Slow()
    {
        lock (_gate)
        {
            _slow ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Connections that stand end in one direction: that side hears nothing any more, and the other does not know.</summary>
    /// <param name="towardsNode">Whether it is the node that hears nothing; else the database.</param>
    public void HalfClose(bool towardsNode)
    {
        Link[] links;
        lock (_gate)
        {
            links = [.. _links];
        }

        foreach (Link link in links)
        {
            link.HalfClose(towardsNode);
        }
    }

    /// <summary>The connection over which so many more bytes have gone to the database breaks off in the middle of them.</summary>
    public void CutRequestsAfter(int bytes) => Interlocked.Exchange(ref _cutRequestsAfter, bytes);

    /// <summary>The connection over which so many more bytes have come from the database breaks off in the middle of them.</summary>
    public void CutAfter(int bytes) => Interlocked.Exchange(ref _cutAfter, bytes);

    /// <summary>The next commits are carried out, and their connections break off before the node learns of it.</summary>
    public void LoseReplies(int commits) => Interlocked.Exchange(ref _repliesToLose, commits);

    /// <summary>Told once, before the node is told that it is in a transaction: at that moment it may hold locks.</summary>
    public void NextInTransaction(Action? told) => Interlocked.Exchange(ref _inTransaction, told);

    /// <summary>Everything comes through again; what was kept back in silence comes late.</summary>
    public void Open() => Open(listens: true);

    private void Open(bool listens)
    {
        Interlocked.Exchange(ref _cutAfter, -1);
        Interlocked.Exchange(ref _cutRequestsAfter, -1);
        Interlocked.Exchange(ref _repliesToLose, 0);
        Interlocked.Exchange(ref _inTransaction, null);
        lock (_gate)
        {
            if (listens && _listener is null)
            {
                Listen();
            }

            _speaks.TrySetResult();
            _slow?.TrySetResult();
            _slow = null;
        }
    }

    public ValueTask DisposeAsync()
    {
        Refuse();
        Open(listens: false);
        return ValueTask.CompletedTask;
    }

    private void Listen()
    {
        Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, Port));
        listener.Listen(200);
        Port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        _listener = listener;
        _ = AcceptAsync(listener);
    }

    private async Task AcceptAsync(Socket listener)
    {
        try
        {
            while (true)
            {
                Link link = new(this, await listener.AcceptAsync());
                lock (_gate)
                {
                    _links.Add(link);
                }

                _ = link.RunAsync();
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Refused from now on.
        }
    }

    private Task Speaks()
    {
        lock (_gate)
        {
            return _speaks.Task;
        }
    }

    /// <summary>Ends when the way is fast again; null while it is.</summary>
    private Task? Slowness()
    {
        lock (_gate)
        {
            return _slow?.Task;
        }
    }

    /// <summary>How many of so many bytes pass; less than all of them ends the connection.</summary>
    private int Passing(ref long cutAfter, int bytes)
    {
        while (true)
        {
            long left = Volatile.Read(ref cutAfter);
            if (left < 0)
            {
                return bytes;
            }

            // Of two connections at once, the one that goes over the edge is cut.
            bool goesOver = left < bytes;
            if (Interlocked.CompareExchange(ref cutAfter, goesOver ? -1 : left - bytes, left) != left)
            {
                continue;
            }

            if (!goesOver)
            {
                return bytes;
            }

            Interlocked.Increment(ref _cuts);
            return (int)left;
        }
    }

    private void Forget(Link link)
    {
        lock (_gate)
        {
            _links.Remove(link);
        }
    }

    /// <summary>One connection of the node, and the one to the database behind it.</summary>
    private sealed class Link(Wire wire, Socket node) : IDisposable
    {
        private readonly Socket _database = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        private volatile bool _losesReply;
        private volatile bool _isDeaf;

        public async Task RunAsync()
        {
            try
            {
                node.NoDelay = true;
                await wire.Speaks();
                await _database.ConnectAsync(wire._database);
                await Task.WhenAny(CarryAsync(node, _database, Commits), CarryAsync(_database, node, Replies));
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // Broken off.
            }

            Dispose();
            wire.Forget(this);
        }

        public void HalfClose(bool towardsNode)
        {
            try
            {
                _isDeaf |= towardsNode;
                (towardsNode ? node : _database).Shutdown(SocketShutdown.Send);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // It is gone already, or not there yet.
            }
        }

        /// <summary>The other side sees that the connection was broken off, not that it was ended.</summary>
        public void Dispose()
        {
            try
            {
                node.LingerState = new LingerOption(true, 0);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // It is gone already.
            }

            node.Dispose();
            _database.Dispose();
        }

        private async Task CarryAsync(Socket from, Socket to, Func<ReadOnlyMemory<byte>, int> seen)
        {
            byte[] buffer = new byte[64 * 1024];
            try
            {
                while (await from.ReceiveAsync(buffer) is > 0 and int count)
                {
                    await wire.Speaks();
                    int passes = seen(buffer.AsMemory(0, count));
                    for (int sent = 0; sent < passes && !(_isDeaf && to == node);)
                    {
                        Task? slow = wire.Slowness();
                        sent += await to.SendAsync(buffer.AsMemory(sent, slow is null ? passes - sent : 1));
                        if (slow is not null)
                        {
                            await Task.WhenAny(slow, Task.Delay(s_slowByte));
                        }
                    }

                    if (passes < count)
                    {
                        return;
                    }
                }
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                // Broken off.
            }
        }

        /// <summary>What the node sends passes; a commit may be one whose reply it does not get.</summary>
        private int Commits(ReadOnlyMemory<byte> bytes)
        {
            if (Volatile.Read(ref wire._repliesToLose) > 0 && bytes.Span.IndexOf("COMMIT\0"u8) >= 0 && Interlocked.Decrement(ref wire._repliesToLose) >= 0)
            {
                _losesReply = true;
            }

            return wire.Passing(ref wire._cutRequestsAfter, bytes.Length);
        }

        /// <summary>How much of what the database sends passes; less than all of it ends the connection.</summary>
        private int Replies(ReadOnlyMemory<byte> bytes)
        {
            if (_losesReply)
            {
                Interlocked.Increment(ref wire._repliesLost);
                return 0;
            }

            // ReadyForQuery, 5 bytes long, in a transaction: the database says so at the end of each reply.
            if (Volatile.Read(ref wire._inTransaction) is not null && bytes.Span.EndsWith("Z\0\0\0\u0005T"u8))
            {
                Interlocked.Exchange(ref wire._inTransaction, null)?.Invoke();
            }

            return wire.Passing(ref wire._cutAfter, bytes.Length);
        }
    }
}

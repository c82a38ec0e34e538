using System.Net;
using System.Net.Sockets;

namespace Weir.Chaos;

/// <summary>A way to the server that can be shut: then connections break off, and new ones are refused.</summary>
internal sealed class Gate : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly IPEndPoint _server;
    private readonly List<TcpClient> _open = [];
    private TcpListener? _listener;
    private Task _accepting = Task.CompletedTask;

    public Gate(Uri server)
    {
        _server = new IPEndPoint(IPAddress.Loopback, server.Port);
        Open();
    }

    public int Port { get; private set; }

    public void Open()
    {
        TcpListener listener = new(IPAddress.Loopback, Port);
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        _listener = listener;
        _accepting = AcceptAsync(listener);
    }

    public async Task ShutAsync()
    {
        _listener?.Dispose();
        await _accepting;
        lock (_gate)
        {
            foreach (TcpClient client in _open)
            {
                client.Dispose();
            }

            _open.Clear();
        }
    }

    public async ValueTask DisposeAsync() => await ShutAsync();

    private async Task AcceptAsync(TcpListener listener)
    {
        try
        {
            while (true)
            {
                TcpClient near = await listener.AcceptTcpClientAsync();
                TcpClient far = new();
                lock (_gate)
                {
                    _open.Add(near);
                    _open.Add(far);
                }

                _ = PassAsync(near, far);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Shut.
        }
    }

    private async Task PassAsync(TcpClient near, TcpClient far)
    {
        try
        {
            await far.ConnectAsync(_server);
            Task there = near.GetStream().CopyToAsync(far.GetStream());
            Task back = far.GetStream().CopyToAsync(near.GetStream());
            await Task.WhenAny(there, back);
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Broken off.
        }

        near.Dispose();
        far.Dispose();
        lock (_gate)
        {
            _open.Remove(near);
            _open.Remove(far);
        }
    }
}
